/** Arguments of commands, well-formed and not, for differential tests. */
import fc from 'fast-check';
import { commandsOfChangedArity } from './deliberate.ts';

export type Words = readonly string[];

const long = 'long-'.repeat(40);
const texts = [
  'a',
  'b',
  'c',
  'd',
  'é',
  '€',
  '\uffee',
  '😀',
  '',
  '0',
  '10',
  '3.5',
  'A',
  ' a',
  long,
  'a\0b',
  'a\nb',
];

export const text: fc.Arbitrary<string> = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('a', 'b', 'c', 'd', 'e') },
  { weight: 3, arbitrary: fc.constantFrom(...texts) },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 12 }) },
);

const oddIntegers = [
  ...['9007199254740991', '9007199254740992', '9007199254740993', '-9007199254740993'],
  ...['9223372036854775807', '9223372036854775808', '-9223372036854775808', '-9223372036854775809'],
  ...['9223372036854775', '9223372036854776', '-9223372036854775', '99999999999999999999'],
  ...['', ' 1', '1 ', '+1', '-0', '01', '0x10', '1.0', '1e3', '--1', '-', 'abc', 'nan', '१'],
];

export const integer: fc.Arbitrary<string> = fc.oneof(
  { weight: 10, arbitrary: fc.integer({ min: -5, max: 9 }).map(String) },
  { weight: 3, arbitrary: fc.integer().map(String) },
  { weight: 2, arbitrary: fc.constantFrom(...oddIntegers) },
);

/** Redis 7.2 and Valkey take the lowest 32 bits of these. */
const position = integer.filter((at) => !/\d{10}/.test(at));

const oddFloats = [
  ...['0.1', '0.2', '-0.1', '1e15', '1e16', '1e17', '1e20', '1e21', '1e22', '123456789012345680'],
  ...['1e-5', '1e-6', '1e-7', '1.5e-7', '3.0000000000000001e20', '-0.0', '-0', '+5', '5.', '.5'],
  ...['1e308', '1.7976931348623157e308', '1e309', '-1e309', '5e-324', '1e-400', '1e+2', '1E2'],
  ...[
    'inf',
    '+inf',
    '-inf',
    'INF',
    'Infinity',
    '-infinity',
    'infin',
    'nan',
    '-nan',
    'NaN',
    'nan(1)',
  ],
  ...['0x10', '0x1p-3', '0x1.8p1', '-0XaP2', '0x', '0x.8', '1e', '1e+', 'e5', '.', '', ' 1', '1 '],
  ...[
    '1,5',
    '१',
    '--1',
    '00012',
    '1_000',
    '0.30000000000000004',
    '9007199254740993',
    '1e4000',
    '1e5000',
  ],
  ...['123456789.123456789123456789', '0.00000000000000000001', '99999999999999999999.5'],
];

export const float: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -5, max: 9 }).map(String) },
  { weight: 4, arbitrary: fc.integer({ min: -400, max: 400 }).map((n) => String(n / 8)) },
  { weight: 3, arbitrary: fc.integer({ min: -1000, max: 1000 }).map((n) => String(n / 100)) },
  { weight: 2, arbitrary: fc.double({ noNaN: true }).map(String) },
  { weight: 2, arbitrary: fc.constantFrom(...oddFloats) },
);

const bound: fc.Arbitrary<string> = fc
  .tuple(
    fc.constantFrom('', '', '', '(', '(', '[', '((', '( '),
    fc.oneof(
      { weight: 2, arbitrary: fc.constantFrom('-inf', '+inf') },
      { weight: 5, arbitrary: float },
    ),
  )
  .map((parts) => parts.join(''));

const lexBound: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom('-', '+', '', 'a', '(', '['),
  fc.tuple(fc.constantFrom('[', '('), text).map((parts) => parts.join('')),
);

/** Time in the middle of steps so long that both engines are in the same one whenever they are asked. */
export const timeStepMs = 1_000_000_000;
const startMs = Math.floor(Date.now() / timeStepMs) * timeStepMs;
const far = fc.integer({ min: 1, max: 5 });
const oddTimes = fc.oneof(
  fc.constantFrom('0', '-1', '1.5', 'abc', '', '-9223372036854775808', '9223372036854775807'),
  fc.constantFrom('9223372036854775', '9223372036854776', '-9223372036854775', '9007199254740993'),
);
const halfStep = timeStepMs / 2;
const afterMs = far.map((steps) => steps * timeStepMs + halfStep);
const atMs = far.map((steps) => startMs + (steps + 2) * timeStepMs);
const pastMs = fc.integer({ min: 1, max: 1_500_000_000_000 });

const either = (usual: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.oneof({ weight: 6, arbitrary: usual }, { weight: 1, arbitrary: oddTimes });

export const time = {
  seconds: either(afterMs.map((ms) => String(ms / 1000))),
  ms: either(afterMs.map(String)),
  atSeconds: either(fc.oneof(atMs, pastMs).map((ms) => String(Math.floor(ms / 1000)))),
  atMs: either(fc.oneof(atMs, pastMs).map(String)),
};

/** A word in some spelling. */
export const word = (...names: string[]): fc.Arbitrary<string> =>
  fc
    .tuple(fc.constantFrom(...names), fc.constantFrom(0, 0, 1, 2))
    .map(([name, spelling]) => spellings[spelling]?.(name) ?? name);

const spellings: readonly ((name: string) => string)[] = [
  (name) => name,
  (name) => name.toLowerCase(),
  (name) => name.charAt(0) + name.slice(1).toLowerCase(),
];

type Part = fc.Arbitrary<string | Words>;

const seq = (...parts: Part[]): fc.Arbitrary<Words> =>
  fc.tuple(...parts).map((found) => found.flat());

const many = (part: Part, minLength = 1, maxLength = 4): fc.Arbitrary<Words> =>
  fc.array(part, { minLength, maxLength }).map((found) => found.flat());

const maybe = (part: Part): fc.Arbitrary<Words> =>
  fc.oneof(
    fc.constant<Words>([]),
    part.map((found) => [found].flat()),
  );

const none = fc.constant<Words>([]);
const crowd = fc
  .tuple(fc.integer({ min: 1, max: 300 }), fc.constantFrom('', 'm'))
  .map(([size, start]) => Array.from({ length: size }, (_, at) => start + at * 7));
const limit = seq(word('LIMIT'), integer, integer);

const setOptions = many(
  fc.oneof(
    word('NX', 'XX', 'GET', 'KEEPTTL'),
    seq(word('EX'), time.seconds),
    seq(word('PX'), time.ms),
    seq(word('EXAT'), time.atSeconds),
    seq(word('PXAT'), time.atMs),
    text,
  ),
  0,
  3,
);

/** GT and LT compare: only with times that are the same on both engines to the millisecond. */
const sameOptions = many(word('NX', 'XX', 'YY'), 0, 2);
const expiryOptions = many(word('NX', 'XX', 'GT', 'LT'), 0, 2);

const addOptions = many(word('NX', 'XX', 'GT', 'LT', 'CH', 'INCR'), 0, 2);
const scored = seq(float, text);
const rangeOptions = many(fc.oneof(word('WITHSCORES', 'BYSCORE', 'REV', 'XYZ'), limit), 0, 3);
const scoreOptions = many(fc.oneof(word('WITHSCORES'), limit, word('REV', 'LIMIT')), 0, 2);
const ends = fc.oneof(seq(integer, integer), seq(bound, bound), seq(lexBound, lexBound));

/** The key that a command is usually tried on, and what comes after the key. */
type Shape = readonly [kind: string, args: fc.Arbitrary<Words>];

export const shapes: Readonly<Record<string, Shape>> = {
  DEL: ['any', many(fc.constantFrom('any', 'string', 'list'), 0, 2)],
  UNLINK: ['any', none],
  EXISTS: ['any', many(fc.constantFrom('any', 'hash', 'set', 'none'), 0, 3)],
  TYPE: ['any', none],
  EXPIRE: ['any', seq(time.seconds, sameOptions)],
  PEXPIRE: ['any', seq(time.ms, sameOptions)],
  EXPIREAT: ['any', seq(time.atSeconds, expiryOptions)],
  PEXPIREAT: ['any', seq(time.atMs, expiryOptions)],
  PERSIST: ['any', none],
  TTL: ['any', none],
  PTTL: ['any', none],
  GET: ['string', none],
  SET: ['string', seq(fc.oneof(text, integer, float), setOptions)],
  SETEX: ['string', seq(time.seconds, text)],
  PSETEX: ['string', seq(time.ms, text)],
  SETNX: ['string', seq(fc.oneof(text, integer, float))],
  GETDEL: ['string', none],
  INCR: ['string', none],
  DECR: ['string', none],
  INCRBY: ['string', seq(integer)],
  DECRBY: ['string', seq(integer)],
  INCRBYFLOAT: ['string', seq(float)],
  STRLEN: ['string', none],
  APPEND: ['string', seq(text)],
  HSET: ['hash', many(seq(text, fc.oneof(text, integer, float)))],
  HMSET: ['hash', many(seq(text, text))],
  HSETNX: ['hash', seq(text, text)],
  HGET: ['hash', seq(text)],
  HMGET: ['hash', many(text)],
  HGETALL: ['hash', none],
  HKEYS: ['hash', none],
  HVALS: ['hash', none],
  HLEN: ['hash', none],
  HEXISTS: ['hash', seq(text)],
  HSTRLEN: ['hash', seq(text)],
  HDEL: ['hash', many(text)],
  HINCRBY: ['hash', seq(text, integer)],
  HINCRBYFLOAT: ['hash', seq(text, float)],
  SADD: ['set', fc.oneof({ weight: 9, arbitrary: many(text) }, { weight: 1, arbitrary: crowd })],
  SREM: ['set', many(text)],
  SISMEMBER: ['set', seq(text)],
  SMEMBERS: ['set', none],
  SCARD: ['set', none],
  ZADD: ['zset', seq(addOptions, many(scored))],
  ZINCRBY: ['zset', scored],
  ZREM: ['zset', many(text)],
  ZSCORE: ['zset', seq(text)],
  ZMSCORE: ['zset', many(text)],
  ZCARD: ['zset', none],
  ZRANK: ['zset', seq(text)],
  ZREVRANK: ['zset', seq(text)],
  ZPOPMIN: ['zset', maybe(integer)],
  ZREMRANGEBYSCORE: ['zset', seq(bound, bound)],
  ZREMRANGEBYRANK: ['zset', seq(integer, integer)],
  ZCOUNT: ['zset', seq(bound, bound)],
  ZRANGE: ['zset', seq(ends, rangeOptions)],
  ZREVRANGE: ['zset', seq(integer, integer, maybe(word('WITHSCORES', 'REV', 'BYSCORE')))],
  ZRANGEBYSCORE: ['zset', seq(bound, bound, scoreOptions)],
  ZREVRANGEBYSCORE: ['zset', seq(bound, bound, scoreOptions)],
  LPUSH: ['list', fc.oneof({ weight: 9, arbitrary: many(text) }, { weight: 1, arbitrary: crowd })],
  RPUSH: ['list', many(text)],
  LPOP: ['list', maybe(integer)],
  RPOP: ['list', maybe(integer)],
  LLEN: ['list', none],
  LINDEX: ['list', seq(position)],
  LRANGE: ['list', seq(integer, integer)],
  LSET: ['list', seq(position, text)],
  LTRIM: ['list', seq(integer, integer)],
  LREM: ['list', seq(position, text)],
  PUBLISH: ['none', seq(text)],
};

const kinds = ['string', 'hash', 'set', 'zset', 'list', 'any', 'none'];

function keyFor(kind: string): fc.Arbitrary<string> {
  const usual = kind === 'any' ? fc.constantFrom(...kinds) : fc.constant(kind);
  return fc.oneof(
    { weight: 9, arbitrary: usual },
    { weight: 1, arbitrary: fc.constantFrom('any', 'any', ...kinds, '') },
  );
}

/** A command of this name: most with all it needs, some with a word too few or too many. */
function callOf(name: string, [kind, args]: Shape): fc.Arbitrary<Words> {
  const whole = seq(word(name), keyFor(kind), args);
  if (commandsOfChangedArity.has(name)) return whole;
  return fc.oneof(
    { weight: 16, arbitrary: whole },
    { weight: 1, arbitrary: whole.map((words) => words.slice(0, -1)) },
    { weight: 1, arbitrary: seq(whole, text) },
  );
}

const known = fc.oneof(...Object.entries(shapes).map(([name, shape]) => callOf(name, shape)));
const unknown = seq(word('NOSUCH', ''), many(text, 0, 2));

export const command: fc.Arbitrary<Words> = fc.oneof(
  { weight: 200, arbitrary: known },
  { weight: 1, arbitrary: unknown },
);
