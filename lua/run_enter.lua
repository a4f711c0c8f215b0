-- Begins the work on an item of a run: records the sleep that ended, marks the first execution, and answers what
-- the call to the SDK needs.
--
-- KEYS[1] key prefix
-- ARGV: now ms; item; lease token; run; step whose sleep ends here, or ''; its parallel mode; its fact or '';
--       step limit; bytes of state that are sent inline at most; start timeout ms or 0; ms at which the run was due;
--       finish timeout ms or 0; started fact; bytes of outputs at most, or 0 for any;
--       number of items to queue at the first execution (finish timeout), items; fact of the call that follows or none
-- Returns { code, metadata JSON, events JSON, request version, force-step-plan 0/1, first execution ms, state bytes,
--           steps, 1 when steps were left out because of their size,
--           { stack }, { step, output, … }, { step, input, … }, { step, defer, … } }
--   code  1 go on
--         0 the run is gone: the item was removed
--        -1 the lease is lost
--        -2 siblings of the parallel group are still open: the item was removed
--        -3 start timeout  -4 finish timeout  -5 step limit reached  -6 outputs exceed the limit: the caller ends the run
-- include: run
-- include: outbox
local now, id, token, run = arg_text(), arg_text(), arg_text(), arg_text()
local slept, mode, slept_fact = arg_text(), arg_text(), arg_text()
local step_limit, inline_max, start_timeout, scheduled = arg_number(), arg_number(), arg_number(), arg_number()
local finish_timeout, started_fact = arg_number(), arg_text()
local state_max = arg_number()
local items = {}
for i = 1, arg_number() do
  items[i] = arg_item()
end
local call_fact = arg_text() or ''
local key = run_key(run)

if not holds_lease(id, token) then
  return { -1 }
end
if redis.call('EXISTS', key) == 0 then
  dequeue(id)
  return { 0 }
end
if slept ~= '' then
  local outcome = finish_step(run, slept, 'null', mode)
  if outcome ~= 'exists' and slept_fact ~= '' then
    publish_facts({ slept_fact })
  end
  if outcome == 'open' then
    dequeue(id)
    return { -2 }
  end
  if outcome == 'due' then
    end_group(run, 1)
  end
end

local f = redis.call('HMGET', key, 'm', 'rv', 'die', 'sat', 'sz', 'n')
local code = 1
local facts = {}
local started = f[4]
if started == '' then
  if start_timeout > 0 and tonumber(now) - scheduled >= start_timeout then
    code = -3
  else
    started = now
    redis.call('HSET', key, 'sat', now)
    facts[1] = started_fact
    for i = 1, #items do
      enqueue(items[i])
    end
  end
elseif finish_timeout > 0 and tonumber(now) - tonumber(started) >= finish_timeout then
  code = -4
end
if code == 1 and tonumber(f[6]) >= step_limit then
  code = -5
end
-- Answers are checked when they are committed; what waits and sleeps add shows here.
if code == 1 and state_max > 0 and tonumber(f[5]) > state_max then
  code = -6
end
if code == 1 and call_fact ~= '' then
  facts[#facts + 1] = call_fact
end
publish_facts(facts)

local is_large = tonumber(f[5]) > inline_max
local steps = {}
if not is_large then
  steps = redis.call('HGETALL', key .. ':steps')
end
return { code, f[1], redis.call('GET', key .. ':events'), f[2], f[3], started, f[5], f[6], is_large and 1 or 0,
  redis.call('LRANGE', key .. ':stack', 0, -1), steps, redis.call('HGETALL', key .. ':inputs'),
  redis.call('HGETALL', key .. ':defers') }
