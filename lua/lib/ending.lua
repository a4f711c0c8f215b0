-- include: run
-- include: outbox

-- Ends a run: its state, waits and queue items go, and the events and facts that tell of its end are stored.
-- False when it has ended before: nothing is changed then.
local function end_run(run, items, facts)
  if redis.call('EXISTS', run_key(run)) == 0 then
    return false
  end
  delete_run(run)
  for i = 1, #items do
    enqueue(items[i])
  end
  publish_facts(facts)
  -- Whoever waits for its output may be connected to another process.
  redis.call('PUBLISH', P .. ':ended', run)
  return true
end
