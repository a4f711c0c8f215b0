-- include: args
-- The archive of functions that left their app; keys: see apps_load.

-- Keeps the definitions of `left`, and of all archived functions the newest `max`.
local function archive(left, now, max)
  for i = 1, #left do
    redis.call('HSET', P .. ':apps:archived', left[i].id, left[i].definition)
    redis.call('ZADD', P .. ':apps:archive-order', now, left[i].id)
  end
  local surplus = redis.call('ZCARD', P .. ':apps:archive-order') - max
  if surplus > 0 then
    local oldest = redis.call('ZRANGE', P .. ':apps:archive-order', 0, surplus - 1)
    for i = 1, #oldest do
      redis.call('HDEL', P .. ':apps:archived', oldest[i])
      redis.call('ZREM', P .. ':apps:archive-order', oldest[i])
    end
  end
end
