import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { readFunctions } from '../../../src/config/functions/read_functions.ts';
import { evaluated, problemsOf, runtime, sampleFunction } from './sample.ts';

/** Names that mean something somewhere, so that random values come past the first checks. */
const names = fc.oneof(
  fc.constantFrom(
    ...['function', 'functions', 'config', 'id', 'name', 'triggers', 'event', 'expression', 'cron'],
    ...['steps', 'runtime', 'url', 'type', 'after', 'step', 'if', 'wait', 'async', 'ttl', 'match'],
    ...['cancel', 'timeout', 'throttle', 'period', 'key', 'count', 'batch', 'priority', 'run', 'a'],
    ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', '$trigger', ''],
  ),
  fc.string(),
);
const leaves = fc.oneof(
  fc.constantFrom<unknown>('a', '$trigger', '1h', 'event.data.x', 'http://x', 'http', '1 + 1', '('),
  // What comes out of JSON always has a prototype.
  fc.anything({ maxDepth: 0, withNullPrototype: false }),
);
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { depthSize: 'medium' },
    leaves,
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.dictionary(names, tie('tree'), { maxKeys: 6, noNullPrototype: true }),
  ),
}));

/** A valid function in which one value, anywhere, is another one. */
const damaged = fc.record({ at: fc.nat(60), value: tree }).map(({ at, value }) => {
  let left = at;
  const walk = (node: unknown): unknown => {
    left -= 1;
    if (left === -1) return value;
    if (Array.isArray(node)) return node.map(walk);
    if (typeof node !== 'object' || node === null) return node;
    return Object.fromEntries(Object.entries(node).map(([key, member]) => [key, walk(member)]));
  };
  return walk({ function: full });
});

const full = sampleFunction({
  concurrency: 1,
  triggers: [
    { event: 'a', expression: 'event.data.x == 1' },
    { cron: '* * * * *', jitter: '1s' },
  ],
  throttle: { count: 1, period: '1m', key: 'event.data.x' },
  rateLimit: { limit: 1, period: '1m' },
  cancel: [{ event: 'c', if: 'async.data.x == event.data.x', timeout: '1h' }],
  timeouts: { start: '1h' },
  steps: {
    a: { id: 'a', runtime, retries: { attempts: 1 }, version: { major: 1 } },
    b: {
      runtime,
      join: 'all',
      after: [
        { step: 'a', if: 'response.status == 200', wait: '1h' },
        { step: '$trigger', async: { event: 'e', ttl: '1h', match: 'async.x == steps.a.y' } },
      ],
    },
  },
});

/** Whether a path leads to a value, or to a field that an object or a list could have. */
function isPlace(value: unknown, path: readonly (string | number)[]): boolean {
  let at = value;
  for (const part of path.slice(0, -1)) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, part)) return false;
    at = Reflect.get(at, part);
  }
  return path.length === 0 || (typeof at === 'object' && at !== null);
}

test('any value is answered with functions or with problems, at places that there are', () => {
  fc.assert(
    fc.property(fc.oneof(tree, damaged, fc.record({ function: tree })), (value) => {
      const { functions, findings, warnings } = readFunctions([evaluated(value)]);
      for (const { path } of [...findings, ...warnings]) {
        expect({ path, isPlace: isPlace(value, path) }).toEqual({ path, isPlace: true });
      }
      // What is accepted can be stored.
      for (const one of functions) expect(JSON.parse(JSON.stringify(one))).toEqual(one);
    }),
    { numRuns: 3_000 },
  );
});

test('names of the language itself are names like any other', () => {
  const steps = JSON.parse('{"__proto__": {"runtime": {"url": "http://x"}}, "constructor": {}}');
  const found = problemsOf({ function: sampleFunction({ steps }) });
  expect(found[0]).toStartWith('function.steps.__proto__: id "__proto__" may only have');
  expect(found[1]).toStartWith('function.steps.constructor.runtime: a step needs');
  const value = JSON.parse('{"functions": {"__proto__": {"id": "__proto__"}}}');
  expect(problemsOf(value)[0]).toStartWith('functions.__proto__');
  const named = { steps: { a: { runtime, after: [{ step: 'constructor' }] } } };
  expect(problemsOf({ function: sampleFunction(named) })[0]).toContain(
    'unknown step "constructor"',
  );
  const field = JSON.parse('{"throttle": {"period": "1m", "__proto__": {}}}');
  expect(problemsOf({ function: sampleFunction(field) })).toEqual([
    'function.throttle.__proto__: there is no field "__proto__" here',
  ]);
});

test('values of any depth and length are answered', () => {
  let deep: unknown = 'x';
  for (let depth = 0; depth < 100_000; depth += 1) deep = { deep };
  const definition = { format: 'cue', synced: true, def: { deep } };
  const changes: readonly Record<string, unknown>[] = [
    {
      triggers: [
        { event: 'a', definition },
        { event: 'a', definition },
      ],
    },
    { steps: deep },
    { id: 'x'.repeat(1_000_000) },
    { name: deep },
    { idempotency: '('.repeat(100_000) },
    { idempotency: `${'!'.repeat(50_000)}true` },
    { triggers: Array.from({ length: 100_000 }, () => ({ event: 'a', expression: 'lol' })) },
    { cancel: Array.from({ length: 100_000 }, () => ({ event: 'a', if: 'lol' })) },
    { steps: Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`s${i}`, {}])) },
    { steps: { a: { runtime, after: Array.from({ length: 100_000 }, () => ({ step: 'zz' })) } } },
    { steps: { ['s'.repeat(100_000)]: { runtime, after: [{ step: 't'.repeat(100_000) }] } } },
  ];
  for (const change of changes) {
    const found = problemsOf({ function: sampleFunction(change) });
    expect(found.length).toBeGreaterThan(0);
    expect(found.length).toBeLessThanOrEqual(1_001);
    for (const line of found) expect(line.length).toBeLessThan(110_000);
  }
  expect(problemsOf({ function: deep })).not.toEqual([]);
});

test('more functions than an app may have are refused', () => {
  const one = sampleFunction();
  const functions = Object.fromEntries(
    Array.from({ length: 10_001 }, (_, index) => [`f${index}`, { ...one, id: `f${index}` }]),
  );
  expect(problemsOf({ functions })).toEqual([
    'functions.f10000: documents declare at most 10000 functions; there are 10001',
  ]);
});

test('names and URLs of the largest size are taken', () => {
  const value = {
    function: sampleFunction({
      name: 'n'.repeat(1_024),
      steps: { a: { name: 's'.repeat(1_024), runtime: { url: `http://h/${'p'.repeat(8_183)}` } } },
    }),
  };
  expect(readFunctions([evaluated(value)]).findings).toEqual([]);
});

test('a step with a longer name is refused', () => {
  const steps = { a: { name: 's'.repeat(1_025), runtime } };
  const { findings } = readFunctions([evaluated({ function: sampleFunction({ steps }) })]);
  expect(findings.map(({ path }) => path.join('.'))).toEqual(['function.steps.a.name']);
});
