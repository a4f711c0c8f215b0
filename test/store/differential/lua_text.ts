/**
 * Lua that both engines run in a differential test: it turns replies and stored values into text in which the type of
 * every value shows and nothing depends on an order that Redis leaves open.
 */

/** Orders text by its bytes: Lua's own comparison goes by the locale of the server's process. */
const byteOrder = `
local function is_before(left, right)
  for i = 1, math.min(#left, #right) do
    local l, r = left:byte(i), right:byte(i)
    if l ~= r then
      return l < r
    end
  end
  return #left < #right
end
`;

/**
 * `render(value)`: n a number, s a string, f and t booleans, ok a status, e an error, a list in brackets. What a server
 * adds to an error (the script's name and line) is not part of the comparison.
 */
export const renderLua = `
local function error_text(text)
  text = tostring(text)
  text = text:gsub('command called from script.*', 'command called from script')
  text = text:gsub(' script: %x+, on @user_script:%d+%.$', '')
  return (text:gsub('^[%w_]+:(%d+): ', 'script:%1: '))
end

local function render(value)
  local kind = type(value)
  if kind == 'number' then
    return 'n' .. (value == value and string.format('%.17g', value) or 'nan')
  elseif kind == 'string' then
    return 's' .. #value .. ':' .. value
  elseif kind == 'boolean' then
    return value and 't' or 'f'
  elseif kind == 'nil' then
    return 'nil'
  elseif kind ~= 'table' then
    return kind
  elseif value.err then
    return 'e' .. error_text(value.err)
  elseif value.ok then
    return 'ok' .. tostring(value.ok)
  end
  local items = {}
  for i = 1, #value do
    items[i] = render(value[i])
  end
  return '[' .. table.concat(items, ' ') .. ']'
end
`;

/** `dump_key(key)`: its type and value as text. The rest of its life is asked for apart: time goes on. */
export const dumpLua = `${byteOrder}
local function sorted(list, width)
  local rows = {}
  for i = 1, #list, width do
    rows[#rows + 1] = render({ unpack(list, i, i + width - 1) })
  end
  table.sort(rows, is_before)
  return rows
end

local function dump_key(key)
  local kind = redis.call('TYPE', key).ok
  local rows = {}
  if kind == 'string' then
    rows[1] = render(redis.call('GET', key))
  elseif kind == 'hash' then
    rows = sorted(redis.call('HGETALL', key), 2)
  elseif kind == 'set' then
    rows = sorted(redis.call('SMEMBERS', key), 1)
  elseif kind == 'list' then
    rows[1] = render(redis.call('LRANGE', key, 0, -1))
  elseif kind == 'zset' then
    local pairs_of = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
    for i = 2, #pairs_of, 2 do
      pairs_of[i] = tonumber(pairs_of[i]) + 0
    end
    rows[1] = render(pairs_of)
  end
  return key .. ' ' .. kind .. ' ' .. table.concat(rows, ' ')
end

-- Empties what it tells of, so that the next sequence starts with nothing.
local function dump_keys(keys)
  local state = {}
  for i = 1, #keys do
    state[#state + 1] = dump_key(keys[i])
    state[#state + 1] = redis.call('PTTL', keys[i])
  end
  for i = 1, #keys do
    redis.call('DEL', keys[i])
  end
  return state
end
`;
