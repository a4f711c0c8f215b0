-- Reads the state of a run without changing it.
--
-- KEYS[1] key prefix
-- ARGV: run; 1 to read the finished steps and their outputs too
-- Returns { 0 } when there is no such run, else
--         { 1, metadata JSON, events JSON, first execution ms or '', number of finished steps, { stack },
--           { step, output, … }, { step, input, … }, { step, defer, … } }
-- include: args
local key = P .. ':run:' .. arg_text()
local with_steps = arg_text() == '1'
local f = redis.call('HMGET', key, 'm', 'sat', 'n')
if not f[1] then
  return { 0 }
end
return { 1, f[1], redis.call('GET', key .. ':events'), f[2], f[3],
  with_steps and redis.call('LRANGE', key .. ':stack', 0, -1) or {},
  with_steps and redis.call('HGETALL', key .. ':steps') or {},
  redis.call('HGETALL', key .. ':inputs'), redis.call('HGETALL', key .. ':defers') }
