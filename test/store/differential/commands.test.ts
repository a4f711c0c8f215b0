/**
 * Random commands, well-formed and not, answer the same and leave the same behind on the embedded engine and on a real
 * server. What may differ is listed in `deliberate.ts`.
 */
import { test } from 'bun:test';
import fc from 'fast-check';
import { command, timeStepMs } from './arguments.ts';
import { againstServers, expectSame } from './engine_pair.ts';
import { dumpLua, renderLua } from './lua_text.ts';
import { runsOf, suiteMsMax } from './settings.ts';

/**
 * ARGV: the server's kind; per command the number of its words, then the words. Answers a line per command. Scores compare as text
 * with Redis and as numbers with Valkey, which prints them in another way.
 */
const sequence = `${renderLua}${dumpLua}
local is_unordered = { HKEYS = 1, HVALS = 1, SMEMBERS = 1, HGETALL = 2 }
local is_time = { TTL = ${timeStepMs / 1000}, PTTL = ${timeStepMs} }
local has_scores = { ZSCORE = true, ZMSCORE = true, ZINCRBY = true, ZADD = true, ZPOPMIN = true, ZRANGE = true,
  ZREVRANGE = true, ZRANGEBYSCORE = true, ZREVRANGEBYSCORE = true }

local function numbers(value)
  if type(value) == 'string' then
    local number = (ARGV[1] == 'valkey' or value == '-0') and tonumber(value)
    return number and string.format('%.17g', number + 0) or value
  elseif type(value) == 'table' and not value.err and not value.ok then
    for i = 1, #value do
      value[i] = numbers(value[i])
    end
  end
  return value
end

local lines = {}
local at = 2
while at <= #ARGV do
  local size = tonumber(ARGV[at])
  local name = ARGV[at + 1]:upper()
  local reply = redis.pcall(unpack(ARGV, at + 1, at + size))
  if is_unordered[name] and not reply.err then
    reply = sorted(reply, is_unordered[name])
  elseif is_time[name] and type(reply) == 'number' and reply > 0 then
    reply = math.floor(reply / is_time[name])
  elseif has_scores[name] then
    reply = numbers(reply)
  end
  lines[#lines + 1] = name .. ' ' .. render(reply):gsub('\\n', '\\\\n')
  at = at + size + 1
end
return table.concat(lines, '\\n')`;

againstServers({ sequence }, (pair, flavour) => {
  test(
    'random sequences of commands agree',
    async () => {
      const sequences = fc.array(command, { minLength: 5, maxLength: 25 });
      await fc.assert(
        fc.asyncProperty(sequences, (commands) =>
          expectSame(pair(), 'sequence', [
            flavour,
            ...commands.flatMap((words) => [words.length, ...words]),
          ]),
        ),
        runsOf(15_000, flavour),
      );
    },
    suiteMsMax,
  );
});
