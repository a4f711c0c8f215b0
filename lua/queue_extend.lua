-- Renews item leases. A call that comes late never shortens what a later one has given.
--
-- KEYS[1] key prefix
-- ARGV: new expiry ms; number of items, then per item: id, lease token
-- Returns the ids whose lease is lost: finished, or taken over after it had expired.
-- include: queue
local expiry = arg_text()
local lost = {}
for _ = 1, arg_number() do
  local id, token = arg_text(), arg_text()
  if holds_lease(id, token) then
    local f = redis.call('HMGET', P .. ':item:' .. id, 'p', 'ac', 'c1', 'c2')
    redis.call('ZADD', P .. ':x:leases', 'GT', expiry, id)
    redis.call('ZADD', P .. ':x:leased:' .. f[1], 'GT', expiry, id)
    redis.call('ZADD', inflight_key('a:' .. f[2]), 'GT', expiry, id)
    for k = 3, 4 do
      if f[k] then
        redis.call('ZADD', inflight_key(f[k]), 'GT', expiry, id)
      end
    end
  else
    lost[#lost + 1] = id
  end
end
return lost
