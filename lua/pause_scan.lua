-- Lists waits and cancellations for an event name, in the order of their creation.
--
-- KEYS[1] key prefix
-- ARGV: event name; sequence after which to begin; pauses at most
-- Returns a flat list: number of all pauses for the event (what a view has beyond it is over), then per pause:
--         pause, sequence, kind (event, cancel), run, step, expression, created ms, expiry ms, step name
--         (what they mean for a cancellation: lib/pause).
-- include: args
local event, after, most = arg_text(), arg_text(), arg_text()
local ids = redis.call('ZRANGEBYSCORE', P .. ':pauses:' .. event, '(' .. after, '+inf', 'LIMIT', 0, most)
local reply = { redis.call('ZCARD', P .. ':pauses:' .. event) }
for i = 1, #ids do
  local f = redis.call('HMGET', P .. ':pause:' .. ids[i], 'q', 'k', 'r', 's', 'x', 'c', 'until', 'n')
  reply[#reply + 1] = ids[i]
  for k = 1, 8 do
    reply[#reply + 1] = f[k]
  end
end
return reply
