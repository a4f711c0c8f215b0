-- Reads ARGV from left to right, so that scripts can take lists of records without index arithmetic.
-- KEYS[1] is the key prefix of the shard with its hash tag, for example {inngest}: every key of the shard
-- begins with it and so sits in the same slot.
local P = KEYS[1]
local cursor = 0

local function arg_text()
  cursor = cursor + 1
  return ARGV[cursor]
end

local function arg_number()
  cursor = cursor + 1
  return tonumber(ARGV[cursor])
end

local function arg_list()
  local list = {}
  for i = 1, arg_number() do
    list[i] = arg_text()
  end
  return list
end
