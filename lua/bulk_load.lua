-- Reads operations on many runs.
--
-- KEYS[1] key prefix
-- ARGV: operation, or '' for all of them, newest first
-- Returns per operation: id, kind, name, filter JSON, status, created ms, ended ms or '', total, done, skipped,
--         error or '', cursor JSON or ''.
-- include: args
local ids = { arg_text() }
if ids[1] == '' then
  ids = redis.call('ZREVRANGE', P .. ':bulks', 0, -1)
end
local reply = {}
for i = 1, #ids do
  local f = redis.call('HMGET', P .. ':bulk:' .. ids[i], 'k', 'n', 'f', 's', 'c', 'e', 't', 'd', 'sk', 'err', 'cur')
  if f[1] then
    reply[#reply + 1] = ids[i]
    for k = 1, 11 do
      reply[#reply + 1] = f[k]
    end
  end
end
return reply
