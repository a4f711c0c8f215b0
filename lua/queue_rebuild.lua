-- Puts items that were found on disk back into the sets below <prefix>:x:, which are not kept there. No process
-- holds a lease then, so every item is ready.
--
-- KEYS[1] key prefix
-- ARGV: number of items, ids
-- Returns the number of items made ready.
-- include: queue
local count = 0
for _ = 1, arg_number() do
  local id = arg_text()
  local f = redis.call('HMGET', P .. ':item:' .. id, 'p', 'ac', 'sc', 'r', 'k')
  if f[1] then
    if f[4] ~= '' then
      redis.call('SADD', items_of_run(f[4], f[5]), id)
    end
    make_ready(id, f[1], f[2], f[3])
    count = count + 1
  end
end
return count
