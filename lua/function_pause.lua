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
-- Its items may just have been offered room of concurrency keys that others wait for, too.
pass_offers_on(partition, account)
wake_waiting(account)
redis.call('PUBLISH', P .. ':paused', partition)
return 1
