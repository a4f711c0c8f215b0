-- include: run
-- include: outbox
-- What a run puts off until its end, as it comes in arguments: per defer step, JSON, fact or ''.

local function arg_defers()
  local defers = {}
  for i = 1, arg_number() do
    defers[i] = { arg_text(), arg_text(), arg_text() }
  end
  return defers
end

-- The first record of a step counts, and history hears of that one alone.
local function save_defers(run, defers)
  local facts = {}
  for i = 1, #defers do
    local is_new = redis.call('HSETNX', run_key(run) .. ':defers', defers[i][1], defers[i][2]) == 1
    if is_new and defers[i][3] ~= '' then
      facts[#facts + 1] = defers[i][3]
    end
  end
  publish_facts(facts)
end
