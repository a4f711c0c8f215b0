-- Puts items that were found on disk back into the sets below <prefix>:x:, which are not kept there. No process
-- holds a lease then, so every item is ready.
--
-- KEYS[1] key prefix
-- ARGV: number of items to look up, ids;
--       and, when there are any, items whose records are known, by partition, because looking them up is most of the
--       work: number of partitions, per partition: its name, account, number of items, per item: id, score, run, kind
-- Returns the number of items made ready.
-- include: queue
local count = 0
-- Partitions in the order of their first item, and per partition its account and score and id of each item, as ZADD
-- takes them.
local partitions, accounts, scored = {}, {}, {}

local function scored_of(partition, account)
  if not scored[partition] then
    partitions[#partitions + 1] = partition
    accounts[partition] = account
    scored[partition] = {}
  end
  return scored[partition]
end

local function put_back(pairs, id, score, run, kind)
  if run ~= '' then
    redis.call('SADD', items_of_run(run, kind), id)
  end
  local size = #pairs
  pairs[size + 1] = score
  pairs[size + 2] = id
  count = count + 1
end

for _ = 1, arg_number() do
  local id = arg_text()
  local f = redis.call('HMGET', P .. ':item:' .. id, 'p', 'ac', 'sc', 'r', 'k')
  if f[1] then
    put_back(scored_of(f[1], f[2]), id, f[3], f[4], f[5])
  end
end
for _ = 1, arg_number() or 0 do
  local pairs = scored_of(arg_text(), arg_text())
  for _ = 1, arg_number() do
    put_back(pairs, ARGV[cursor + 1], ARGV[cursor + 2], ARGV[cursor + 3], ARGV[cursor + 4])
    cursor = cursor + 4
  end
end
-- As one make_ready per item, but with a few commands per partition: a start waits for this.
for i = 1, #partitions do
  local partition = partitions[i]
  local ready = P .. ':x:ready:' .. partition
  if scored[partition][1] then
    redis.call('ZADD', ready, unpack(scored[partition]))
    point(partition, accounts[partition], redis.call('ZRANGE', ready, 0, 0, 'WITHSCORES')[2])
  end
end
return count
