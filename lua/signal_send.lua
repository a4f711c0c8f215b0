-- Gives a signal to the run that waits for it.
--
-- KEYS[1] key prefix
-- ARGV: now ms; signal; output JSON
-- Returns { 1, run, step } when a run was resumed, { 0 } when none waits.
-- include: run
local now, signal, output = arg_text(), arg_text(), arg_text()
local pause = redis.call('GET', P .. ':signal:' .. signal)
if not pause then
  return { 0 }
end
local f = redis.call('HMGET', P .. ':pause:' .. pause, 'r', 's', 'until')
if not f[1] or tonumber(f[3]) <= tonumber(now) or not resolve_pause(pause, output, now, 0) then
  return { 0 }
end
return { 1, f[1], f[2] }
