-- Does one page of an operation on many runs: ends runs or creates them, counts them, and moves the cursor past them. All
-- of it or nothing, so that no run is ended, created or counted twice, and none of an operation that was stopped.
--
-- KEYS[1] key prefix
-- ARGV: now ms; item; lease token; operation; new cursor JSON; status (running, or how it ends); error or '';
--       ms when the next page is due; runs of the page that were passed over;
--       number of runs to end, per run: run, number of items, items, number of facts, facts (see run_finish);
--       number of runs to create, per run: see run_create in lib/creation
-- Returns { code, then per run to end 1 ended or 0 ended before, then per run to create 1 created or 0 there before }
--   code 1 the next page follows, 2 the operation has ended: the item was removed, 0 the lease is lost, because the
--        operation was stopped or another process goes on with it (nothing was changed, and 0 comes alone)
-- include: bulk
-- include: ending
-- include: creation
local now, item, token, id = arg_text(), arg_text(), arg_text(), arg_text()
local place, status, error, next_at, passed = arg_text(), arg_text(), arg_text(), arg_text(), arg_number()
local ends, runs = {}, {}
for i = 1, arg_number() do
  local ending = { run = arg_text(), items = {} }
  for k = 1, arg_number() do
    ending.items[k] = arg_item()
  end
  ending.facts = arg_list()
  ends[i] = ending
end
for i = 1, arg_number() do
  runs[i] = arg_run()
end
if not holds_lease(item, token) then
  return { 0 }
end

local reply = { status == 'running' and 1 or 2 }
local done = 0
for i = 1, #ends do
  local is_ended = end_run(ends[i].run, ends[i].items, ends[i].facts)
  reply[#reply + 1] = is_ended and 1 or 0
  done = done + (is_ended and 1 or 0)
end
for i = 1, #runs do
  local created = create_run(runs[i])
  reply[#reply + 1] = created
  done = done + created
end
redis.call('HSET', bulk_key(id), 'cur', place)
redis.call('HINCRBY', bulk_key(id), 'd', done)
redis.call('HINCRBY', bulk_key(id), 'sk', passed + #ends + #runs - done)
if status == 'running' then
  redis.call('HSET', P .. ':item:' .. item, 'at', next_at, 'sc', next_at, 'a', '0')
  put_back(item)
else
  end_bulk(id, status, now, error)
  dequeue(item)
end
return reply
