-- Reads the oldest facts of the outbox; they stay in it until outbox_trim.
-- Servers that share a store all look after its outbox. Who reads facts has them to itself for a while, so that the
-- others do not record them as well; should it die, another reads them again.
--
-- KEYS[1] key prefix
-- ARGV: facts at most; bytes after which no further fact is added (the first comes however big it is);
--       reader, or '' where there is only one; now ms; ms until which the reader has the facts to itself
-- Returns a list: position (how many facts have ever been trimmed, which outbox_trim asks for), facts in
-- the outbox, ms until which another reader has them (0: nobody else has), then the facts as JSON text, oldest first.
-- include: args
local most, bytes_max = arg_number(), arg_number()
local reader, now, claimed_until = arg_text(), arg_number(), arg_text()
local key, claim = P .. ':outbox', P .. ':x:outbox'
local reply = { tonumber(redis.call('GET', P .. ':outbox-trimmed') or 0), redis.call('LLEN', key), 0 }
if reader ~= '' and reply[2] > 0 then
  local held = redis.call('HMGET', claim, 'reader', 'until')
  if held[1] and held[1] ~= reader and tonumber(held[2]) > now then
    reply[3] = tonumber(held[2])
    return reply
  end
  redis.call('HSET', claim, 'reader', reader, 'until', claimed_until)
end
-- Big outputs travel in facts: a few at a time, so that those over the limit are not copied in vain.
local chunk = 16
local bytes = 0
local from = 0
while from < most do
  local facts = redis.call('LRANGE', key, from, math.min(from + chunk, most) - 1)
  for i = 1, #facts do
    bytes = bytes + #facts[i]
    if bytes > bytes_max and #reply > 3 then
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
