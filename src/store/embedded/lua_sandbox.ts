/**
 * What scripts can see, as Redis gives it to them: the base functions, string, table, math, bit, cjson and `redis`.
 * Randomness and time are left out on purpose: they come in as ARGV. Scripts run with a table in place of
 * the globals that refuses writes, so that no script can leave anything behind for the next one.
 */
export const sandboxSource = `
local call, pcall_command, sha1hex, json_source, bits_source = ...
local loadstring, rawset = loadstring, rawset

local function pick(from, names)
  local picked = {}
  for name in string.gmatch(names, '%a+') do picked[name] = from[name] end
  return picked
end

local function error_table(text)
  text = string.gsub(text, '%z.*', '')
  local code, message = string.match(text, '^%-?([^ ]*) (.*)$')
  if not code then code, message = 'ERR', string.gsub(text, '^%-', '') end
  return { err = code .. ' ' .. string.gsub(string.gsub(message, '^[\\r\\n]+', ''), '[\\r\\n]+$', '') }
end

-- Redis answers a wrong use of these instead of raising it.
local function one_text(make)
  return function(...)
    if select('#', ...) ~= 1 or type((...)) ~= 'string' then
      return { err = 'ERR wrong number or type of arguments' }
    end
    return make((...))
  end
end

-- The interpreter's own %d has 32 bits: larger numbers are printed by way of %f, which has no limit.
local format_text = string.format
local function formatted(...)
  local is_done, result = pcall(format_text, ...)
  if is_done then return result end
  error((string.gsub(result, "'%?'", "'format'", 1)), 3)
end
local function format(text, ...)
  if type(text) ~= 'string' then return (formatted(text, ...)) end
  local place, values
  for flags, kind in string.gmatch(string.gsub(text, '%%%%', ''), '%%([-+ #0]*%d*%.?%d*)(%a)') do
    place = (place or 0) + 1
    local number = string.find(kind, '[diouxX]') and tonumber((select(place, ...)))
    if number and not (math.abs(number) < 2 ^ 31) then
      if not string.find(kind, '[di]') or string.find(flags, '%.') then
        error('string.format: %' .. flags .. kind .. ' of a number beyond 32 bits is not available in the embedded engine', 2)
      end
      values = values or { n = select('#', ...), ... }
      -- What does not fit into 64 bits is the least number that does.
      local fits = number >= -2 ^ 63 and number < 2 ^ 63
      values[place] = not fits and -2 ^ 63 or number < 0 and math.ceil(number) or math.floor(number)
    end
  end
  if not values then return (formatted(text, ...)) end
  place = 0
  text = string.gsub(string.gsub(text, '%%%%', '%%\0'), '%%([-+ #0]*%d*%.?%d*)(%a)', function(flags, kind)
    place = place + 1
    local is_wide = string.find(kind, '[di]') and math.abs(tonumber(values[place]) or 0) >= 2 ^ 31
    return '%' .. flags .. (is_wide and '.0f' or kind)
  end)
  return (formatted((string.gsub(text, '%%%z', '%%%%')), unpack(values, 1, values.n)))
end

local visible = pick(_G, 'assert error ipairs next pairs pcall rawequal rawget select tonumber tostring type unpack xpcall')
visible._VERSION = _VERSION
visible.string = pick(string, 'byte char find format gmatch gsub len lower match rep reverse sub upper')
visible.string.format = format
visible.table = pick(table, 'concat foreach foreachi getn insert maxn remove sort')
visible.math = pick(math, 'abs acos asin atan ceil cos cosh deg exp floor fmod frexp huge ldexp log max min modf pi pow rad sin sinh sqrt tan tanh')
visible.math.atan2, visible.math.log10, visible.math.mod = math.atan2, math.log10, math.fmod
visible.redis = setmetatable({
  call = call,
  pcall = pcall_command,
  error_reply = one_text(error_table),
  status_reply = one_text(function(text) return { ok = text } end),
  sha1hex = function(...)
    if select('#', ...) ~= 1 then error({ err = 'ERR wrong number of arguments' }) end
    local kind = type((...))
    return sha1hex((kind == 'string' or kind == 'number') and tostring((...)) or '')
  end,
}, { __index = function(_, name)
  error('redis.' .. tostring(name) .. ' is not available in the embedded engine', 2)
end })

local function library(source, name)
  local made = loadstring(source, '=' .. name)()
  return setmetatable(made, { __index = function(_, field)
    error(name .. '.' .. tostring(field) .. ' is not available in the embedded engine', 2)
  end })
end

-- Compiled when a script first names them.
local sources = { cjson = json_source, bit = bits_source }
local absent = { cmsgpack = true, struct = true, os = true, coroutine = true }

local globals = {}
visible._G = globals
setmetatable(visible, { __index = function(_, name)
  if sources[name] then
    rawset(visible, name, library(sources[name], name))
    return visible[name]
  elseif absent[name] then
    error(name .. ' is not available in the embedded engine', 2)
  end
  error("Script attempted to access nonexistent global variable '" .. tostring(name) .. "'", 2)
end })
return setmetatable(globals, { __index = visible, __newindex = function(_, name)
  error("Script attempted to create global variable '" .. tostring(name) .. "'", 2)
end })
`;
