-- Lists the queue items of a run.
--
-- KEYS[1] key prefix
-- ARGV: run; items at most
-- Returns a flat list: id, kind, due ms, attempts, 1 when leased else 0.
-- include: queue
local ids = items_of_run(arg_text())
local most = arg_number()
local reply = {}
for i = 1, math.min(#ids, most) do
  local f = redis.call('HMGET', P .. ':item:' .. ids[i], 'k', 'at', 'a')
  if f[1] then
    reply[#reply + 1] = ids[i]
    reply[#reply + 1] = f[1]
    reply[#reply + 1] = f[2]
    reply[#reply + 1] = f[3]
    reply[#reply + 1] = redis.call('HEXISTS', P .. ':x:lease', ids[i])
  end
end
return reply
