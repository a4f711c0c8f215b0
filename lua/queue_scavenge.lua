-- Takes over items whose lease has expired: their process is gone. They are ready again, with the same attempt and at
-- their old place in the order. Refills that were broken off go on, should nobody have done so.
--
-- KEYS[1] key prefix
-- ARGV: now ms; items at most
-- Returns { number of items put back, expiry ms of the next lease or -1 }.
-- include: queue
local now, most = arg_text(), arg_text()
local ids = redis.call('ZRANGEBYSCORE', P .. ':x:leases', '-inf', now, 'LIMIT', 0, most)
for i = 1, #ids do
  if put_back(ids[i]) then
    redis.call('HINCRBY', P .. ':item:' .. ids[i], 'n', 1)
  else
    redis.call('HDEL', P .. ':x:lease', ids[i])
    redis.call('ZREM', P .. ':x:leases', ids[i])
  end
end
go_on_refilling()
local first = redis.call('ZRANGE', P .. ':x:leases', 0, 0, 'WITHSCORES')
return { #ids, first[2] and math.ceil(tonumber(first[2])) or -1 }
