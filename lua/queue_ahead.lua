-- Counts the items of a partition that were due before a given one and are under way, or are to be done again because
-- their process died: what they do may have to happen first, whichever process does it.
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
local function count_before(ids)
  local count = 0
  for i = 1, #ids do
    local score = tonumber(redis.call('HGET', P .. ':item:' .. ids[i], 'sc') or '')
    if score and (score < own or (score == own and ids[i] < id)) then
      count = count + 1
    end
  end
  return count
end

-- Of those that wait only some are looked at: one is enough to wait for.
local ready = redis.call('ZRANGEBYSCORE', P .. ':x:ready:' .. partition, '-inf', own, 'LIMIT', 0, 20)
return count_before(redis.call('ZRANGE', P .. ':x:leased:' .. partition, 0, -1)) + count_before(ready)
