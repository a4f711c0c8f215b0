-- Removes an app and archives its functions, so that runs under way can still say what they belonged to.
--
-- Guarantees: all of it or nothing; fails when the app has changed since the writer saw it.
--
-- KEYS[1]  key prefix; keys: see apps_load
-- ARGV     app id, revision that the writer saw, now in ms, archived functions kept at most,
--          number of functions of the app, then per function its id and its definition (JSON)
--
-- Returns { 1, number of changes } when removed,
--         { 0, current revision } when another writer was faster: load and try again

-- include: archive

local app = arg_text()
local seen = arg_number()
local now = arg_number()
local archived_max = arg_number()
local left = {}
for i = 1, arg_number() do
  left[i] = { id = arg_text(), definition = arg_text() }
end

local revision = tonumber(redis.call('HGET', P .. ':apps:revision', app) or '0')
if revision ~= seen then
  return { 0, revision }
end

revision = redis.call('INCR', P .. ':apps:changes')
redis.call('HDEL', P .. ':apps', app)
redis.call('HDEL', P .. ':apps:revision', app)
archive(left, now, archived_max)
redis.call('PUBLISH', P .. ':apps', revision)
return { 1, revision }
