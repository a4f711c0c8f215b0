-- Lets a paused function go on: what is due of its work is served at once.
--
-- KEYS[1] key prefix
-- ARGV: function (its partition); account
-- Returns 1 it goes on, 0 it was not paused.
-- include: queue
local partition, account = arg_text(), arg_text()
if redis.call('HDEL', P .. ':paused', partition) == 0 then
  return 0
end
repoint(partition, account)
local first = redis.call('ZSCORE', P .. ':x:partitions', partition)
if first then
  redis.call('PUBLISH', P .. ':wake', first .. ' ' .. partition)
end
redis.call('PUBLISH', P .. ':paused', partition)
return 1
