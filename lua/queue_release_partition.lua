-- Gives up a process's lease on a partition that still has due work, so that another process can serve it at once.
--
-- KEYS[1] key prefix
-- ARGV: partition; account; process
-- Returns 1, or 0 when the process does not hold it.
-- include: queue
local partition, account, process = arg_text(), arg_text(), arg_text()
local record = P .. ':x:partition:' .. partition
if redis.call('HGET', record, 'process') ~= process then
  return 0
end
redis.call('DEL', record)
repoint(partition, account)
-- The others have found it leased, and do not look again by themselves.
local first = redis.call('ZSCORE', P .. ':x:partitions', partition)
if first then
  redis.call('PUBLISH', P .. ':wake', first .. ' ' .. partition)
end
return 1
