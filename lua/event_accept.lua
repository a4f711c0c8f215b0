-- Accepts events: they wait in the queue until they are delivered, and history hears of them.
--
-- KEYS[1] key prefix
-- ARGV: number of items (see queue_enqueue), items; number of facts, facts
-- Returns 1.
-- include: outbox
-- include: queue
for _ = 1, arg_number() do
  enqueue(arg_item())
end
publish_facts(arg_list())
return 1
