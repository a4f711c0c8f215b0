/**
 * Lua on the embedded engine and on a real server: how values cross the boundary in both directions, what errors look
 * like, JSON and bits. Scripts take random values from ARGV.
 */
import { test } from 'bun:test';
import fc from 'fast-check';
import type { RedisFlavour } from '../../redis_server.ts';
import { againstServers, expectSame } from './engine_pair.ts';
import { dumpLua, renderLua } from './lua_text.ts';
import { runsOf, suiteMsMax } from './settings.ts';
import {
  argument,
  deepLua,
  document,
  jsonText,
  type Notation,
  number,
  readLua,
  reply,
  scalar,
  string,
  topReply,
} from './values.ts';

const whole = `${renderLua}${dumpLua}${readLua}${deepLua}
-- What came of a call: its results, or its error without the line.
local function outcome(is_fine, ...)
  local parts = { is_fine and 'fine' or 'failed' }
  -- Redis' pcall answers a nil more after some errors.
  for i = 1, is_fine and select('#', ...) or 1 do
    local value = select(i, ...)
    local is_error = not is_fine and type(value) == 'string'
    parts[#parts + 1] = is_error and error_text(value) or deep(value)
  end
  return table.concat(parts, ' ')
end

-- Errors have the caller's name and line when these are called from Lua, and not by pcall.
-- The order of an object's fields is open: so is that of the bytes here.
local function encode(value)
  local text = cjson.encode(value)
  local bytes = {}
  for i = 1, #text do
    bytes[i] = text:byte(i)
  end
  table.sort(bytes)
  return table.concat(bytes, ' ')
end
local function format(...)
  local text = string.format(...)
  return text
end
local function decode(text)
  local value = cjson.decode(text)
  return value
end
`;

interface LuaCase {
  readonly source: string;
  /** The values that it reads. */
  readonly takes: fc.Arbitrary<readonly Notation[]>;
  /** Where numbers become text, Valkey has a way of its own. */
  readonly only?: RedisFlavour;
}

const scripts: Readonly<Record<string, LuaCase>> = {
  'what a script answers': { source: 'return read()', takes: fc.tuple(topReply) },
  'what a command takes': {
    source: `
      local pushed = redis.pcall('RPUSH', 'l', read(), read())
      local set = redis.pcall('HSET', 'h', 'f', read())
      return outcome(true, pushed, redis.call('LRANGE', 'l', 0, -1), set, redis.call('HGETALL', 'h'))`,
    takes: fc.tuple(
      argument,
      argument,
      reply.filter(([, text]) => text !== 'nan'),
    ),
    only: 'redis',
  },
  'what a failing call raises': {
    source: `
      local is_fine, raised = pcall(redis.call, read(), read(), read())
      return outcome(is_fine, is_fine and raised or type(raised) == 'table' and raised.err or raised)`,
    takes: fc.tuple(
      fc.oneof(argument, fc.constant(['s', 'GET']), fc.constant(['s', 'incr'])),
      argument,
      argument,
    ),
    only: 'redis',
  },
  'a failing call that ends the script': {
    source: `redis.call('SET', 's', 'before') redis.call(read(), 's', read()) return 'after'`,
    takes: fc.tuple(
      fc.constantFrom(...['LPUSH', 'SET', 'INCR', 'nope'].map((name) => ['s', name])),
      argument,
    ),
    only: 'redis',
  },
  'what error() raises': { source: 'error(read())', takes: fc.tuple(fc.oneof(scalar, topReply)) },
  'error() and pcall': {
    source: 'return outcome(pcall(error, read(), 0))',
    takes: fc.tuple(reply),
  },
  'error and status replies': {
    source: `return outcome(true, redis.error_reply(read()), redis.status_reply(read()))`,
    takes: fc.tuple(scalar, scalar),
  },
  'an error reply that is answered': {
    source: 'return redis.error_reply(read())',
    takes: fc.tuple(string),
  },
  'numbers and text': {
    source: `
      local left, right = read(), read()
      return outcome(true, tostring(left), tonumber(left) or 'none', tostring(tonumber(right)), tostring(right):find('^%x%x?$') and tonumber(right, 16) or 'none',
        outcome(pcall(function() return left + right end)), outcome(pcall(function() return left .. right end)),
        outcome(pcall(function() return left < right end)), left == right,
        outcome(pcall(format, '%d|%5.1f|%s|%q|%-20i|%%|%+05d', left, left, right, right, left, left)),
        outcome(pcall(math.floor, left)), outcome(pcall(string.rep, right, 2)), outcome(pcall(string.upper, left)))`,
    takes: fc.tuple(fc.oneof(number, string), fc.oneof(number, string)),
  },
  'the hash of a text': {
    source: 'return outcome(pcall(redis.sha1hex, read()))',
    takes: fc.tuple(scalar),
  },
  'JSON that is written': {
    source: 'return outcome(pcall(encode, read()))',
    takes: fc.tuple(document),
  },
  'JSON that is read': {
    source: 'return outcome(pcall(decode, read()))',
    takes: fc.tuple(
      fc.oneof({ weight: 9, arbitrary: jsonText.map((text) => ['s', text]) }, scalar),
    ),
  },
  'JSON that is read and written again': {
    source: `
      local is_fine, value = pcall(decode, read())
      return outcome(is_fine, is_fine and value == cjson.null, outcome(pcall(encode, value)))`,
    takes: fc.tuple(jsonText.map((text) => ['s', text])),
  },
  'errors of JSON name the line': {
    source: `local text = read()\nlocal value = cjson.decode(text)\nlocal again = cjson.encode(value)\nreturn again`,
    takes: fc.tuple(jsonText.map((text) => ['s', text])),
  },
  bits: {
    source: `
      local left, right, more = read(), read(), read()
      return outcome(true, bit.tobit(left), bit.bnot(left), bit.band(left, right), bit.bor(left, right, more),
        bit.bxor(left, right), bit.lshift(left, right), bit.rshift(left, right), bit.arshift(left, right),
        bit.rol(left, right), bit.ror(left, more), bit.bswap(left), bit.tohex(left), bit.tohex(left, more))`,
    takes: fc.tuple(
      ...([1, 2, 3] as const).map(() =>
        fc
          .oneof(
            fc.integer(),
            fc.integer({ min: -9, max: 40 }),
            fc.maxSafeInteger().map((n) => n / 8),
          )
          .filter((value) => Math.abs(value) < 2 ** 51)
          .map((value) => ['n', String(value)]),
      ),
    ),
  },
};

const nameOf = (title: string): string => title.replace(/\W+/g, '_');

const sources = Object.fromEntries(
  Object.entries(scripts).map(([title, { source }]) => [nameOf(title), `${whole}${source}`]),
);

againstServers(sources, (pair, flavour) => {
  for (const [title, { takes, only = flavour }] of Object.entries(scripts)) {
    if (only !== flavour) continue;
    test(
      title,
      async () => {
        const property = fc.asyncProperty(takes, (values) =>
          expectSame(pair(), nameOf(title), values.flat()),
        );
        await fc.assert(property, runsOf(150, flavour));
      },
      suiteMsMax,
    );
  }
});
