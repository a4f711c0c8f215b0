-- include: queue
-- Operations on many runs (http-api.md §3.7, execution.md §18).
--
--   bulk:<id>       hash  k kind (cancel, rerun), n name, f filter (JSON), s status (running, completed, stopped,
--                         failed), c created ms, e ended ms or '', t total, d done, sk skipped, err error or '',
--                         cur place in the order of runs (JSON) or '', i item that does its work
--   bulks           zset  operation -> created ms
--   bulks:running   set   operations that have not ended

local function bulk_key(id)
  return P .. ':bulk:' .. id
end

-- Notes the end of an operation. Its item is the caller's affair.
local function end_bulk(id, status, now, error)
  redis.call('HSET', bulk_key(id), 's', status, 'e', now, 'err', error)
  redis.call('SREM', P .. ':bulks:running', id)
end
