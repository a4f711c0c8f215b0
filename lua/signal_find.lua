-- Finds the wait for a signal. Whoever sends the signal then ends it with pause_resolve, which refuses a wait
-- that is over meanwhile.
--
-- KEYS[1] key prefix
-- ARGV: now ms; signal
-- Returns { pause, run, step, step name }, or { } when nobody waits.
-- include: args
local now, signal = arg_number(), arg_text()
local pause = redis.call('GET', P .. ':signal:' .. signal)
if not pause then
  return {}
end
local f = redis.call('HMGET', P .. ':pause:' .. pause, 'r', 's', 'n', 'until')
if not f[1] or tonumber(f[4]) <= now then
  return {}
end
return { pause, f[1], f[2], f[3] }
