/**
 * `cjson` as Redis has it, in Lua: compiled when a script first asks for it, so that the others pay nothing. Answers the
 * library; the settings that would outlive a script are left out.
 */
export const jsonSource = String.raw`
local byte, char, concat, find, floor, format, gsub, sub = string.byte, string.char, table.concat, string.find,
  math.floor, string.format, string.gsub, string.sub
local error, next, pairs, pcall, rawget, select, tonumber, tostring, type = error, next, pairs, pcall, rawget, select,
  tonumber, tostring, type

local depth_max = 1000
-- An array this long may have more holes than elements; beyond, it counts as a mistake.
local sparse_length_max, sparse_ratio_max = 10, 2
local null = newproxy()

-- Errors carry the caller's line, however deep they are found.
local function refuse(text)
  error({ refusal = text }, 0)
end

local function guarded(work, value)
  local is_done, result = pcall(work, value)
  if is_done then
    return result
  elseif type(result) == 'table' and result.refusal then
    error(result.refusal, 3)
  end
  error(result, 0)
end

local escapes = { ['"'] = '\\"', ['\\'] = '\\\\', ['/'] = '\\/', ['\b'] = '\\b', ['\t'] = '\\t', ['\n'] = '\\n',
  ['\f'] = '\\f', ['\r'] = '\\r', ['\127'] = '\\u007f' }
for code = 0, 31 do
  escapes[char(code)] = escapes[char(code)] or format('\\u%04x', code)
end

local function quoted(text)
  return '"' .. gsub(text, '[%z\1-\31\127"\\/]', escapes) .. '"'
end

local function refuse_value(value, reason)
  refuse(format('Cannot serialise %s: %s', type(value), reason))
end

local function number_text(value)
  if value ~= value or value == math.huge or value == -math.huge then
    refuse_value(value, 'must not be NaN or Inf')
  end
  return format('%.14g', value)
end

-- The length of a table with positions only; nil for any other.
local function length_of(value)
  local length, count = 0, 0
  for key in next, value do
    if type(key) ~= 'number' or key < 1 or floor(key) ~= key then
      return nil
    end
    if key > length then
      length = key
    end
    count = count + 1
  end
  if length > count * sparse_ratio_max and length > sparse_length_max then
    refuse_value(value, 'excessively sparse array')
  end
  return length
end

local write

local function write_array(parts, value, length, depth)
  parts[#parts + 1] = '['
  for i = 1, length do
    if i > 1 then
      parts[#parts + 1] = ','
    end
    write(parts, rawget(value, i), depth)
  end
  parts[#parts + 1] = ']'
end

local function write_object(parts, value, depth)
  local separator = '{'
  for key, item in next, value do
    parts[#parts + 1] = separator
    if type(key) == 'string' then
      parts[#parts + 1] = quoted(key)
    elseif type(key) == 'number' then
      parts[#parts + 1] = '"' .. number_text(key) .. '"'
    else
      refuse_value(key, 'table key must be a number or string')
    end
    parts[#parts + 1] = ':'
    write(parts, item, depth)
    separator = ','
  end
  parts[#parts + 1] = separator == '{' and '{}' or '}'
end

function write(parts, value, depth)
  local kind = type(value)
  if kind == 'string' then
    parts[#parts + 1] = quoted(value)
  elseif kind == 'number' then
    parts[#parts + 1] = number_text(value)
  elseif kind == 'boolean' then
    parts[#parts + 1] = tostring(value)
  elseif value == nil or value == null then
    parts[#parts + 1] = 'null'
  elseif kind == 'table' then
    if depth >= depth_max then
      refuse(format('Cannot serialise, excessive depth (%d)', depth + 1))
    end
    local length = length_of(value)
    if length and length > 0 then
      write_array(parts, value, length, depth + 1)
    else
      write_object(parts, value, depth + 1)
    end
  else
    refuse_value(value, 'type not supported')
  end
end

local function encode(value)
  local parts = {}
  write(parts, value, 0)
  return concat(parts)
end

-- What is being read, the place of the next character, and the token before it: its kind, value and place.
local text, at, kind, value, start

local marks = { ['{'] = 'T_OBJ_BEGIN', ['}'] = 'T_OBJ_END', ['['] = 'T_ARR_BEGIN', [']'] = 'T_ARR_END',
  [':'] = 'T_COLON', [','] = 'T_COMMA' }
local plain_escapes = { ['"'] = '"', ['\\'] = '\\', ['/'] = '/', b = '\b', f = '\f', n = '\n', r = '\r', t = '\t' }

local function mistake(what, place)
  kind, value, start = 'T_ERROR', what, place
end

local function expected(what)
  local found = kind == 'T_ERROR' and value or kind
  refuse(format('Expected %s but found %s at character %d', what, found, start))
end

local function utf8(code)
  if code < 0x80 then
    return char(code)
  elseif code < 0x800 then
    return char(0xC0 + floor(code / 0x40), 0x80 + code % 0x40)
  elseif code < 0x10000 then
    return char(0xE0 + floor(code / 0x1000), 0x80 + floor(code / 0x40) % 0x40, 0x80 + code % 0x40)
  end
  return char(0xF0 + floor(code / 0x40000), 0x80 + floor(code / 0x1000) % 0x40, 0x80 + floor(code / 0x40) % 0x40,
    0x80 + code % 0x40)
end

-- The character of an escape like \u0041, or of two for one beyond U+FFFF, and the place after it.
local function unicode_escape(place)
  local _, last, digits = find(text, '^\\u(%x%x%x%x)', place)
  local code = digits and tonumber(digits, 16)
  if not code or (code >= 0xDC00 and code <= 0xDFFF) then
    return nil
  elseif code >= 0xD800 and code <= 0xDBFF then
    _, last, digits = find(text, '^\\u(%x%x%x%x)', last + 1)
    local low = digits and tonumber(digits, 16)
    if not low or low < 0xDC00 or low > 0xDFFF then
      return nil
    end
    code = 0x10000 + (code - 0xD800) * 0x400 + low - 0xDC00
  end
  return utf8(code), last + 1
end

local function read_string()
  local _, last = find(text, '^[^"\\%z]*"', at + 1)
  if last then
    kind, value, at = 'T_STRING', sub(text, at + 1, last - 1), last + 1
    return
  end
  local parts, from = {}, at + 1
  while true do
    local stop = find(text, '["\\%z]', from) or #text + 1
    parts[#parts + 1] = sub(text, from, stop - 1)
    local mark = sub(text, stop, stop)
    if mark == '"' then
      kind, value, at = 'T_STRING', concat(parts), stop + 1
      return
    elseif mark ~= '\\' then
      return mistake('unexpected end of string', stop)
    end
    local letter = sub(text, stop + 1, stop + 1)
    if letter == 'u' then
      parts[#parts + 1], from = unicode_escape(stop)
      if not from then
        return mistake('invalid unicode escape code', stop)
      end
    elseif plain_escapes[letter] then
      parts[#parts + 1], from = plain_escapes[letter], stop + 2
    else
      return mistake('invalid escape code', stop)
    end
  end
end

-- The last place of the longest number that C would read here.
local function number_end()
  local _, last = find(text, '^[+-]?0[xX]%x+%.?%x*', at)
  if not last then
    _, last = find(text, '^[+-]?0[xX]%.%x+', at)
  end
  if last then
    local _, power = find(text, '^[pP][+-]?%d+', last + 1)
    return power or last
  end
  _, last = find(text, '^[+-]?%d+%.?%d*', at)
  if not last then
    _, last = find(text, '^[+-]?%.%d+', at)
  end
  if last then
    local _, power = find(text, '^[eE][+-]?%d+', last + 1)
    return power or last
  end
  for _, name in ipairs({ '[iI][nN][fF][iI][nN][iI][tT][yY]', '[iI][nN][fF]', '[nN][aA][nN]%([%w_]*%)', '[nN][aA][nN]' }) do
    _, last = find(text, '^[+-]?' .. name, at)
    if last then
      return last
    end
  end
end

local function number_of(found)
  if find(found, '[nN][aA]') then
    return sub(found, 1, 1) == '-' and -(0 / 0) or 0 / 0
  elseif find(found, '[iI]') then
    return sub(found, 1, 1) == '-' and -math.huge or math.huge
  end
  return tonumber((gsub(found, '^%+', '')))
end

local function read_number()
  local last = number_end()
  if not last then
    return mistake('invalid number', at)
  end
  kind, value, at = 'T_NUMBER', number_of(sub(text, at, last)), last + 1
end

local function read_word(word, word_kind, word_value)
  if sub(text, at, at + #word - 1) ~= word then
    return false
  end
  kind, value, at = word_kind, word_value, at + #word
  return true
end

local function read_token()
  at = find(text, '[^ \t\n\r]', at) or #text + 1
  start = at
  local first = sub(text, at, at)
  if first == '' or first == '\0' then
    kind = 'T_END'
  elseif marks[first] then
    kind, at = marks[first], at + 1
  elseif first == '"' then
    read_string()
  elseif find(first, '[%d-]') then
    read_number()
  elseif read_word('true', 'T_BOOLEAN', true) or read_word('false', 'T_BOOLEAN', false)
    or read_word('null', 'T_NULL', null) then
    return
  elseif first == '+' or find(text, '^[iI][nN][fF]', at) or find(text, '^[nN][aA][nN]', at) then
    read_number()
  else
    mistake('invalid token', at)
  end
end

local read

local function read_object(depth)
  local object = {}
  read_token()
  if kind == 'T_OBJ_END' then
    return object
  end
  while true do
    if kind ~= 'T_STRING' then
      expected('object key string')
    end
    local key = value
    read_token()
    if kind ~= 'T_COLON' then
      expected('colon')
    end
    read_token()
    object[key] = read(depth)
    read_token()
    if kind == 'T_OBJ_END' then
      return object
    elseif kind ~= 'T_COMMA' then
      expected('comma or object end')
    end
    read_token()
  end
end

local function read_array(depth)
  local array, length = {}, 0
  read_token()
  if kind == 'T_ARR_END' then
    return array
  end
  while true do
    length = length + 1
    array[length] = read(depth)
    read_token()
    if kind == 'T_ARR_END' then
      return array
    elseif kind ~= 'T_COMMA' then
      expected('comma or array end')
    end
    read_token()
  end
end

function read(depth)
  if kind == 'T_STRING' or kind == 'T_NUMBER' or kind == 'T_BOOLEAN' or kind == 'T_NULL' then
    return value
  elseif kind ~= 'T_OBJ_BEGIN' and kind ~= 'T_ARR_BEGIN' then
    expected('value')
  elseif depth >= depth_max then
    refuse(format('Found too many nested data structures (%d) at character %d', depth + 1, at - 1))
  elseif kind == 'T_OBJ_BEGIN' then
    return read_object(depth + 1)
  end
  return read_array(depth + 1)
end

local function decode(given)
  if #given >= 2 and find(sub(given, 1, 2), '%z') then
    refuse('JSON parser does not support UTF-16 or UTF-32')
  end
  text, at = given, 1
  read_token()
  local result = read(0)
  read_token()
  if kind ~= 'T_END' then
    expected('the end')
  end
  return result
end

local function checked_count(name, ...)
  if select('#', ...) ~= 1 then
    error("bad argument #1 to '" .. name .. "' (expected 1 argument)", 3)
  end
end

return {
  _NAME = 'cjson',
  _VERSION = '2.1.0',
  null = null,
  encode = function(...)
    checked_count('encode', ...)
    return guarded(encode, (...))
  end,
  decode = function(...)
    checked_count('decode', ...)
    local given = ...
    if type(given) == 'number' then
      given = tostring(given)
    elseif type(given) ~= 'string' then
      error("bad argument #1 to 'decode' (string expected, got " .. type(given) .. ')', 2)
    end
    local result = guarded(decode, given)
    text, value = nil, nil
    return result
  end,
}
`;
