-- Ends a wait whose time is over.
--
-- KEYS[1] key prefix
-- ARGV: now ms; timeout item; lease token; pause; output JSON; fact or ''
-- Returns 1 resolved, 0 the wait was over before (the item is removed), -1 the lease is lost
-- include: run
-- include: outbox
local now, id, token, pause, output, fact = arg_text(), arg_text(), arg_text(), arg_text(), arg_text(), arg_text()
if not holds_lease(id, token) then
  return -1
end
local is_resolved = resolve_pause(pause, output, now, 0)
dequeue(id)
if is_resolved and fact ~= '' then
  publish_facts({ fact })
end
return is_resolved and 1 or 0
