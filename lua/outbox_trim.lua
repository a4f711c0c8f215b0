-- Forgets the oldest facts of the outbox, once history has them on disk.
-- The position keeps a server from trimming what another has only just been given to record.
--
-- KEYS[1] key prefix
-- ARGV: facts to forget; position that outbox_read returned with them; the last of them
-- Returns 1 when they are gone, 0 when the outbox is another since they were read (read again): it was trimmed, or Redis
-- came back without its last writes.
-- include: args
local count = arg_number()
local position = arg_number()
local last = arg_text()
if tonumber(redis.call('GET', P .. ':outbox-trimmed') or 0) ~= position then
  return 0
end
if redis.call('LINDEX', P .. ':outbox', count - 1) ~= last then
  return 0
end
redis.call('LTRIM', P .. ':outbox', count, -1)
redis.call('INCRBY', P .. ':outbox-trimmed', count)
redis.call('DEL', P .. ':x:outbox')
return 1
