-- Gives a role that one process has at a time (asking apps for changes) to whoever asks first, for a while; who has it
-- keeps it by asking again.
--
-- KEYS[1] key prefix
-- ARGV: role; process; ms for which it has the role
-- Returns 1 when the process has it, 0 when another has.
-- include: args
local key, process, ms = P .. ':x:role:' .. arg_text(), arg_text(), arg_text()
local holder = redis.call('GET', key)
if holder and holder ~= process then
  return 0
end
redis.call('SET', key, process, 'PX', ms)
return 1
