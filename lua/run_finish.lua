-- Ends a run once: its state, waits and queue items go, and the events and facts that tell of its end are stored.
-- Its idempotency keys stay until they expire.
--
-- KEYS[1] key prefix
-- ARGV: item that was worked on, or ''; its lease token; run;
--       number of items (internal events), items; number of facts, facts
-- Returns 1 ended; 0 the run had ended before: the item was removed; -1 the lease is lost: nothing was changed
-- include: ending
local id, token, run = arg_text(), arg_text(), arg_text()
local items = {}
for i = 1, arg_number() do
  items[i] = arg_item()
end
local facts = arg_list()
if id ~= '' and not holds_lease(id, token) then
  return -1
end
local is_ended = end_run(run, items, facts)
if id ~= '' then
  dequeue(id)
end
return is_ended and 1 or 0
