-- include: queue
-- Pauses: what a run waits for (execution.md §12).
--
--   pause:<id>            hash  r run, s step (of a cancellation: internal id of the event that
--                               started the run), k kind (event, signal, invoke, cancel), e event or signal name,
--                               x expression, c created ms (of a cancellation: when that event came), n step name, q sequence, until expiry ms, t item of the timeout,
--                               pm parallel mode, and of the discovery that follows: dp partition, da account,
--                               dm attempts at most, dd data, ds score, c1 l1 c2 l2 concurrency keys
--   pauses:<event>        zset  pause -> sequence: waits and cancellations by event name
--   signal:<name>         string  the pause that waits for a signal
--   run:<run>:pauses      set   pauses of a run
--   pause-sequence        integer

-- Reads one pause from ARGV.
local function arg_pause()
  return {
    id = arg_text(), r = arg_text(), s = arg_text(), k = arg_text(), e = arg_text(), x = arg_text(),
    c = arg_text(), n = arg_text(), until_ms = arg_text(), t = arg_text(), pm = arg_text(),
    dp = arg_text(), da = arg_text(), dm = arg_text(), dd = arg_text(), ds = arg_text(),
    keys = arg_keys(),
  }
end

local function save_pause(pause)
  local key = P .. ':pause:' .. pause.id
  if redis.call('HSETNX', key, 'r', pause.r) == 0 then
    return false
  end
  local sequence = redis.call('INCR', P .. ':pause-sequence')
  redis.call('HSET', key, 's', pause.s, 'k', pause.k, 'e', pause.e, 'x', pause.x, 'c', pause.c, 'n', pause.n, 'q', sequence,
    'until', pause.until_ms, 't', pause.t, 'pm', pause.pm,
    'dp', pause.dp, 'da', pause.da, 'dm', pause.dm, 'dd', pause.dd, 'ds', pause.ds)
  for i = 1, #pause.keys do
    redis.call('HSET', key, 'c' .. i, pause.keys[i][1], 'l' .. i, pause.keys[i][2])
  end
  redis.call('SADD', P .. ':run:' .. pause.r .. ':pauses', pause.id)
  if pause.k == 'event' or pause.k == 'cancel' then
    redis.call('ZADD', P .. ':pauses:' .. pause.e, sequence, pause.id)
  elseif pause.k == 'signal' then
    redis.call('SET', P .. ':signal:' .. pause.e, pause.id)
  end
  return true
end

-- Deletes a pause, its index entries and its timeout.
local function drop_pause(id)
  local key = P .. ':pause:' .. id
  local f = redis.call('HMGET', key, 'r', 'k', 'e', 't')
  if not f[1] then
    return
  end
  redis.call('DEL', key)
  redis.call('SREM', P .. ':run:' .. f[1] .. ':pauses', id)
  if f[2] == 'event' or f[2] == 'cancel' then
    redis.call('ZREM', P .. ':pauses:' .. f[3], id)
    -- Whoever keeps a view of the pauses in memory may forget this one.
    redis.call('PUBLISH', P .. ':unpaused', id .. ' ' .. f[3])
  elseif f[2] == 'signal' and redis.call('GET', P .. ':signal:' .. f[3]) == id then
    redis.call('DEL', P .. ':signal:' .. f[3])
  end
  if f[4] ~= '' then
    dequeue(f[4])
  end
end
