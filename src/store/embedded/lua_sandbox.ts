/**
 * What scripts can see, as Redis gives it to them: the base functions, string, table, math and `redis`.
 * Randomness and time are left out on purpose: they come in as ARGV. Scripts run with a table in place of
 * the globals that refuses writes, so that no script can leave anything behind for the next one.
 */
export const sandboxSource = `
local call, pcall_command = ...

local function pick(from, names)
  local picked = {}
  for name in string.gmatch(names, '%a+') do picked[name] = from[name] end
  return picked
end

local visible = pick(_G, 'assert error ipairs next pairs pcall rawequal rawget select tonumber tostring type unpack xpcall')
visible.string = pick(string, 'byte char find format gmatch gsub len lower match rep reverse sub upper')
visible.table = pick(table, 'concat insert maxn remove sort')
visible.math = pick(math, 'abs acos asin atan ceil cos cosh deg exp floor fmod frexp huge ldexp log max min modf pi pow rad sin sinh sqrt tan tanh')
visible.redis = {
  call = call,
  pcall = pcall_command,
  error_reply = function(text) return { err = (string.gsub(text, '^%-', '')) } end,
  status_reply = function(text) return { ok = text } end,
}

local globals = {}
visible._G = globals
setmetatable(visible, { __index = function(_, name)
  error("Script attempted to access nonexistent global variable '" .. tostring(name) .. "'", 2)
end })
return setmetatable(globals, { __index = visible, __newindex = function(_, name)
  error("Script attempted to create global variable '" .. tostring(name) .. "'", 2)
end })
`;
