-- Names the partitions that have work now, and when the next one will.
--
-- KEYS[1] key prefix
-- ARGV: now ms; partitions at most; account ('' for all accounts: the global index)
-- Returns { ms of the next pointer after now or -1, partition, partition, … } in pointer order.
-- include: args
local now, limit, account = arg_text(), arg_text(), arg_text()
local index = account == '' and P .. ':x:partitions' or P .. ':x:account:' .. account .. ':partitions'
local reply = redis.call('ZRANGEBYSCORE', index, '-inf', now, 'LIMIT', 0, limit)
local later = redis.call('ZRANGEBYSCORE', index, '(' .. now, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
table.insert(reply, 1, later[2] and math.ceil(tonumber(later[2])) or -1)
return reply
