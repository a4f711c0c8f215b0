-- include: pause
-- The state of a run (execution.md §20).
--
--   run:<id>           hash  m metadata (JSON, never changed), rv request version, die force-step-plan (0/1),
--                            sat first execution ms, sz bytes of outputs, n steps, red stack length at the last re-drive
--   run:<id>:events    string  JSON array of the triggering events
--   run:<id>:steps     hash  step -> output as JSON; first write wins
--   run:<id>:inputs    hash  step -> input as JSON
--   run:<id>:stack     list  steps in the order in which they finished
--   run:<id>:pending   set   open steps of a parallel group (request version 2)
--   run:<id>:defers    hash  step -> defer as JSON
--   run:<id>:pauses    set   see pause

local function run_key(run)
  return P .. ':run:' .. run
end

-- Keeps the first output of a step and says whether the run should look for its next steps now: always, unless
-- siblings of its parallel group are still open and it does not race them (sdk-http-protocol.md §4.5).
-- Returns 'exists', 'open' or 'due'.
local function finish_step(run, step, output, mode)
  local key = run_key(run)
  if redis.call('HSETNX', key .. ':steps', step, output) == 0 then
    return 'exists'
  end
  redis.call('HINCRBY', key, 'sz', #output)
  redis.call('HINCRBY', key, 'n', 1)
  redis.call('RPUSH', key .. ':stack', step)
  local was_member = redis.call('SREM', key .. ':pending', step) == 1
  if mode ~= 'race' and was_member and redis.call('EXISTS', key .. ':pending') == 1 then
    return 'open'
  end
  return 'due'
end

-- Code after a parallel group runs in line again (from request version 2 on), but only while nothing else of the
-- run is queued or under way: two calls that both run steps in line could run the same step twice.
-- `own` is the number of items of the run that are about to be removed.
local function end_group(run, own)
  local key = run_key(run)
  local f = redis.call('HMGET', key, 'rv', 'die')
  if f[2] == '1' and tonumber(f[1]) >= 2 and is_driven_by_at_most(run, own) then
    redis.call('HSET', key, 'die', '0')
  end
end

-- Stores a wait's result and queues the discovery that follows. False when the wait is over already.
-- `own` as in end_group.
local function resolve_pause(id, output, now, own)
  local f = redis.call('HMGET', P .. ':pause:' .. id, 'r', 's', 'pm', 'dp', 'da', 'dm', 'dd', 'ds',
    'c1', 'l1', 'c2', 'l2')
  if not f[1] then
    return false
  end
  if redis.call('EXISTS', run_key(f[1])) == 0 then
    drop_pause(id)
    return false
  end
  local outcome = finish_step(f[1], f[2], output, f[3])
  drop_pause(id)
  if outcome == 'due' then
    end_group(f[1], own)
    local keys = {}
    for i = 9, 11, 2 do
      if f[i] then
        keys[#keys + 1] = { f[i], f[i + 1] }
      end
    end
    enqueue({ id = f[1] .. '.next:' .. f[2], p = f[4], ac = f[5], k = 'edge', r = f[1], at = now, sc = f[8],
      m = f[6], d = f[7], keys = keys })
  end
  return outcome ~= 'exists'
end

-- Deletes everything a run left in the store: state, pauses, queue items.
local function delete_run(run)
  local key = run_key(run)
  local pauses = redis.call('SMEMBERS', key .. ':pauses')
  for i = 1, #pauses do
    drop_pause(pauses[i])
  end
  for _, items in ipairs({ items_of_run(run), redis.call('SMEMBERS', deadlines_of_run(run)) }) do
    for i = 1, #items do
      -- The name of an item that is gone must not stay, either.
      if not dequeue(items[i]) then
        remove_from_run(run, items[i])
      end
    end
  end
  redis.call('DEL', key, key .. ':events', key .. ':steps', key .. ':inputs', key .. ':stack',
    key .. ':pending', key .. ':defers', key .. ':pauses', deadlines_of_run(run))
end
