-- Ends waits that an event has matched. Used ahead of event_deliver when one event matches very many.
--
-- KEYS[1] key prefix
-- ARGV: now ms; number of waits, per wait: pause, output JSON, fact or ''
-- Returns per wait 1 resolved or 0 over before.
-- include: run
-- include: outbox
local now = arg_text()
local reply = {}
for i = 1, arg_number() do
  local pause, output, fact = arg_text(), arg_text(), arg_text()
  local is_resolved = resolve_pause(pause, output, now, 0)
  if is_resolved and fact ~= '' then
    publish_facts({ fact })
  end
  reply[i] = is_resolved and 1 or 0
end
return reply
