-- Puts back items that were handed out without their taker ever knowing: the answer of queue_take was lost. Should that
-- call only run after this one, it hands out nothing.
--
-- KEYS[1] key prefix
-- ARGV: partition; lease token that was asked for; ms for which that token is refused from now on
-- Returns the number of items put back, with the same attempt and at their old place in the order.
-- include: queue
local partition, token, refused_ms = arg_text(), arg_text(), arg_text()
redis.call('SET', P .. ':x:returned:' .. token, '1', 'PX', refused_ms)
local leased = redis.call('ZRANGE', P .. ':x:leased:' .. partition, 0, -1)
local count = 0
for i = 1, #leased do
  if holds_lease(leased[i], token) and put_back(leased[i]) then
    count = count + 1
  end
end
return count
