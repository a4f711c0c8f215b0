-- Saves steps that an SDK reports while its call is still open. Nothing is queued: the call goes on. With a new
-- output the call's attempts start anew, because it got further than before.
--
-- KEYS[1] key prefix
-- ARGV: run; item of the call; generation of the call, or -1 when unknown; bytes of outputs at most;
--       steps at most; number of outputs, per output: step, JSON, fact or '';
--       number of defers, per defer: step, JSON, fact or ''; number of facts, facts
-- Returns 1 saved; 0 the run is gone; -1 the item is gone or was handed out again since; -2 outputs exceed the limit;
--        -3 there are more steps than allowed (nothing was changed for -1 … -3)
-- include: defer
local run, id, generation = arg_text(), arg_text(), arg_text()
local state_max, steps_max = arg_number(), arg_number()
local outputs, size = {}, 0
for i = 1, arg_number() do
  outputs[i] = { arg_text(), arg_text(), arg_text() }
  size = size + #outputs[i][2]
end
local defers = arg_defers()
local facts = arg_list()
local key = run_key(run)
local stored = redis.call('HMGET', key, 'sz', 'n')
if not stored[1] then
  return 0
end
local item = redis.call('HMGET', P .. ':item:' .. id, 'r', 'g', 'a')
if generation ~= '-1' and (item[1] ~= run or item[2] ~= generation) then
  return -1
end
if tonumber(stored[1]) + size > state_max then
  return -2
end
local count = tonumber(stored[2]) + #outputs
if count > steps_max then
  for i = 1, #outputs do
    count = count - redis.call('HEXISTS', key .. ':steps', outputs[i][1])
  end
  if count > steps_max then
    return -3
  end
end
local is_further = false
for i = 1, #outputs do
  if finish_step(run, outputs[i][1], outputs[i][2], 'race') ~= 'exists' then
    is_further = true
    if outputs[i][3] ~= '' then
      publish_facts({ outputs[i][3] })
    end
  end
end
save_defers(run, defers)
publish_facts(facts)
if is_further and item[1] == run and item[3] ~= '0' then
  redis.call('HSET', P .. ':item:' .. id, 'a', '0')
end
return 1
