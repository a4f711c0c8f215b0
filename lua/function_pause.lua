-- Pauses a function: nothing of its partition is handed out until function_unpause (execution.md §17). Work under way
-- goes on, and what is queued meanwhile waits. Repeating it changes nothing.
--
-- KEYS[1] key prefix
-- ARGV: now ms; function (its partition); account
-- Returns 1 paused, 0 it was paused before.
-- include: queue
local now, partition, account = arg_text(), arg_text(), arg_text()
if redis.call('HSETNX', P .. ':paused', partition, now) == 0 then
  return 0
end
unpoint(partition, account)
-- Its items may just have been given room of concurrency keys that others wait for, too.
local ids = redis.call('ZRANGE', P .. ':x:ready:' .. partition, 0, 999)
local refilled = {}
for i = 1, #ids do
  local f = redis.call('HMGET', P .. ':item:' .. ids[i], 'c1', 'l1', 'c2', 'l2')
  for k = 1, 3, 2 do
    if f[k] and not refilled[f[k]] then
      refilled[f[k]] = true
      refill(f[k], f[k + 1])
    end
  end
end
wake_waiting(account)
redis.call('PUBLISH', P .. ':paused', partition)
return 1
