import { describe, expect, test } from 'bun:test';
import { evaluateBoolean } from '../../../src/expression/expression.ts';
import type { Dag, DagEdge } from '../../../src/function/dag.ts';
import {
  call,
  dagOf,
  decisionsAfter,
  discovered,
  done,
  type Memo,
  nowMs,
  type Situation,
} from './brief_dag.ts';

/** What is decided of the one edge after `a`, which has answered `body`. */
async function decided(
  edge: Omit<DagEdge, 'from'>,
  body: unknown = null,
  situation: Situation = {},
): Promise<unknown> {
  const dag = dagOf({
    before: {},
    a: { after: ['before'] },
    b: { after: [{ from: 'a', ...edge }] },
  });
  const memos = situation.memos ?? [done('before', { n: 1 })];
  const edges = await decisionsAfter(dag, 'a', {
    answer: () => Response.json(body),
    ...situation,
    memos,
  });
  return typeof edges === 'object' && edges !== null && 'b' in edges ? edges.b : edges;
}

const iso = (ms: number): string => new Date(ms).toISOString();
const hourMs = 3_600_000;

describe('an if', () => {
  const event = { name: 'test/go', data: { limit: 5 } };
  const rows: readonly [text: string, body: unknown, taken: boolean][] = [
    ['response.body.n > event.data.limit', { n: 6 }, true],
    ['response.body.n > event.data.limit', { n: 5 }, false],
    ['response.status == 200 && steps["before"].body.n == 1', null, true],
    ['steps.a.body == "text"', 'text', true],
    ['response.body.missing == null', {}, true],
    ['response.body.missing', {}, false],
    ['async.data.x == null', {}, true],
  ];
  for (const [text, body, taken] of rows) {
    test(`${text} is ${taken} after ${JSON.stringify(body)}`, async () => {
      expect(await decided({ if: text }, body, { event })).toEqual({ taken });
    });
  }

  test('that gives no boolean fails the edge', async () => {
    const { taken, error } = (await decided({ if: '1 + 1' })) as Record<string, unknown>;
    expect(taken).toBe(false);
    expect(error).toStartWith('if "1 + 1": expression did not return true or false');
  });

  test('that cannot be read fails the edge, and the rest of the run goes on', async () => {
    const dag = dagOf({ a: {}, b: { after: [{ from: 'a', if: '(' }] }, c: { after: ['a'] } });
    const edges = await decisionsAfter(dag, 'a');
    expect(edges).toMatchObject({ b: { taken: false, error: expect.stringContaining('if "("') } });
    const memos = [done('a', 1, edges as object), done('c')];
    expect(await discovered(dag, { memos: memos.slice(0, 1) })).toEqual(['plan c']);
    const [answer = ''] = await discovered(dag, { memos });
    expect(answer).toStartWith('failed: edge "a" → "b" failed: if "(": ');
  });
});

describe('a wait', () => {
  const rows: readonly [text: string, body: unknown, at: number][] = [
    ['90m', null, nowMs + 1.5 * hourMs],
    ['1d12h', null, nowMs + 36 * hourMs],
    ['0', null, nowMs],
    ['-5m', null, nowMs],
    ['10', null, nowMs + 10_000],
    ['1.5', null, nowMs + 1_500],
    ['response.body.seconds', { seconds: 0.25 }, nowMs + 250],
    ['duration("24h")', null, nowMs + 24 * hourMs],
    ['date(response.body.at)', { at: iso(nowMs + 5 * hourMs) }, nowMs + 5 * hourMs],
    [
      'date(response.body.at) - duration("1h")',
      { at: iso(nowMs + 5 * hourMs) },
      nowMs + 4 * hourMs,
    ],
    ['date(response.body.at)', { at: '2001-01-01' }, nowMs],
    ['now() + duration("1h")', null, nowMs + hourMs],
    ['steps["before"].body.n * 60.0', null, nowMs + 60_000],
  ];
  for (const [text, body, at] of rows) {
    test(`${text} ends at ${iso(at)} after ${JSON.stringify(body)}`, async () => {
      expect(await decided({ wait: text }, body)).toEqual({ taken: true, at: iso(at) });
    });
  }

  const refused: readonly [text: string, why: string][] = [
    ['"soon"', 'it must give a time, a duration or seconds, but gives a string'],
    ['true', 'it must give a time, a duration or seconds, but gives a bool'],
    ['response.body.missing', 'it refers to something that is missing'],
    ['367d', 'it ends more than 366 days later'],
    ['date("9999-01-01")', 'it ends more than 366 days later'],
    ['1.0 / 0.0', 'it ends more than 366 days later'],
    ['0.0 / 0.0', 'it must give a time, a duration or seconds, but gives a double'],
  ];
  for (const [text, why] of refused) {
    test(`${text} fails the edge`, async () => {
      const error = `wait ${JSON.stringify(text)}: ${why}`;
      expect(await decided({ wait: text }, {})).toEqual({ taken: false, error });
    });
  }

  test('has no effect next to async', async () => {
    const async = { event: 'e', ttl: '1h', onTimeout: false };
    expect(await decided({ wait: '(', async })).toEqual({ taken: true });
  });

  test('is not looked at when the if is false', async () => {
    expect(await decided({ if: 'false', wait: '(' })).toEqual({ taken: false });
  });
});

describe('what an async edge waits for', () => {
  const async = (match?: string, ttl = '1h') => ({
    async: { event: 'e', ttl, onTimeout: false, ...(match !== undefined && { match }) },
  });
  const event = { name: 'test/go', data: { id: 7 } };

  test('has everything filled in that is known', async () => {
    const match = 'async.data.id == event.data.id && async.data.n == steps["before"].body.n';
    const edge = await decided(async(match), { of: 'b' }, { event });
    const { match: text = '' } = edge as { match?: string };
    expect(text).not.toMatch(/event|steps/);
    const matches = (data: object) => evaluateBoolean(text, { async: { data } });
    expect(matches({ id: 7, n: 1 })).toEqual({ ok: true, value: true });
    expect(matches({ id: 7, n: 2 })).toEqual({ ok: true, value: false });
  });

  test('may refer to the answer of the step before', async () => {
    expect(await decided(async('async.data.id == response.body.id'), { id: 'x' })).toEqual({
      taken: true,
      match: 'async.data.id == "x"',
    });
  });

  test('may refer to what is missing in an answer', async () => {
    for (const text of [
      'async.data.ok && response.body.missing',
      'async.data.x == steps["nobody"].body',
      'response.body.missing',
    ]) {
      const edge = (await decided(async(text), {})) as { taken: boolean; match: string };
      expect(edge.taken).toBe(true);
      expect(edge.match).not.toMatch(/steps|response/);
    }
  });

  test('is its own event, not the one that led to the step before', async () => {
    const dag = dagOf({
      a: {},
      b: { after: [{ from: 'a', async: { event: 'e', ttl: '1h', onTimeout: false } }] },
      c: { after: [{ from: 'b', ...async('async.data.id == 1') }] },
    });
    const memos = [
      done('a', null, { b: { taken: true } }),
      ['async:a→b', { name: 'e', data: { id: 2 } }],
    ] as const;
    expect(await decisionsAfter(dag, 'b', { memos })).toEqual({
      c: { taken: true, match: 'async.data.id == 1' },
    });
  });

  test('fails the edge when the match or the ttl cannot be used', async () => {
    for (const edge of [async('('), async(undefined, 'soon'), async(undefined, '400d')]) {
      expect(await decided(edge)).toMatchObject({ taken: false, error: expect.any(String) });
    }
  });

  test('is what the trigger has, right after it', async () => {
    const dag = dagOf({
      a: { after: [{ from: '$trigger', ...async('async.data.id == event.data.id') }] },
      b: { after: [{ from: '$trigger', ...async('async.data.id == response.body.id') }] },
    });
    expect(await discovered(dag, { event })).toEqual([
      'async:$trigger→a for e 1h if async.data.id == 7.0',
      'async:$trigger→b for e 1h if async.data.id == null',
    ]);
  });
});

describe('the event that resumed an async edge', () => {
  const came = { name: 'e', data: { who: 'me' }, user: {} };
  const waits = { event: 'e', ttl: '1h', onTimeout: false };
  const dag = dagOf({
    a: {},
    b: { after: [{ from: 'a', async: waits }] },
    c: { after: ['b'] },
    d: { after: [{ from: 'c', if: 'async.data.who == "me"' }] },
    other: { after: ['a'] },
  });
  const memos = [done('a', null, { b: { taken: true } }), ['async:a→b', came], done('b')] as const;

  async function bodyOf(target: string): Promise<Record<string, unknown>> {
    let body = {};
    const answer = (_: string, init: { body?: unknown }): Response => {
      body = JSON.parse(String(init.body));
      return Response.json(null);
    };
    await call(dag, { memos, target, answer });
    return body;
  }

  test('is sent to all steps after it, and to no other', async () => {
    expect(await bodyOf('c')).toMatchObject({ async: came });
    expect(await bodyOf('other')).not.toHaveProperty('async');
  });

  test('is known to the expressions after it', async () => {
    expect(await decisionsAfter(dag, 'c', { memos })).toEqual({ d: { taken: true } });
  });

  /** `b` and `c` have waited for events 1 and 2, in this order, before `d`. */
  async function numberSeenBy(join: 'any' | 'all', finished: readonly string[]): Promise<unknown> {
    const joined = dagOf({
      a: {},
      b: { after: [{ from: 'a', async: waits }] },
      c: { after: [{ from: 'a', async: { ...waits, ttl: '2h' } }] },
      d: { after: ['b', 'c'], join },
      e: { after: [{ from: 'd', wait: 'async.data.n' }] },
    });
    const decisions = await decisionsAfter(joined, 'd', {
      memos: [
        done('a', null, { b: { taken: true }, c: { taken: true } }),
        ['async:a→b', { name: 'e', data: { n: 1 } }],
        ['async:a→c', { name: 'e', data: { n: 2 } }],
        ...finished.map((id) => done(id)),
      ],
    });
    const { e } = decisions as { e: { at: string } };
    return (Date.parse(e.at) - nowMs) / 1000;
  }

  test('is the latest of all ways at a join of all, whichever ended last', async () => {
    expect(await numberSeenBy('all', ['c', 'b'])).toBe(2);
    expect(await numberSeenBy('all', ['b', 'c'])).toBe(2);
  });

  test('is that of the first way at a join of any', async () => {
    expect(await numberSeenBy('any', ['b', 'c'])).toBe(1);
    expect(await numberSeenBy('any', ['c', 'b'])).toBe(2);
  });

  test('is the one before when a later wait ran out', async () => {
    const chain = dagOf({
      a: { after: [{ from: '$trigger', async: waits }] },
      b: { after: [{ from: 'a', async: { ...waits, onTimeout: true } }] },
      c: { after: [{ from: 'b', if: 'async.data.who == "me"' }] },
    });
    const chainMemos = [
      ['async:$trigger→a', came],
      done('a', null, { b: { taken: true } }),
      ['async:a→b', null],
    ] as const;
    expect(await decisionsAfter(chain, 'b', { memos: chainMemos })).toEqual({ c: { taken: true } });
  });
});

describe('many decisions after one step', () => {
  const waiting = (count: number, match: (n: number) => string) => {
    const after = (n: number) => [
      { from: 'a', async: { event: `e${n}`, ttl: '1h', match: match(n), onTimeout: false } },
    ];
    const ids = Array.from({ length: count }, (_, n) => `s${n}`);
    return dagOf({ a: {}, ...Object.fromEntries(ids.map((id, n) => [id, { after: after(n) }])) });
  };
  const ids = Array.from({ length: 400 }, (_, n) => `a-long-id-${n}`);
  const answer = () => Response.json({ ids });

  async function ranWith(dag: Dag) {
    const outcome = await call(dag, { target: 'a', answer });
    if (outcome.kind !== 'opcodes') throw new Error(`unexpected: ${outcome.kind}`);
    const { op, data, dataText = '' } = outcome.ops[0] ?? {};
    expect(op).toBe('StepRun');
    return { data, dataText };
  }

  test('that are alike are stored once, and hold for each edge', async () => {
    const dag = waiting(900, () => 'async.data.id in response.body.ids');
    const { data, dataText } = await ranWith(dag);
    expect(dataText.length).toBeLessThan(100_000);
    const lines = await discovered(dag, { memos: [['a', { data }]] });
    expect(lines).toHaveLength(900);
    for (const line of lines) expect(line).toContain(' if async.data.id in ["a-long-id-0", ');
  });

  test('fail the edges that find no room any more, and never the step', async () => {
    const dag = waiting(900, (n) => `async.data.id in response.body.ids || async.data.n == ${n}`);
    const { data, dataText } = await ranWith(dag);
    expect(dataText.length).toBeGreaterThan(1024 * 1024);
    expect(dataText.length).toBeLessThan(1.5 * 1024 * 1024);
    const lines = await discovered(dag, { memos: [['a', { data }]] });
    expect(lines.length).toBeGreaterThan(100);
    expect(lines.length).toBeLessThan(200);
    const ended = lines.map((line): Memo => [/^async:\S+/.exec(line)?.[0] ?? '', null]);
    const [failure] = await discovered(dag, { memos: [['a', { data }], ...ended] });
    expect(failure).toMatch(
      /^failed: edge "a" → "s\d+" failed: what is decided when a step ends is larger than the 1 MiB/,
    );
  });
});
