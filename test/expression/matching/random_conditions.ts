/** Conditions on events and events, made to meet: few paths and few values, all operators, all that may be missing. */

/** A generator of numbers below a bound; the same for one seed. */
export type Random = (below: number) => number;

/** Mulberry32. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

function pick<T>(random: Random, items: readonly T[]): T {
  const item = items[random(items.length)];
  if (item === undefined) throw new Error('there is nothing to pick from');
  return item;
}

const paths = [
  ...['async.data.a', 'async.data.a', 'async.data.b', 'async.data.b', 'async.data.c', 'async.name'],
  ...[
    'async.data["a"]',
    'async["data"].b',
    'async.data.list',
    'async.data.list[0]',
    'async.data.map',
  ],
  ...['async.data.map.a', 'async.data.map["b"]', 'async.data.list[9]', 'async.data.never.there'],
  ...['async.data.a.b', 'async.data.list[1u]', 'async.ts', 'event.data.a', 'async', 'async.data'],
];

const literals = [
  ...['"a"', '"b"', "'a'", '"ab"', '""', 'r"b"', '"""a"""', '"\\u0061"', '"a\\n"', '"é"'],
  // In the order of UTF-16 units these stand elsewhere than in that of characters.
  ...['"\\uffff"', '"\uffff"', '"😀"', '"\\uff41"', '"\ufffd"', '"\ud800"', '"\udfff"', '"a😀"'],
  ...['0', '1', '2', '-1', '1.0', '1.5', '-0.0', '2.5e0', '1u', '0x1', '-2', '1', '2'],
  ...['9007199254740992', '9007199254740993', '-9007199254740993', '9223372036854775807'],
  ...['-9223372036854775808', '9007199254740993u', '1e300', 'true', 'false', 'null', 'b"a"'],
];

const operators = ['==', '==', '==', '!=', '<', '<=', '>', '>='];

function lists(random: Random): string {
  const items = Array.from({ length: random(4) }, () => pick(random, literals));
  return `[${items.join(', ')}]`;
}

function test(random: Random): string {
  const [path, other] = [pick(random, paths), pick(random, paths)];
  const [literal, operator] = [pick(random, literals), pick(random, operators)];
  switch (random(24)) {
    case 0:
      return `${literal} in ${path}`;
    case 1:
      return `${path} in ${lists(random)}`;
    case 2:
      return `${path} in ${other}`;
    case 3:
      return path;
    case 4:
      return 'has(async.data.a)';
    case 5:
      return `has(${path}.b)`;
    case 6:
      return `${path}.${pick(random, ['contains', 'startsWith', 'endsWith', 'matches'])}("a")`;
    case 7:
      return `${path} ${pick(random, ['+', '-', '*', '/', '%'])} ${literal} ${operator} ${literal}`;
    case 8:
      return `size(${path}) ${operator} ${random(3)}`;
    case 9:
      return `${path}.${pick(random, ['exists', 'all', 'exists_one'])}(x, x ${operator} ${literal})`;
    case 10:
      return `${path} ${operator} ${other}`;
    case 11:
      return `int(${path}) ${operator} ${literal}`;
    case 12:
      return pick(random, ['true', 'false', 'null', literal]);
    case 13:
      return `${path} ${operator} ${lists(random)}`;
    case 14:
      return `lowercase(${path}) == "a"`;
    case 15:
    case 16:
    case 17:
      return `${literal} ${operator} ${path}`;
    default:
      return `${path} ${operator} ${literal}`;
  }
}

function conditionWithin(random: Random, depth: number): string {
  const inner = () => conditionWithin(random, depth - 1);
  if (depth === 0) return test(random);
  switch (random(9)) {
    case 0:
    case 1:
      return `(${inner()}) && (${inner()})`;
    case 2:
      return `(${inner()}) || (${inner()})`;
    case 3:
      return `${inner()} && ${inner()} && ${inner()}`;
    case 4:
      return `${inner()} || ${inner()} || ${inner()}`;
    case 5:
      return `!(${inner()})`;
    case 6:
      return `(${inner()}) ? (${inner()}) : (${inner()})`;
    default:
      return test(random);
  }
}

const broken = ['async.data.a ==', '"a', 'async.data.a === 1', 'nothing(async.data.a) == 1'];

export function randomCondition(random: Random): string {
  if (random(60) === 0) return '';
  if (random(100) === 0) return pick(random, broken);
  if (random(8) === 0) {
    const path = pick(random, paths);
    const range = `${path} ${pick(random, ['>', '>='])} ${pick(random, literals)}`;
    return `${range} && ${path} ${pick(random, ['<', '<='])} ${pick(random, literals)}`;
  }
  return conditionWithin(random, random(4));
}

const values: readonly unknown[] = [
  ...['a', 'b', 'ab', '', 'a\n', 'é', 'c', 'a', 'b'],
  ...['\uffff', '😀', '\uff41', '\ufffd', '\ud800', '\udfff', 'a😀', 'a\uffff'],
  ...[0, 1, 2, -1, 1.5, -0, 2.5, 1, 2, 2 ** 53, -(2 ** 53), 2 ** 63, -(2 ** 63), 1e300, -2],
  ...[null, true, false, null],
  ...[[], ['a', 'b'], [1, null, 'a'], [[1], { a: 1 }, true], ['a', 'a', 2 ** 53]],
  ...[{}, { a: 'a', b: null }, { b: 1 }, { '': 0, a: { b: 'a' } }],
];

/** An event as JSON gives it. */
export function randomEvent(random: Random): unknown {
  if (random(100) === 0) return pick(random, values);
  const data: Record<string, unknown> = {};
  for (const name of ['a', 'b', 'c', 'list', 'map']) {
    if (random(5) > 0) data[name] = pick(random, values);
  }
  if (random(2) === 0) data.list = Array.from({ length: random(4) }, () => pick(random, values));
  if (random(2) === 0) data.map = { a: pick(random, values), b: pick(random, values) };
  return { name: pick(random, ['a', 'b']), data, ts: random(3) };
}
