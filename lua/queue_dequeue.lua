-- Removes a leased item whose work is done or has become pointless.
--
-- KEYS[1] key prefix
-- ARGV: item; lease token; number of facts, facts
-- Returns 1, or 0 when the lease is lost or the item gone.
-- include: outbox
-- include: queue
local id, token, facts = arg_text(), arg_text(), arg_list()
if not holds_lease(id, token) then
  return 0
end
dequeue(id)
publish_facts(facts)
return 1
