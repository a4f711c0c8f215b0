-- Counts the items of the queue by what they wait for. A queue of many partitions is counted in pages, so that nothing
-- else waits long: each call counts some of the partitions that have a pointer, and those of the named ones that
-- have none, because their function or account has no room.
--
-- KEYS[1] key prefix
-- ARGV: now ms; partitions with a pointer to pass over; how many of them to count at most; number of partitions to
--       count if they have no pointer, their names
-- Returns { number of partitions with a pointer that were counted, and of the items that they and the named partitions
--           hold: those due, those due later, those due that have no room; then of the whole queue: items that wait
--           for a concurrency key, items that are being worked on }
-- include: args
local now, from, most = arg_text(), arg_number(), arg_number()
local due, later, stopped = 0, 0, 0

-- How many of a partition's items are due; the others are counted.
local function count_due(partition)
  local ready = P .. ':x:ready:' .. partition
  local count = redis.call('ZCOUNT', ready, '-inf', now)
  later = later + redis.call('ZCARD', ready) - count
  return count
end

local pointed = redis.call('ZRANGE', P .. ':x:partitions', from, from + most - 1)
for i = 1, #pointed do
  due = due + count_due(pointed[i])
end
for _ = 1, arg_number() do
  local partition = arg_text()
  if not redis.call('ZSCORE', P .. ':x:partitions', partition) then
    stopped = stopped + count_due(partition)
  end
end
return { #pointed, due, later, stopped, redis.call('SCARD', P .. ':x:held'), redis.call('ZCARD', P .. ':x:leases') }
