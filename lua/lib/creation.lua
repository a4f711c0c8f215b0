-- include: run
-- include: outbox
-- Creating a run: idempotency, state, start item, cancellations and start timeout in one step (execution.md §4).

local function arg_pairs()
  local list = {}
  for i = 1, arg_number() do
    list[i] = { arg_text(), arg_text() }
  end
  return list
end

-- Steps that are finished and inputs that are set before the run begins.
local function preset(run)
  local key = run_key(run.id)
  for i = 1, #run.steps do
    finish_step(run.id, run.steps[i][1], run.steps[i][2], 'race')
  end
  for i = 1, #run.inputs do
    redis.call('HSET', key .. ':inputs', run.inputs[i][1], run.inputs[i][2])
  end
end

-- Reads one run from ARGV: run, metadata JSON, events JSON, request version,
-- number of idempotency keys, per key: name, lifetime ms;
-- number of items (start item, start timeout), items; number of cancellation pauses, pauses; number of facts, facts;
-- and for when the run is not created (the answer to an invoker): number of items, items; number of facts, facts;
-- and what another run has done for it (rerun from a step, execution.md §18): number of finished steps, per step its id
-- and output in the order in which they finished; number of inputs, per input its step and value.
local function arg_run()
  local run = { id = arg_text(), m = arg_text(), events = arg_text(), rv = arg_text(), once = {}, items = {},
    pauses = {} }
  for i = 1, arg_number() do
    run.once[i] = { arg_text(), arg_text() }
  end
  for i = 1, arg_number() do
    run.items[i] = arg_item()
  end
  for i = 1, arg_number() do
    run.pauses[i] = arg_pause()
  end
  run.facts = arg_list()
  run.otherwise = {}
  for i = 1, arg_number() do
    run.otherwise[i] = arg_item()
  end
  run.otherwise_facts = arg_list()
  run.steps, run.inputs = arg_pairs(), arg_pairs()
  return run
end

-- Returns 1 when the run was created, 0 when one of its idempotency keys was used before or the run exists.
local function create_run(run)
  local key = run_key(run.id)
  local exists = redis.call('EXISTS', key) == 1
  for i = 1, #run.once do
    exists = exists or redis.call('EXISTS', P .. ':once:' .. run.once[i][1]) == 1
  end
  if exists then
    for i = 1, #run.otherwise do
      enqueue(run.otherwise[i])
    end
    publish_facts(run.otherwise_facts)
    return 0
  end
  for i = 1, #run.once do
    redis.call('SET', P .. ':once:' .. run.once[i][1], run.id, 'PX', run.once[i][2])
  end
  redis.call('HSET', key, 'm', run.m, 'rv', run.rv, 'die', '0', 'sat', '', 'sz', '0', 'n', '0')
  redis.call('SET', key .. ':events', run.events)
  preset(run)
  for i = 1, #run.items do
    enqueue(run.items[i])
  end
  for i = 1, #run.pauses do
    save_pause(run.pauses[i])
  end
  publish_facts(run.facts)
  return 1
end
