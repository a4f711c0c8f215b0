-- Delivers events of one intake item: creates the runs they start, ends the waits they match, and moves the
-- item's cursor past them. All of it or nothing, so that a delivery that is repeated repeats no effect.
--
-- KEYS[1] key prefix
-- ARGV: now ms; intake item; lease token; events delivered so far (new cursor), or -1 when all are: the item goes;
--       number of waits, per wait: pause, output JSON, fact or '';
--       number of runs, per run: see run_create in lib/creation;
--       number of items to queue beside them (see queue_enqueue), items;
--       number of facts, facts
-- Returns { code, then per wait 1 resolved or 0 over already, then per run 1 created or 0 started before }
--   code 1 done, 0 the lease is lost, 2 an earlier call, whose answer was lost, has done it (nothing was changed for
--   0 and 2, which come alone)
-- include: outbox
-- include: creation
local now, id, token, delivered = arg_text(), arg_text(), arg_text(), arg_text()
if not holds_lease(id, token) then
  return { 0 }
end
if delivered ~= '-1' and tonumber(redis.call('HGET', P .. ':item:' .. id, 'cursor') or '0') >= tonumber(delivered) then
  return { 2 }
end
if delivered == '-1' then
  dequeue(id)
else
  redis.call('HSET', P .. ':item:' .. id, 'cursor', delivered)
end
local reply = { 1 }
for _ = 1, arg_number() do
  local pause, output, fact = arg_text(), arg_text(), arg_text()
  local is_resolved = resolve_pause(pause, output, now, 0)
  if is_resolved and fact ~= '' then
    publish_facts({ fact })
  end
  reply[#reply + 1] = is_resolved and 1 or 0
end
for _ = 1, arg_number() do
  reply[#reply + 1] = create_run(arg_run())
end
for _ = 1, arg_number() do
  enqueue(arg_item())
end
publish_facts(arg_list())
return reply
