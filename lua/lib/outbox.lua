-- include: args
-- The outbox: facts for history, written by the transition that makes them true.

local function publish_facts(facts)
  local bytes = 0
  for i = 1, #facts do
    bytes = bytes + #facts[i]
    redis.call('RPUSH', P .. ':outbox', facts[i])
  end
  if #facts > 0 then
    redis.call('PUBLISH', P .. ':facts', #facts .. ' ' .. bytes)
  end
end
