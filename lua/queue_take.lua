-- Leases several due items of one partition at once, as far as the limits allow (queue.md §9, §10, §14.7).
-- A partition is leased to the process that serves it, so that processes spread over partitions; the lease is given
-- up as soon as that process cannot take more.
-- An item that waits for a concurrency key is moved to that key's backlog, so that it does not block others.
-- Items pass through the script's memory, which is bounded: one that would bring the bytes of data over `bytes_max`
-- is left where it is, and so are those after it (code 1). The first is looked at however big it is.
--
-- KEYS[1] key prefix
-- ARGV: now ms; partition; account; process; partition lease expiry ms; item lease expiry ms; lease token;
--       items at most; function limit; account limit (0: none for both)
-- Returns { code, number of items, then per item: id, kind, run, at, attempts, attempts at most, generation,
--           times scavenged, data, cursor of an intake item }
--   code  1 more items are due, 0 no more are due, -1 the function's limit is reached, -2 leased by another process,
--        or the caller has given this call up, -3 the account's limit is reached, -4 the function is paused
-- include: queue
local bytes_max = 8 * 1024 * 1024
local now, partition, account, process = arg_number(), arg_text(), arg_text(), arg_text()
local partition_until, item_until, token = arg_text(), arg_text(), arg_text()
local most, function_limit, account_limit = arg_number(), arg_number(), arg_number()
local record = P .. ':x:partition:' .. partition
local ready = P .. ':x:ready:' .. partition
local leased = P .. ':x:leased:' .. partition
local of_account = inflight_key('a:' .. account)

local function room(key, limit)
  if limit == 0 then
    return most
  end
  local held = redis.call('ZCARD', key)
  if held >= limit then
    held = redis.call('ZCOUNT', key, now, '+inf')
  end
  return limit - held
end

-- This partition cannot use what room the account has left: another that waits for it can.
local function share_room()
  if account_limit > 0 and room(of_account, account_limit) > 0 then
    wake_waiting(account)
  end
end

if is_paused(partition) then
  unpoint(partition, account)
  pass_offers_on(partition, account)
  share_room()
  return { -4, 0 }
end

local holder = redis.call('HMGET', record, 'process', 'until')
if holder[1] and holder[1] ~= process and tonumber(holder[2]) > now then
  return { -2, 0 }
end

-- Whoever asked has given this call up already (queue_return).
if redis.call('EXISTS', P .. ':x:returned:' .. token) == 1 then
  return { -2, 0 }
end

local count = math.min(most, room(leased, function_limit), room(of_account, account_limit))
if count <= 0 then
  unpoint(partition, account)
  if room(leased, function_limit) <= 0 then
    share_room()
    return { -1, 0 }
  end
  redis.call('ZADD', P .. ':x:waiting:' .. account, now, partition)
  return { -3, 0 }
end

local reply = { 0, 0 }
local taken = 0
local bytes = 0
local ids = redis.call('ZRANGEBYSCORE', ready, '-inf', now, 'LIMIT', 0, count)
for i = 1, #ids do
  local id = ids[i]
  -- Asked before anything of this item is read or written.
  bytes = bytes + redis.call('HSTRLEN', P .. ':item:' .. id, 'd')
  if bytes > bytes_max and i > 1 then
    break
  end
  local f = redis.call('HMGET', P .. ':item:' .. id, 'k', 'r', 'at', 'a', 'm', 'g', 'n', 'd', 'c1', 'l1', 'c2', 'l2', 'sc',
    'cursor')
  redis.call('ZREM', ready, id)
  if f[9] then
    redis.call('ZREM', P .. ':x:offered:' .. partition, id)
  end
  local blocked
  for k = 9, 11, 2 do
    if f[k] and tonumber(f[k + 1]) > 0 and redis.call('ZCARD', inflight_key(f[k])) >= tonumber(f[k + 1]) then
      blocked = f[k]
    end
  end
  if blocked then
    redis.call('ZADD', P .. ':x:backlog:' .. blocked, f[13], id)
    redis.call('SADD', P .. ':x:held', id)
    for k = 9, 11, 2 do
      if f[k] and f[k] ~= blocked then
        refill(f[k], f[k + 1])
      end
    end
  elseif f[1] then
    redis.call('HSET', P .. ':x:lease', id, token)
    redis.call('ZADD', P .. ':x:leases', item_until, id)
    redis.call('ZADD', leased, item_until, id)
    redis.call('ZADD', of_account, item_until, id)
    for k = 9, 11, 2 do
      if f[k] then
        redis.call('ZADD', inflight_key(f[k]), item_until, id)
      end
    end
    taken = taken + 1
    reply[#reply + 1] = id
    for k = 1, 6 do
      reply[#reply + 1] = f[k]
    end
    reply[#reply + 1] = f[7] or '0'
    reply[#reply + 1] = f[8]
    reply[#reply + 1] = f[14] or '0'
  end
end
reply[2] = taken

repoint(partition, account)
local first = redis.call('ZRANGE', ready, 0, 0, 'WITHSCORES')
if first[1] and tonumber(first[2]) <= now then
  reply[1] = 1
  redis.call('HSET', record, 'process', process, 'until', partition_until)
else
  redis.call('DEL', record)
  if first[1] then
    -- Nobody else tells when the rest of the partition is due.
    redis.call('PUBLISH', P .. ':wake', first[2] .. ' ' .. partition)
  end
  share_room()
end
return reply
