-- Forgets the oldest facts of the outbox, once history has them on disk.
-- The position keeps a server from trimming what another has only just been given to record.
--
-- KEYS[1] key prefix
-- ARGV: facts to forget; position that outbox_read returned with them
-- Returns 1 when they are gone, 0 when the outbox has been trimmed since they were read (read again).
-- include: args
local count = arg_number()
local position = arg_number()
if tonumber(redis.call('GET', P .. ':outbox-trimmed') or 0) ~= position then
  return 0
end
redis.call('LTRIM', P .. ':outbox', count, -1)
redis.call('INCRBY', P .. ':outbox-trimmed', count)
redis.call('DEL', P .. ':x:outbox')
return 1
