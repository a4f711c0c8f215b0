-- Commits what an answer of the SDK means for its run, all of it or nothing: outputs, parallel group, waits,
-- defers, queue items, the discovery that follows, and the end of the item that was worked on.
--
-- KEYS[1] key prefix
-- ARGV: now ms; item that was worked on, or '' (durable endpoint); its lease token; run;
--       request version to keep if none is known yet, or ''; 1 to make the SDK plan steps from now on, else 0;
--       bytes of outputs at most;
--       number of members of a new parallel group or 0, steps;
--       number of outputs, per output: step, JSON, parallel mode, fact or '';
--       the discovery item that follows when one is due (its id is chosen here; see queue_enqueue);
--       number of items, per item: step that must still be open or '', fact or '', item;
--       number of waits, per wait: pause (see lib/pause), timeout item, conflict rule ('' none, fail, replace),
--         fact or '', number of items queued with it (the events of an invoke), items, number of their facts, facts;
--       number of defers, per defer: step, JSON, fact or '';
--       number of facts, facts
-- Returns  1 done
--          2 done, and another item drives the run on
--          0 the run is gone: the item was removed
--         -1 the lease is lost   -2 outputs exceed the limit   -3 another run waits for the signal
--         -4 the answer leaves nothing that could ever drive the run on, for the second time
--         (nothing was changed for -1 … -4)
-- include: defer
local now, id, token, run = arg_text(), arg_text(), arg_text(), arg_text()
local version, plans, state_max = arg_text(), arg_text(), arg_number()
local group = arg_list()
local key = run_key(run)

local outputs, size = {}, 0
for i = 1, arg_number() do
  outputs[i] = { arg_text(), arg_text(), arg_text(), arg_text() }
  size = size + #outputs[i][2]
end
local discovery = arg_item()
local items = {}
for i = 1, arg_number() do
  items[i] = { arg_text(), arg_text(), arg_item() }
end
local waits = {}
for i = 1, arg_number() do
  local wait = { pause = arg_pause(), timeout = arg_item(), conflict = arg_text(), fact = arg_text(), items = {} }
  for k = 1, arg_number() do
    wait.items[k] = arg_item()
  end
  wait.item_facts = arg_list()
  waits[i] = wait
end
local defers = arg_defers()
local facts = arg_list()

-- Checks: nothing is written before the last of them.
if id ~= '' and not holds_lease(id, token) then
  return -1
end
local f = redis.call('HMGET', key, 'm', 'rv', 'sz', 'n', 'red')
if not f[1] then
  if id ~= '' then
    dequeue(id)
  end
  return 0
end
if size > 0 and tonumber(f[3]) + size > state_max then
  return -2
end
local claimed = {}
for i = 1, #waits do
  local pause = waits[i].pause
  if waits[i].conflict == 'fail' and claimed[pause.e] then
    return -3
  end
  if waits[i].conflict ~= '' then
    claimed[pause.e] = true
  end
  if waits[i].conflict == 'fail' then
    local holder = redis.call('GET', P .. ':signal:' .. pause.e)
    if holder and holder ~= pause.id then
      return -3
    end
  end
end
local function is_open(step)
  return step == '' or redis.call('HEXISTS', key .. ':steps', step) == 0
end
-- An answer that only repeats what is known drives nothing on, either.
local function brings_anything()
  for i = 1, #outputs do
    if is_open(outputs[i][1]) then
      return true
    end
  end
  for i = 1, #defers do
    if redis.call('HEXISTS', key .. ':defers', defers[i][1]) == 0 then
      return true
    end
  end
  for i = 1, #items do
    if is_open(items[i][1]) and redis.call('EXISTS', P .. ':item:' .. items[i][3].id) == 0 then
      return true
    end
  end
  for i = 1, #waits do
    if is_open(waits[i].pause.s) and redis.call('EXISTS', P .. ':pause:' .. waits[i].pause.id) == 0 then
      return true
    end
  end
  return false
end
local own = id == '' and 0 or 1
if own == 1 and f[5] == f[4] and is_driven_by_at_most(run, 1) and not brings_anything() then
  return -4
end

if version ~= '' and tonumber(f[2]) < 0 then
  redis.call('HSET', key, 'rv', version)
end
if plans == '1' then
  redis.call('HSET', key, 'die', '1')
end
if #group > 0 then
  redis.call('DEL', key .. ':pending')
  for i = 1, #group do
    if redis.call('HEXISTS', key .. ':steps', group[i]) == 0 then
      redis.call('SADD', key .. ':pending', group[i])
    end
  end
end

local last_step
for i = 1, #outputs do
  local outcome = finish_step(run, outputs[i][1], outputs[i][2], outputs[i][3])
  if outcome == 'due' then
    last_step = outputs[i][1]
  end
  if outcome ~= 'exists' and outputs[i][4] ~= '' then
    publish_facts({ outputs[i][4] })
  end
end
for i = 1, #items do
  local step, fact, item = items[i][1], items[i][2], items[i][3]
  if is_open(step) and enqueue(item) and fact ~= '' then
    publish_facts({ fact })
  end
end
for i = 1, #waits do
  local wait = waits[i]
  if is_open(wait.pause.s) and save_pause(wait.pause) then
    enqueue(wait.timeout)
    for k = 1, #wait.items do
      enqueue(wait.items[k])
    end
    publish_facts(wait.item_facts)
    if wait.fact ~= '' then
      publish_facts({ wait.fact })
    end
  end
end
save_defers(run, defers)
publish_facts(facts)

-- Nothing else would ever come back to the run: look for its next steps, whatever the answer said.
local is_orphan = own == 1 and not last_step and is_driven_by_at_most(run, 1)
local discovery_id = last_step and run .. '.next:' .. last_step
if is_orphan then
  local finished = redis.call('HGET', key, 'n')
  redis.call('HSET', key, 'red', finished)
  discovery_id = run .. '.again:' .. finished .. '.' .. redis.call('HLEN', key .. ':defers')
end
if discovery_id then
  end_group(run, own)
  discovery.id = discovery_id
  enqueue(discovery)
end
if own == 1 then
  dequeue(id)
end
return discovery_id and 2 or 1
