-- Adds items to the queue; an id that exists already is left as it is.
--
-- KEYS[1] key prefix
-- ARGV: number of items, then each item: id, partition, account, kind, run, at ms, score ms, attempts at most, data,
--       number of concurrency keys, per key: name, limit
-- Returns the number of items added.
-- include: queue
local added = 0
for _ = 1, arg_number() do
  if enqueue(arg_item()) then
    added = added + 1
  end
end
return added
