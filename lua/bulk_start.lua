-- Begins an operation on many runs: its record and the item that works on it page by page. Of the operations that have
-- ended only the newest are kept.
--
-- KEYS[1] key prefix
-- ARGV: now ms; operation; kind; name; filter JSON; total; operations that run at once at most; operations kept at most;
--       item (see queue_enqueue)
-- Returns 1 started, 0 an earlier call, whose answer was lost, has started it, -1 too many are running: nothing was changed
-- include: bulk
local now, id, kind, name, filter, total = arg_text(), arg_text(), arg_text(), arg_text(), arg_text(), arg_text()
local running_max, kept_max = arg_number(), arg_number()
local item = arg_item()
if redis.call('EXISTS', bulk_key(id)) == 1 then
  return 0
end
if redis.call('SCARD', P .. ':bulks:running') >= running_max then
  return -1
end
redis.call('HSET', bulk_key(id), 'k', kind, 'n', name, 'f', filter, 's', 'running', 'c', now, 'e', '', 't', total,
  'd', '0', 'sk', '0', 'err', '', 'cur', '', 'i', item.id)
redis.call('ZADD', P .. ':bulks', now, id)
redis.call('SADD', P .. ':bulks:running', id)
enqueue(item)
local surplus = redis.call('ZCARD', P .. ':bulks') - kept_max
local oldest = surplus > 0 and redis.call('ZRANGE', P .. ':bulks', 0, surplus + running_max) or {}
for i = 1, #oldest do
  if surplus > 0 and redis.call('SISMEMBER', P .. ':bulks:running', oldest[i]) == 0 then
    surplus = surplus - 1
    redis.call('ZREM', P .. ':bulks', oldest[i])
    redis.call('DEL', bulk_key(oldest[i]))
  end
end
return 1
