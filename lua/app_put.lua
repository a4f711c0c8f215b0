-- Stores an app as one whole: its definition, the functions that left it with this change, those that came
-- back, and the removal of placeholders whose URL turned out to be this app's.
--
-- Guarantees: all of it or nothing; of two writers that saw the same revision only the first succeeds, so two
-- processes that sync one app cannot mix their function versions.
--
-- KEYS[1]  key prefix; keys: see apps_load
-- ARGV     app id, revision that the writer saw (0: not stored), definition (JSON), now in ms,
--          archived functions kept at most,
--          number of functions that left, then per function its id and its definition (JSON),
--          number of functions that came back, then their ids,
--          number of placeholders to remove, then their app ids
--
-- Returns { 1, new revision } when stored,
--         { 0, current revision } when another writer was faster: load and try again

-- include: archive

local app = arg_text()
local seen = arg_number()
local definition = arg_text()
local now = arg_number()
local archived_max = arg_number()
local left = {}
for i = 1, arg_number() do
  left[i] = { id = arg_text(), definition = arg_text() }
end
local returned = arg_list()
local placeholders = arg_list()

local revision = tonumber(redis.call('HGET', P .. ':apps:revision', app) or '0')
if revision ~= seen then
  return { 0, revision }
end

revision = redis.call('INCR', P .. ':apps:changes')
redis.call('HSET', P .. ':apps', app, definition)
redis.call('HSET', P .. ':apps:revision', app, revision)
for i = 1, #placeholders do
  redis.call('HDEL', P .. ':apps', placeholders[i])
  redis.call('HDEL', P .. ':apps:revision', placeholders[i])
end
for i = 1, #returned do
  redis.call('HDEL', P .. ':apps:archived', returned[i])
  redis.call('ZREM', P .. ':apps:archive-order', returned[i])
end
archive(left, now, archived_max)
redis.call('PUBLISH', P .. ':apps', revision)
return { 1, revision }
