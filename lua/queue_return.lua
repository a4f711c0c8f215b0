-- Puts back items that were handed out without their taker ever knowing: the answer of queue_take was lost.
--
-- KEYS[1] key prefix
-- ARGV: now ms; partition; lease token that was asked for
-- Returns the number of items put back, due now, with the same attempt.
-- include: queue
local now, partition, token = arg_text(), arg_text(), arg_text()
local leased = redis.call('ZRANGE', P .. ':x:leased:' .. partition, 0, -1)
local count = 0
for i = 1, #leased do
  if holds_lease(leased[i], token) then
    requeue(leased[i], now, redis.call('HGET', P .. ':item:' .. leased[i], 'a'), 0)
    count = count + 1
  end
end
return count
