/**
 * Random calls of our own scripts answer the same, publish the same and leave the same behind on the embedded engine and
 * on a real server. The scripts of a sequence run in one, which sorts what Redis answers in no particular order.
 */
import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { loadScripts } from '../../../src/store/scripts.ts';
import { againstServers, expectSame } from './engine_pair.ts';
import { dumpLua, renderLua } from './lua_text.ts';
import { calledScripts, scriptCalls } from './script_calls.ts';
import { runsOf, suiteMsMax } from './settings.ts';

const functions = [...loadScripts()]
  .map(([name, source]) => `scripts.${name} = function(KEYS, ARGV)\n${source}\nend`)
  .join('\n');

/** ARGV: per call the script's name, the number of its arguments, its arguments. Answers a line per call and message. */
const together = `${renderLua}${dumpLua}
local lines = {}
local widths = { SMEMBERS = 1, HKEYS = 1, HVALS = 1, HGETALL = 2 }
local plain = redis

local function in_order(list, width)
  local rows, flat = {}, {}
  for i = 1, #list, width do
    rows[#rows + 1] = { unpack(list, i, i + width - 1) }
  end
  table.sort(rows, function(left, right)
    return left[1] ~= right[1] and is_before(left[1], right[1]) or left[1] == right[1] and is_before(left[#left], right[#right])
  end)
  for i = 1, #rows do
    for k = 1, width do
      flat[#flat + 1] = rows[i][k]
    end
  end
  return flat
end

local redis = { call = function(name, ...)
  local reply = plain.call(name, ...)
  if name == 'PUBLISH' then
    lines[#lines + 1] = 'published ' .. table.concat({ ... }, ' ')
  end
  return widths[name] and in_order(reply, widths[name]) or reply
end }
local scripts = {}
${functions}

local at = 1
while at <= #ARGV do
  local name, size = ARGV[at], tonumber(ARGV[at + 1])
  local is_fine, reply = pcall(scripts[name], KEYS, { unpack(ARGV, at + 2, at + 1 + size) })
  if not is_fine then
    reply = { err = error_text(type(reply) == 'table' and reply.err or reply) }
  end
  lines[#lines + 1] = name .. ' ' .. render(reply)
  at = at + 2 + size
end
return table.concat(lines, '\\n')`;

test('every script is among those that are called', () => {
  expect([...calledScripts].sort()).toEqual([...loadScripts().keys()].sort());
});

againstServers({ together }, (pair, flavour) => {
  test(
    'random sequences of scripts agree',
    async () => {
      const property = fc.asyncProperty(scriptCalls, (calls) =>
        expectSame(
          pair(),
          'together',
          calls.flatMap(({ script, args }) => [script, args.length, ...args]),
        ),
      );
      await fc.assert(property, runsOf(4_000, flavour));
    },
    suiteMsMax,
  );
});
