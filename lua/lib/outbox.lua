-- include: args
-- The outbox: facts for history, written by the transition that makes them true.

local function publish_facts(facts)
  for i = 1, #facts do
    redis.call('RPUSH', P .. ':outbox', facts[i])
  end
  if #facts > 0 then
    redis.call('PUBLISH', P .. ':facts', #facts)
  end
end
