-- Counts the items of a partition that are under way and were due before a given one: what they do may have to happen
-- first, whichever process does it.
--
-- KEYS[1] key prefix
-- ARGV: partition; item
-- Returns the number of items; -1 when the given one is gone.
-- include: args
local partition, id = arg_text(), arg_text()
local own = tonumber(redis.call('HGET', P .. ':item:' .. id, 'sc') or '')
if not own then
  return -1
end
local count = 0
local leased = redis.call('ZRANGE', P .. ':x:leased:' .. partition, 0, -1)
for i = 1, #leased do
  local score = tonumber(redis.call('HGET', P .. ':item:' .. leased[i], 'sc') or '')
  if score and (score < own or (score == own and leased[i] < id)) then
    count = count + 1
  end
end
return count
