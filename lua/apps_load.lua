-- Reads every app and every archived function, unless the caller has seen the latest change already.
--
-- Guarantees: one consistent picture; writes nothing.
--
-- Keys below the prefix (also those of app_put and app_remove):
--   apps                hash    app id -> definition (JSON)
--   apps:changes        integer number of changes of any app
--   apps:revision       hash    app id -> value of apps:changes after the app's last change: a revision never comes
--                               back, not even when an app is removed and added again
--   apps:archived       hash    function id -> definition (JSON) of a function that left its app
--   apps:archive-order  zset    function id -> ms when it left
--
-- KEYS[1]  key prefix
-- ARGV[1]  number of changes that the caller knows; -1 for none
--
-- Returns { changes } when nothing is new, otherwise
--   { changes, { app id, revision, definition, ... }, { archived definition, ... } }

local P = KEYS[1]

local changes = tonumber(redis.call('GET', P .. ':apps:changes') or '0')
if changes == tonumber(ARGV[1]) then
  return { changes }
end

local apps = {}
local stored = redis.call('HGETALL', P .. ':apps')
for i = 1, #stored, 2 do
  apps[#apps + 1] = stored[i]
  apps[#apps + 1] = tonumber(redis.call('HGET', P .. ':apps:revision', stored[i]) or '0')
  apps[#apps + 1] = stored[i + 1]
end

return { changes, apps, redis.call('HVALS', P .. ':apps:archived') }
