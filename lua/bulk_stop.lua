-- Stops an operation on many runs. A page that is being prepared comes to nothing; what is done stays done.
--
-- KEYS[1] key prefix
-- ARGV: now ms; operation
-- Returns 1 stopped, 0 it had ended before, -1 there is none.
-- include: bulk
local now, id = arg_text(), arg_text()
local f = redis.call('HMGET', bulk_key(id), 's', 'i')
if not f[1] then
  return -1
end
if f[1] ~= 'running' then
  return 0
end
end_bulk(id, 'stopped', now, '')
dequeue(f[2])
return 1
