-- Puts items that were found on disk back into the sets below <prefix>:x:, which are not kept there. No process
-- holds a lease then, so every item is ready. For a thousand items at most: a start waits for this, so that it works
-- with a few commands per group of items, and those have a limit.
--
-- KEYS[1] key prefix
-- ARGV: number of items to look up, ids;
--       and, when there are any, items whose records are known, because looking them up is most of the work:
--       number of groups, per group: partition, account, kind, number of items, per item: score, id; the run of each
-- Returns the number of items made ready.
-- include: queue

-- As list_in_run for each of `count` items. From `from` on, `list` holds what ARGV holds of a group.
local function list_in_runs(kind, list, from, count)
  local runs = from + 2 * count - 1
  local holders = redis.call('HMGET', P .. ':x:run-item', unpack(list, runs + 1, runs + count))
  local firsts, first_of = {}, {}
  for i = 1, count do
    local id, run = list[from + 2 * i - 1], list[runs + i]
    local holder = holders[i] or first_of[run]
    if run == '' or holder == id then
      -- Nothing to list, or listed before.
    elseif kind == 'deadline' then
      list_in_run(run, kind, id)
    elseif holder then
      redis.call('SADD', further_items(run), id)
    else
      first_of[run] = id
      firsts[#firsts + 1] = run
      firsts[#firsts + 1] = id
    end
  end
  if firsts[1] then
    redis.call('HSET', P .. ':x:run-item', unpack(firsts))
  end
end

-- As make_ready and list_in_run for each item.
local function make_group_ready(partition, account, kind, list, from, count)
  local ready = P .. ':x:ready:' .. partition
  redis.call('ZADD', ready, unpack(list, from, from + 2 * count - 1))
  point(partition, account, redis.call('ZRANGE', ready, 0, 0, 'WITHSCORES')[2])
  list_in_runs(kind, list, from, count)
end

local made_ready = 0
local groups, group_of = {}, {}
for _ = 1, arg_number() do
  local id = arg_text()
  local f = redis.call('HMGET', P .. ':item:' .. id, 'p', 'ac', 'sc', 'r', 'k')
  if f[1] then
    local name = f[5] .. ' ' .. f[1]
    local group = group_of[name]
    if not group then
      group = { p = f[1], ac = f[2], k = f[5], list = {}, runs = {} }
      group_of[name] = group
      groups[#groups + 1] = group
    end
    group.list[#group.list + 1] = f[3]
    group.list[#group.list + 1] = id
    group.runs[#group.runs + 1] = f[4]
  end
end
for i = 1, #groups do
  local group = groups[i]
  local count = #group.runs
  for k = 1, count do
    group.list[2 * count + k] = group.runs[k]
  end
  make_group_ready(group.p, group.ac, group.k, group.list, 1, count)
  made_ready = made_ready + count
end
for _ = 1, arg_number() or 0 do
  local partition, account, kind, count = arg_text(), arg_text(), arg_text(), arg_number()
  make_group_ready(partition, account, kind, ARGV, cursor + 1, count)
  cursor = cursor + 3 * count
  made_ready = made_ready + count
end
return made_ready
