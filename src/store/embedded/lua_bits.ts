/** `bit` as Redis has it, in Lua: compiled when a script first asks for it. Numbers have 32 bits and a sign. */
export const bitsSource = `
local error, floor, format, select, tonumber, type, upper = error, math.floor, string.format, select, tonumber, type,
  string.upper

local range = 2 ^ 32
-- Added to a number, this leaves no room for its fraction: it is rounded to the even neighbour.
local no_fraction = 2 ^ 52 + 2 ^ 51

local function bits_of(given, place, name)
  local number = tonumber(given)
  if type(given) ~= 'number' and type(given) ~= 'string' or not number then
    local found = given == nil and 'no value' or type(given)
    error("bad argument #" .. place .. " to '" .. name .. "' (number expected, got " .. found .. ')', 3)
  end
  return (number + no_fraction - no_fraction) % range
end

local function signed(bits)
  return bits >= range / 2 and bits - range or bits
end

-- Combines two numbers bit by bit: The sums are those of a pair of bits (0, 1 or 2) that give 1.
local function combine(left, right, sums)
  local result, place = 0, 1
  for _ = 1, 32 do
    local l, r = left % 2, right % 2
    if sums[l + r] then
      result = result + place
    end
    left, right, place = (left - l) / 2, (right - r) / 2, place * 2
  end
  return result
end

local function combination(name, sums)
  return function(...)
    local result = bits_of((...), 1, name)
    for i = 2, select('#', ...) do
      result = combine(result, bits_of((select(i, ...)), i, name), sums)
    end
    return signed(result)
  end
end

local function shift(name, move)
  return function(given, count)
    local bits = bits_of(given, 1, name)
    return signed(move(bits, bits_of(count, 2, name) % 32))
  end
end

local function rotated_left(bits, count)
  local high = floor(bits / 2 ^ (32 - count))
  return bits * 2 ^ count % range + high
end

return {
  tobit = function(given)
    return signed(bits_of(given, 1, 'tobit'))
  end,
  bnot = function(given)
    return signed(range - 1 - bits_of(given, 1, 'bnot'))
  end,
  band = combination('band', { [2] = true }),
  bor = combination('bor', { [1] = true, [2] = true }),
  bxor = combination('bxor', { [1] = true }),
  lshift = shift('lshift', function(bits, count)
    return bits * 2 ^ count % range
  end),
  rshift = shift('rshift', function(bits, count)
    return floor(bits / 2 ^ count)
  end),
  arshift = shift('arshift', function(bits, count)
    return floor(signed(bits) / 2 ^ count) % range
  end),
  rol = shift('rol', rotated_left),
  ror = shift('ror', function(bits, count)
    return rotated_left(bits, (32 - count) % 32)
  end),
  bswap = function(given)
    local bits, result = bits_of(given, 1, 'bswap'), 0
    for _ = 1, 4 do
      local low = bits % 256
      result, bits = result * 256 + low, (bits - low) / 256
    end
    return signed(result)
  end,
  tohex = function(given, count)
    local bits = bits_of(given, 1, 'tohex')
    local digits = count == nil and 8 or signed(bits_of(count, 2, 'tohex'))
    local width = math.min(8, math.abs(digits))
    local text = format('%08x', bits):sub(9 - width)
    return digits < 0 and upper(text) or text
  end,
}
`;
