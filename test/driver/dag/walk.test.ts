import { describe, expect, test } from 'bun:test';
import type { Dag } from '../../../src/function/dag.ts';
import { call, dagOf, discovered, done, failed, type Memo, opIdOf, startMs } from './brief_dag.ts';

type Row = readonly [what: string, memos: readonly Memo[], answer: readonly string[]];

function table(name: string, dag: Dag, rows: readonly Row[]): void {
  describe(name, () => {
    for (const [what, memos, answer] of rows) {
      test(what, async () => expect(await discovered(dag, { memos })).toEqual([...answer]));
    }
  });
}

const edges = (decisions: object): object => decisions;
const event = (data: object): object => ({ name: 'test/came', data, user: {} });

table('a chain', dagOf({ a: {}, b: { after: ['a'] } }), [
  ['begins with the step after the trigger', [], ['plan a']],
  ['goes on with the step that follows', [done('a')], ['plan b']],
  [
    'completes with the output of the last step',
    [done('a'), done('b', { n: 1 })],
    ['completed {"b":{"body":{"n":1},"status":200}}'],
  ],
  ['fails by the step that failed', [failed('a', 'boom')], ['failed: step "a" failed: boom']],
]);

const diamond = (join: 'any' | 'all') =>
  dagOf({ a: {}, b: { after: ['a'] }, c: { after: ['a'] }, d: { after: ['b', 'c'], join } });

table('a diamond that joins any', diamond('any'), [
  ['opens both branches', [done('a')], ['plan b', 'plan c']],
  ['runs the last step after the first branch', [done('a'), done('c')], ['plan b', 'plan d']],
  [
    'waits for the other branch although the last step has run',
    [done('a'), done('c'), done('d')],
    ['plan b'],
  ],
  [
    'runs the last step only once',
    [done('a'), done('c'), done('d', 1), done('b')],
    ['completed {"d":{"body":1,"status":200}}'],
  ],
  ['goes on by the other branch when one failed', [done('a'), failed('b')], ['plan c']],
  [
    'is failed in the end when a branch failed',
    [done('a'), failed('b', 'boom'), done('c'), done('d')],
    ['failed: step "b" failed: boom'],
  ],
]);

table('a diamond that joins all', diamond('all'), [
  ['waits for the second branch', [done('a'), done('c')], ['plan b']],
  ['runs the last step when both are done', [done('a'), done('c'), done('b')], ['plan d']],
  [
    'never runs the last step when a branch failed',
    [done('a'), failed('c', 'one'), failed('b', 'two')],
    ['failed: step "c" failed: one (failed too: step "b")'],
  ],
]);

table(
  'branches with conditions',
  dagOf({
    a: {},
    yes: { after: [{ from: 'a', if: 'response.body > 1' }] },
    no: { after: [{ from: 'a', if: 'response.body <= 1' }] },
    last: { after: ['yes', 'no'] },
    both: { after: ['yes', 'no'], join: 'all' },
  }),
  [
    [
      'go the way that was decided when the parent ended',
      [done('a', 2, edges({ yes: { taken: true }, no: { taken: false } }))],
      ['plan yes'],
    ],
    [
      'go on after the one that was taken, and a join of both never runs',
      [done('a', 2, edges({ yes: { taken: true }, no: { taken: false } })), done('yes')],
      ['plan last'],
    ],
    [
      'keep a decision that would be another one by now',
      [done('a', 2, edges({ yes: { taken: false }, no: { taken: true } }))],
      ['plan no'],
    ],
    [
      'end with the step before when no way was taken',
      [done('a', 7, edges({ yes: { taken: false }, no: { taken: false } }))],
      ['completed {"a":{"body":7,"status":200}}'],
    ],
    [
      'let the other way go on when a condition failed, and are failed in the end',
      [done('a', 2, edges({ yes: { taken: false, error: 'if "x": bad' }, no: { taken: true } }))],
      ['plan no'],
    ],
    [
      'name the condition that failed',
      [
        done('a', 2, edges({ yes: { taken: false, error: 'if "x": bad' }, no: { taken: true } })),
        done('no'),
        done('last'),
      ],
      ['failed: edge "a" → "yes" failed: if "x": bad'],
    ],
    ['are decided at the discovery when nothing is stored of them', [done('a', 1)], ['plan no']],
  ],
);

table(
  'edges from the trigger',
  dagOf({
    never: { after: [{ from: '$trigger', if: 'event.data.missing == 1' }] },
    later: { after: [{ from: '$trigger', wait: '1h30m' }] },
    soon: { after: [{ from: '$trigger', wait: 'now() + duration("5s")' }] },
  }),
  [
    [
      'wait from the start of the run on, however late it is looked at',
      [],
      [
        'wait:$trigger→later until 2026-06-01T13:30:00.000Z',
        'wait:$trigger→soon until 2026-06-01T12:00:05.000Z',
      ],
    ],
    [
      'run each step when its own wait is over',
      [['wait:$trigger→soon', null]],
      ['wait:$trigger→later until 2026-06-01T13:30:00.000Z', 'plan soon'],
    ],
    [
      'complete without the step whose condition was false',
      [
        ['wait:$trigger→soon', null],
        ['wait:$trigger→later', null],
        done('soon', 1),
        done('later', 2),
      ],
      ['completed {"later":{"body":2,"status":200},"soon":{"body":1,"status":200}}'],
    ],
  ],
);

const at = '2026-06-04T12:00:00.000Z';

table(
  'a wait next to a short cut, joining any',
  dagOf({
    a: {},
    b: {},
    c: { after: [{ from: 'a', wait: '3d' }, 'b'] },
  }),
  [
    [
      'is open while the short cut is',
      [done('a', 0, edges({ c: { taken: true, at } }))],
      ['plan b', `wait:a→c until ${at}`],
    ],
    [
      'is not waited for when the step was reached by the other edge',
      [done('a', 0, edges({ c: { taken: true, at } })), done('b')],
      ['plan c'],
    ],
    [
      'does not hold the run up',
      [done('a', 0, edges({ c: { taken: true, at } })), done('b'), done('c', 3)],
      ['completed {"c":{"body":3,"status":200}}'],
    ],
    [
      'adds nothing when it ends later',
      [
        done('a', 0, edges({ c: { taken: true, at } })),
        done('b'),
        done('c', 3),
        ['wait:a→c', null],
      ],
      ['completed {"c":{"body":3,"status":200}}'],
    ],
  ],
);

const twin = dagOf({
  a: {},
  thank: {
    after: [{ from: 'a', async: { event: 'test/came', ttl: '2h', match: 'm', onTimeout: false } }],
  },
  nudge: {
    after: [{ from: 'a', async: { event: 'test/came', ttl: '2h', match: 'm', onTimeout: true } }],
  },
});
const decided = done(
  'a',
  1,
  edges({ thank: { taken: true, match: 'async.x' }, nudge: { taken: true, match: 'async.x' } }),
);

table('waiting for an event and for its absence', twin, [
  [
    'waits once, so that exactly one of the two happens',
    [decided],
    ['async:a→thank for test/came 2h if async.x'],
  ],
  ['goes one way when the event came', [decided, ['async:a→thank', event({})]], ['plan thank']],
  ['goes the other way when it did not come', [decided, ['async:a→thank', null]], ['plan nudge']],
  [
    'waits for the other one alone when the if of the first is false',
    [done('a', 1, edges({ thank: { taken: false }, nudge: { taken: true, match: 'async.x' } }))],
    ['async:a→thank for test/came 2h if async.x'],
  ],
  [
    'takes neither when the event came for the one whose if is false',
    [
      done('a', 1, edges({ thank: { taken: false }, nudge: { taken: true, match: 'async.x' } })),
      ['async:a→thank', event({})],
    ],
    ['completed {"a":{"body":1,"status":200}}'],
  ],
]);

test('edges share a wait only when they follow one step and wait for the same, alike and as long', async () => {
  const async = { event: 'e', ttl: '1h', match: 'async.x', onTimeout: false };
  const after = (changes: object) => ({ after: [{ from: 'a', async: { ...async, ...changes } }] });
  const dag = dagOf({
    a: {},
    same1: after({}),
    same2: after({}),
    same3: after({}),
    same4: after({ onTimeout: true }),
    event: after({ event: 'f' }),
    ttl: after({ ttl: '60m' }),
    match: after({ match: 'async.y' }),
    any: after({ match: undefined }),
    start: { after: [{ from: '$trigger', async }] },
  });
  const children = dag.steps.slice(1, -1).map(({ id }) => id);
  const decisions = Object.fromEntries(children.map((id) => [id, { taken: true, match: 'm' }]));
  const request = { disableImmediateExecution: true };
  const outcome = await call(dag, { memos: [done('a', 1, decisions)], request });
  if (outcome.kind !== 'opcodes') throw new Error(`unexpected: ${outcome.kind}`);
  expect(outcome.ops.map(({ userland }) => userland?.id)).toEqual([
    ...['same1', 'event', 'ttl', 'match', 'any'].map((id) => `async:a→${id}`),
    'async:$trigger→start',
  ]);
  expect(outcome.ops[0]?.displayName).toBe('e before same1, same2, same3, 1 more');
});

test('a wait is the same operation when the document gets a longer ttl or another match meanwhile', async () => {
  const dag = (ttl: string, match: string) =>
    dagOf({
      a: {},
      b: { after: [{ from: 'a', async: { event: 'e', ttl, match, onTimeout: false } }] },
    });
  const memos = [done('a', 1, { b: { taken: true, match: 'm' } }), ['async:a→b', null]] as const;
  expect(await discovered(dag('1h', 'm'), { memos })).toEqual(
    await discovered(dag('2h', 'n'), { memos }),
  );
});

test('edges from the trigger are not decided again when only they can have led to a step that has run', async () => {
  // Each would fail the run if it were looked at.
  const first = { from: '$trigger', if: '(' };
  const dag = dagOf({
    a: { after: [first] },
    b: { after: [first, 'a'], join: 'all' },
    c: { after: [first, 'a'] },
  });
  const answer = await discovered(dag, { memos: [done('a'), done('b'), done('c')] });
  expect(answer).toHaveLength(1);
  expect(answer[0]).toStartWith('failed: edge "$trigger" → "c" failed: ');
  expect(answer[0]).not.toContain('"a"');
});

test('waits after the trigger count from the first execution of the run, not from its creation', async () => {
  const dag = dagOf({ a: { after: [{ from: '$trigger', wait: '1h' }] } });
  const request = { startedAtMs: startMs + 2 * 3_600_000 };
  expect(await discovered(dag, { request })).toEqual([
    'wait:$trigger→a until 2026-06-01T15:00:00.000Z',
  ]);
});

table(
  'a document that has changed while the run was under way',
  dagOf({ a: {}, c: { after: ['a'] } }),
  [
    [
      'takes no notice of steps that it no longer has',
      [done('a'), done('b'), failed('x')],
      ['plan c'],
    ],
    [
      'follows a new edge from what was stored before',
      [done('a', 0, edges({ b: { taken: false } }))],
      ['plan c'],
    ],
    [
      'keeps what was decided about an edge that was plainer then',
      [done('a', 0, edges({ c: { taken: false } }))],
      ['completed {"a":{"body":0,"status":200}}'],
    ],
  ],
);

test('a wait that the document got since is decided from now on', async () => {
  const dag = dagOf({ a: {}, b: { after: [{ from: 'a', wait: '1h' }] } });
  const memos = [done('a', 0, { b: { taken: true } })];
  expect(await discovered(dag, { memos })).toEqual(['wait:a→b until 2026-06-01T14:00:00.000Z']);
});

test('a step that has run stays run, whatever leads to it by now', async () => {
  const dag = dagOf({ a: {}, b: { after: [{ from: 'a', if: 'false' }] }, c: { after: ['b'] } });
  expect(await discovered(dag, { memos: [done('a'), done('b')] })).toEqual(['plan c']);
});

test('memos in any order give the same answer', async () => {
  const dag = diamond('all');
  const memos = [done('c'), done('a'), done('b')];
  expect(await discovered(dag, { memos })).toEqual(['plan d']);
  expect(await discovered(dag, { memos: [...memos].reverse() })).toEqual(['plan d']);
});

test('what has a memo without having ended, as the input of a rerun, is still open', async () => {
  const input = [opIdOf('a'), '{"input":[1]}'] as const;
  const request = { steps: [input], stack: [] };
  expect(await discovered(dagOf({ a: {} }), { request })).toEqual(['plan a']);
});

test('the same state gives the same operations, ids included', async () => {
  const memos = [decided];
  expect(await discovered(twin, { memos })).toEqual(await discovered(twin, { memos }));
});

test('an output whose body has members called edges is not changed', async () => {
  const dag = dagOf({ a: {} });
  const body = { edges: { b: { taken: false } } };
  expect(await discovered(dag, { memos: [done('a', body)] })).toEqual([
    'completed {"a":{"body":{"edges":{"b":{"taken":false}}},"status":200}}',
  ]);
});

test('steps with names of object internals are steps like any other', async () => {
  const dag = dagOf({
    constructor: {},
    toString: { after: [{ from: 'constructor', if: 'response.status == 200' }] },
  });
  const memos = [done('constructor', 1, { toString: { taken: true } }), done('toString', 2)];
  expect(await discovered(dag, { memos: memos.slice(0, 1) })).toEqual(['plan toString']);
  expect(await discovered(dag, { memos })).toEqual([
    'completed {"toString":{"body":2,"status":200}}',
  ]);
});

test('a result above 1 MiB keeps the statuses', async () => {
  const dag = dagOf({ a: {}, b: {} });
  const memos = [done('a', 'x'.repeat(700_000)), done('b', 'y'.repeat(700_000))];
  expect(await discovered(dag, { memos })).toEqual([
    'completed {"a":{"status":200},"b":{"status":200}}',
  ]);
});

test('a run without any step to take completes', async () => {
  const dag = dagOf({ a: { after: [{ from: '$trigger', if: 'false' }] } });
  expect(await discovered(dag)).toEqual(['completed {}']);
});

test('many failures are named up to a bound', async () => {
  const ids = Array.from({ length: 30 }, (_, n) => `s${n}`);
  const dag = dagOf(Object.fromEntries(ids.map((id) => [id, {}])));
  const [answer = ''] = await discovered(dag, { memos: ids.map((id) => failed(id)) });
  expect(answer).toStartWith('failed: step "s0" failed: no (failed too: step "s1", ');
  expect(answer).toEndWith('step "s20", 9 more)');
});

test('a thousand steps are walked, whether they follow each other or one of them', async () => {
  const wide: Record<string, object> = { root: {} };
  const chain: Record<string, object> = { n0: {} };
  for (let n = 1; n < 1000; n += 1) {
    wide[`n${n}`] = { after: [{ from: 'root', if: 'response.body < 5' }] };
    chain[`n${n}`] = { after: [`n${n - 1}`] };
  }
  const wideDag = dagOf(wide);
  const chainDag = dagOf(chain);
  const decisions = Object.fromEntries(
    Array.from({ length: 999 }, (_, n) => [`n${n + 1}`, { taken: true }]),
  );
  const wideMemos = [done('root', 1, decisions)];
  const chainMemos = Array.from({ length: 999 }, (_, n) => done(`n${n}`, { text: 'some output' }));
  expect(await discovered(wideDag, { memos: wideMemos })).toHaveLength(999);
  expect(await discovered(chainDag, { memos: chainMemos })).toEqual(['plan n999']);
});
