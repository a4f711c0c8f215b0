-- include: args
-- The queue's records and the moves between them (queue.md §3, §5). Keys below <prefix>:x: can be rebuilt from
-- the items and are not kept on disk by the embedded engine.
--
--   item:<id>                 hash  p partition, ac account, k kind, r run, at due ms, sc score, a attempts,
--                                   m attempts at most, g generation, n times scavenged, d data,
--                                   c1 l1 c2 l2 concurrency keys and limits
--   x:ready:<partition>       zset  item -> score in ms
--   x:leased:<partition>      zset  item -> lease expiry in ms (also the function's requests in flight)
--   x:leases                  zset  item -> lease expiry in ms (where the scavenger looks)
--   x:lease                   hash  item -> lease token
--   x:inflight:<key>          zset  item -> lease expiry, per account (a:<id>) and concurrency key
--   x:backlog:<key>           zset  item -> score: items that wait for capacity of a concurrency key
--   x:held                    set   all items in backlogs: for counting them
--   x:offered:<partition>     zset  item -> score: ready items that were let out of a backlog for room that is free
--   x:refill                  zset  concurrency key -> limit: keys whose refill is to be gone on with
--   x:waiting:<account>       zset  partition -> ms: partitions that wait for capacity of the account
--   x:partitions              zset  partition -> ms when it next has work
--   x:accounts                zset  account -> ms; x:account:<account>:partitions as x:partitions
--   x:run-item                hash  run -> an item that drives it, which for nearly every run is the only one
--   x:run:<run>               set   further items that drive a run
--   run:<run>:deadlines       set   items that end a run in time
--   x:partition:<partition>   hash  process that serves a partition with due work, until ms
--   paused                    hash  partition of a function that is paused -> ms since when

local function inflight_key(key)
  return P .. ':x:inflight:' .. key
end

-- Says that a partition has work at `ms`; an earlier time stands. Whoever listens is told when it moved.
local function point(partition, account, ms)
  if redis.call('ZADD', P .. ':x:partitions', 'LT', 'CH', ms, partition) == 1 then
    redis.call('ZADD', P .. ':x:account:' .. account .. ':partitions', 'LT', ms, partition)
    redis.call('ZADD', P .. ':x:accounts', 'LT', ms, account)
    redis.call('PUBLISH', P .. ':wake', ms .. ' ' .. partition)
  end
end

-- Sets the account's pointer to the earliest of its partitions.
local function repoint_account(account)
  local earliest = redis.call('ZRANGE', P .. ':x:account:' .. account .. ':partitions', 0, 0, 'WITHSCORES')
  if earliest[1] then
    redis.call('ZADD', P .. ':x:accounts', earliest[2], account)
  else
    redis.call('ZREM', P .. ':x:accounts', account)
  end
end

-- Takes a partition's pointer away: it has no work, or may do none now. Whoever serves it gives it up.
local function unpoint(partition, account)
  redis.call('DEL', P .. ':x:partition:' .. partition)
  redis.call('ZREM', P .. ':x:partitions', partition)
  redis.call('ZREM', P .. ':x:account:' .. account .. ':partitions', partition)
  repoint_account(account)
end

-- Sets the pointer of a partition to its earliest ready item, or removes it with the last one.
local function repoint(partition, account)
  local first = redis.call('ZRANGE', P .. ':x:ready:' .. partition, 0, 0, 'WITHSCORES')
  if not first[1] then
    unpoint(partition, account)
    return
  end
  redis.call('ZADD', P .. ':x:partitions', first[2], partition)
  redis.call('ZADD', P .. ':x:account:' .. account .. ':partitions', first[2], partition)
  repoint_account(account)
end

local function make_ready(id, partition, account, score)
  redis.call('ZADD', P .. ':x:ready:' .. partition, score, id)
  point(partition, account, score)
end

-- Reads concurrency keys from ARGV: their number, per key its name and limit.
local function arg_keys()
  local keys = {}
  for i = 1, arg_number() do
    keys[i] = { arg_text(), arg_text() }
  end
  return keys
end

-- Reads one item from ARGV: id, partition, account, kind, run, at, score, attempts at most, data, then
-- its concurrency keys.
local function arg_item()
  return {
    id = arg_text(), p = arg_text(), ac = arg_text(), k = arg_text(), r = arg_text(),
    at = arg_text(), sc = arg_text(), m = arg_text(), d = arg_text(), keys = arg_keys(),
  }
end

-- The items that drive a run on. One of them is in a field of a hash, so that a run with a single item costs no set
-- of its own; no item is in both places.
local function further_items(run)
  return P .. ':x:run:' .. run
end

local function add_to_run(run, id)
  if redis.call('HSETNX', P .. ':x:run-item', run, id) == 0 then
    redis.call('SADD', further_items(run), id)
  end
end

local function remove_from_run(run, id)
  if redis.call('HGET', P .. ':x:run-item', run) == id then
    redis.call('HDEL', P .. ':x:run-item', run)
  else
    redis.call('SREM', further_items(run), id)
  end
end

local function is_driven_by_at_most(run, most)
  local further = redis.call('SCARD', further_items(run))
  return further < most or (further == most and redis.call('HEXISTS', P .. ':x:run-item', run) == 0)
end

local function items_of_run(run)
  local ids = redis.call('SMEMBERS', further_items(run))
  local first = redis.call('HGET', P .. ':x:run-item', run)
  if first then
    table.insert(ids, 1, first)
  end
  return ids
end

-- Deadlines stand apart: they drive nothing on, so they must not keep a run from being seen as one that nothing
-- drives.
local function deadlines_of_run(run)
  return P .. ':run:' .. run .. ':deadlines'
end

local function list_in_run(run, kind, id)
  if kind == 'deadline' then
    redis.call('SADD', deadlines_of_run(run), id)
  else
    add_to_run(run, id)
  end
end

local function unlist_from_run(run, kind, id)
  if kind == 'deadline' then
    redis.call('SREM', deadlines_of_run(run), id)
  else
    remove_from_run(run, id)
  end
end

-- Adds an item unless one with its id exists. True when it was added.
local function enqueue(item)
  local key = P .. ':item:' .. item.id
  if redis.call('HSETNX', key, 'p', item.p) == 0 then
    return false
  end
  redis.call('HSET', key, 'ac', item.ac, 'k', item.k, 'r', item.r, 'at', item.at, 'sc', item.sc,
    'a', '0', 'm', item.m, 'g', '0', 'd', item.d)
  for i = 1, #item.keys do
    redis.call('HSET', key, 'c' .. i, item.keys[i][1], 'l' .. i, item.keys[i][2])
  end
  if item.r ~= '' then
    list_in_run(item.r, item.k, item.id)
  end
  make_ready(item.id, item.p, item.ac, item.sc)
  return true
end

-- Whether nothing of the partition is handed out until its function goes on.
local function is_paused(partition)
  return redis.call('HEXISTS', P .. ':paused', partition) == 1
end

-- How many items of backlogs one refill looks at; what is left is done later (go_on_refilling).
local refill_items_max = 250

-- Moves the first item that waits for a concurrency key back to its partition, if there is room for it now. Items of
-- paused functions cannot use the room: they go back as well, and the next one has its turn. Where `most` of them came
-- first, the key is noted: the last of them has pointed at its partition, and whoever looks there goes on. Returns how
-- many items were looked at.
local function refill(key, limit, most)
  local backlog = P .. ':x:backlog:' .. key
  most = most or refill_items_max
  for count = 1, most do
    if redis.call('ZCARD', backlog) == 0 or redis.call('ZCARD', inflight_key(key)) >= tonumber(limit) then
      return count - 1
    end
    local first = redis.call('ZPOPMIN', backlog)
    redis.call('SREM', P .. ':x:held', first[1])
    local item = redis.call('HMGET', P .. ':item:' .. first[1], 'p', 'ac')
    if item[1] then
      make_ready(first[1], item[1], item[2], first[2])
      if not is_paused(item[1]) then
        redis.call('ZADD', P .. ':x:offered:' .. item[1], first[2], first[1])
        return count
      end
    end
  end
  redis.call('ZADD', P .. ':x:refill', limit, key)
  return most
end

-- Refills a key until all its room is offered. Returns how many items were looked at.
local function refill_all(key, limit, most)
  local room = tonumber(limit) - redis.call('ZCARD', inflight_key(key))
  local looked = 0
  while room > 0 do
    if looked == most then
      redis.call('ZADD', P .. ':x:refill', limit, key)
      return looked
    end
    local count = refill(key, limit, most - looked)
    if count == 0 then
      return looked
    end
    looked = looked + count
    room = room - 1
  end
  return looked
end

-- Goes on with refills that had to look at too many items, as many of those at a time.
local function go_on_refilling()
  local left = refill_items_max
  while left > 0 do
    local noted = redis.call('ZPOPMIN', P .. ':x:refill')
    if not noted[1] then
      return
    end
    left = left - math.max(1, refill_all(noted[1], noted[2], left))
  end
end

-- Room of concurrency keys that a paused function was offered goes to those who wait for it, a bounded number of items
-- at a time. While some is left, the partition has a pointer: whoever looks there calls this again.
local function pass_offers_on(partition, account)
  local offered = P .. ':x:offered:' .. partition
  local ids = redis.call('ZRANGE', offered, 0, refill_items_max - 1)
  for i = 1, #ids do
    local f = redis.call('HMGET', P .. ':item:' .. ids[i], 'c1', 'l1', 'c2', 'l2')
    for k = 1, 3, 2 do
      if f[k] then
        redis.call('ZADD', P .. ':x:refill', f[k + 1], f[k])
      end
    end
    redis.call('ZREM', offered, ids[i])
  end
  go_on_refilling()
  if redis.call('EXISTS', P .. ':x:refill', offered) > 0 then
    local first = redis.call('ZRANGE', P .. ':x:ready:' .. partition, 0, 0, 'WITHSCORES')
    if first[1] then
      point(partition, account, first[2])
    end
  end
end

-- Capacity of the account is free: the partition that has waited longest for it is served again. Those that have
-- lost their work meanwhile do not count, nor do those whose work is not due yet.
local function wake_waiting(account)
  while true do
    local waiting = redis.call('ZPOPMIN', P .. ':x:waiting:' .. account)
    if not waiting[1] then
      return
    end
    local first = redis.call('ZRANGE', P .. ':x:ready:' .. waiting[1], 0, 0, 'WITHSCORES')
    if first[1] then
      point(waiting[1], account, first[2])
      if tonumber(first[2]) <= tonumber(waiting[2]) then
        return
      end
    end
  end
end

-- Takes an item that nobody holds out of the set where it waits. Where it was about to use the room of its account
-- or of a concurrency key, the next that waits for it gets it.
local function withdraw_free(id, f)
  if redis.call('ZREM', P .. ':x:ready:' .. f[1], id) == 1 then
    if redis.call('ZSCORE', P .. ':x:partitions', f[1]) then
      repoint(f[1], f[2])
    end
    wake_waiting(f[2])
  end
  if f[3] then
    redis.call('ZREM', P .. ':x:offered:' .. f[1], id)
  end
  for i = 3, 5, 2 do
    if f[i] then
      if redis.call('ZREM', P .. ':x:backlog:' .. f[i], id) == 1 then
        redis.call('SREM', P .. ':x:held', id)
      end
      refill(f[i], f[i + 1])
    end
  end
end

-- Takes an item out of every set that says where it is, and gives its capacity back.
-- `f` holds its fields p, ac, c1, l1, c2, l2.
local function withdraw(id, f)
  if redis.call('HDEL', P .. ':x:lease', id) == 0 then
    withdraw_free(id, f)
    return
  end
  redis.call('ZREM', P .. ':x:leases', id)
  redis.call('ZREM', P .. ':x:leased:' .. f[1], id)
  redis.call('ZREM', inflight_key('a:' .. f[2]), id)
  for i = 3, 5, 2 do
    if f[i] then
      redis.call('ZREM', inflight_key(f[i]), id)
      refill(f[i], f[i + 1])
    end
  end
  -- A partition that had stopped at a limit lost its pointer: with room again it gets it back.
  local first = redis.call('ZRANGE', P .. ':x:ready:' .. f[1], 0, 0, 'WITHSCORES')
  if first[1] then
    point(f[1], f[2], first[2])
  end
  wake_waiting(f[2])
end

-- Removes an item for good. False when there is none.
local function dequeue(id)
  local key = P .. ':item:' .. id
  local f = redis.call('HMGET', key, 'p', 'ac', 'c1', 'l1', 'c2', 'l2', 'r', 'k')
  if not f[1] then
    return false
  end
  redis.call('DEL', key)
  withdraw(id, f)
  if f[7] and f[7] ~= '' then
    unlist_from_run(f[7], f[8], id)
  end
  return true
end

-- Frees an item and makes it ready at `ready_at` or, when that is nil, at its own place in the order. Its due time, its
-- place and its attempts stay; its generation rises so that late answers to the old lease are known.
local function put_back(id, ready_at)
  local key = P .. ':item:' .. id
  local f = redis.call('HMGET', key, 'p', 'ac', 'c1', 'l1', 'c2', 'l2', 'sc')
  if not f[1] then
    return false
  end
  withdraw(id, f)
  redis.call('HINCRBY', key, 'g', 1)
  make_ready(id, f[1], f[2], ready_at or f[7])
  return true
end

local function holds_lease(id, token)
  return redis.call('HGET', P .. ':x:lease', id) == token
end
