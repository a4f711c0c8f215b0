-- Puts a leased item back for a later try.
--
-- KEYS[1] key prefix
-- ARGV: now ms; item; lease token; 1 when the try counts as an attempt, else 0;
--       number of delays, delay in ms after failed attempt 0, 1, 2 … (the last one repeats);
--       number of facts, facts
-- Returns the new due time in ms; 0 when the lease is lost or the item gone (the run has ended meanwhile);
--        -2 when all attempts are used: nothing was changed
-- include: outbox
-- include: queue
local now, id, token, counts = arg_number(), arg_text(), arg_text(), arg_number()
local delays, facts = arg_list(), arg_list()
if not holds_lease(id, token) then
  return 0
end
local f = redis.call('HMGET', P .. ':item:' .. id, 'a', 'm')
local attempts = tonumber(f[1])
if counts == 1 and attempts + 1 >= tonumber(f[2]) then
  return -2
end
local at = now + tonumber(delays[math.min(attempts + 1, #delays)])
redis.call('HSET', P .. ':item:' .. id, 'at', at, 'sc', at, 'a', attempts + counts)
put_back(id)
publish_facts(facts)
return at
