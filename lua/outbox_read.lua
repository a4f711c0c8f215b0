-- Reads the oldest facts of the outbox; they stay in it until outbox_trim.
--
-- KEYS[1] key prefix
-- ARGV: facts at most; bytes after which no further fact is added (the first comes however big it is)
-- Returns a list: position (how many facts have ever been trimmed, which outbox_trim asks for), facts in
-- the outbox, then the facts as JSON text, oldest first.
-- include: args
local most = arg_number()
local bytes_max = arg_number()
local key = P .. ':outbox'
-- Big outputs travel in facts: a few at a time, so that those over the limit are not copied in vain.
local chunk = 16
local reply = { tonumber(redis.call('GET', P .. ':outbox-trimmed') or 0), redis.call('LLEN', key) }
local bytes = 0
local from = 0
while from < most do
  local facts = redis.call('LRANGE', key, from, math.min(from + chunk, most) - 1)
  for i = 1, #facts do
    bytes = bytes + #facts[i]
    if bytes > bytes_max and #reply > 2 then
      return reply
    end
    reply[#reply + 1] = facts[i]
  end
  if #facts < chunk then
    return reply
  end
  from = from + chunk
end
return reply
