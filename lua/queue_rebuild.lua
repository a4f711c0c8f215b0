-- Puts items that were found on disk back into the sets below <prefix>:x:, which are not kept there. No process
-- holds a lease then, so every item is ready.
--
-- KEYS[1] key prefix
-- ARGV: number of items, ids
-- Returns the number of items made ready.
-- include: queue

-- As with one make_ready per item, but with two commands per partition: a start waits for this.
local function make_all_ready(partition, group)
  redis.call('ZADD', P .. ':x:ready:' .. partition, unpack(group.pairs))
  point(partition, group.account, group.first)
end

local count = 0
local groups, partitions = {}, {}
for _ = 1, arg_number() do
  local id = arg_text()
  local f = redis.call('HMGET', P .. ':item:' .. id, 'p', 'ac', 'sc', 'r', 'k')
  if f[1] then
    if f[4] ~= '' then
      redis.call('SADD', items_of_run(f[4], f[5]), id)
    end
    local group = groups[f[1]]
    if not group then
      group = { account = f[2], first = f[3], pairs = {} }
      groups[f[1]] = group
      partitions[#partitions + 1] = f[1]
    end
    if tonumber(f[3]) < tonumber(group.first) then
      group.first = f[3]
    end
    group.pairs[#group.pairs + 1] = f[3]
    group.pairs[#group.pairs + 1] = id
    count = count + 1
  end
end
for i = 1, #partitions do
  make_all_ready(partitions[i], groups[partitions[i]])
end
return count
