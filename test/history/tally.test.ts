/** The tally of a batch of facts against counting them one by one. */
import { expect, test } from 'bun:test';
import fc from 'fast-check';
import type { Fact } from '../../src/history/fact.ts';
import {
  boundsOf,
  bucketOf,
  type FactTally,
  factCounters,
  factHistograms,
  type TallyEntry,
  tallyOf,
} from '../../src/history/tally.ts';

type EndedFact = Extract<Fact, { t: 'run.ended' }>;

const runId = '01JV8W3R9V2Y7M6S6S3F2K4N5P';
const slug = fc.constantFrom('shop-charge', 'shop-ship');
const atMs = fc.integer({ min: 1_000, max: 50_000_000 });

const eventFact = fc.record({
  t: fc.constant('event' as const),
  internalId: fc.constant('e'),
  receivedAtMs: atMs,
  payload: fc.constantFrom(
    '{"data":{},"name":"order/placed"}',
    '{"data":{"name":"inngest/function.finished"},"name":"order/placed"}',
    '{"data":{},"name":"inngest/function.finished"}',
    'not JSON "name":"inngest/',
  ),
});
const call = {
  runId: fc.constant(runId),
  callId: fc.constant('start#0'),
  group: fc.constant('start'),
  attempt: fc.nat(3),
  attemptsMax: fc.constant(4),
  functionSlug: slug,
  dueAtMs: atMs,
  atMs,
};
const fact: fc.Arbitrary<Fact> = fc.oneof(
  eventFact,
  fc.record({
    t: fc.constant('run.started' as const),
    runId: fc.constant(runId),
    atMs,
    functionSlug: fc.option(slug, { nil: undefined }),
  }),
  fc.record({
    t: fc.constant('run.ended' as const),
    runId: fc.constant(runId),
    atMs,
    status: fc.constantFrom('Completed', 'Failed', 'Cancelled', 'Skipped'),
    functionSlug: fc.option(slug, { nil: undefined }),
    skipReason: fc.option(fc.constantFrom('FunctionPaused', 'Singleton'), { nil: undefined }),
    scheduledAtMs: fc.option(atMs, { nil: undefined }),
  }) as fc.Arbitrary<EndedFact>,
  fc.record({
    t: fc.constant('step' as const),
    runId: fc.constant(runId),
    stepId: fc.constant('s'),
    name: fc.constant('s'),
    kind: fc.constantFrom('run', 'sleep'),
    status: fc.constantFrom('Queued', 'Running', 'Completed', 'Errored', 'Failed', 'TimedOut'),
    attempt: fc.nat(3),
    atMs,
    durationMs: fc.option(fc.double({ min: 0, max: 1e7, noNaN: true }), { nil: undefined }),
  }) as fc.Arbitrary<Fact>,
  fc.record({ t: fc.constant('call.started' as const), ...call }),
  fc.record({
    t: fc.constant('call.ended' as const),
    ...call,
    startedAtMs: atMs,
    outcome: fc.constantFrom('steps', 'result', 'error'),
    isFinal: fc.option(fc.boolean(), { nil: undefined }),
    requestId: fc.constant('r'),
    url: fc.constant('http://localhost'),
  }) as fc.Arbitrary<Fact>,
);

function find(
  tally: FactTally,
  name: string,
  labels: Record<string, string>,
): TallyEntry | undefined {
  return tally.find((entry) => entry.name === name && Bun.deepEquals(entry.labels, labels));
}

function countOf(tally: FactTally, name: string, labels: Record<string, string>): number {
  return find(tally, name, labels)?.count ?? 0;
}

test('counts runs, calls, steps and events as a naive count does', () => {
  const property = fc.property(fc.array(fact, { maxLength: 60 }), (facts) => {
    const tally = tallyOf(facts);
    const count = (is: (fact: Fact) => boolean): number => facts.filter(is).length;
    for (const fn of ['shop-charge', 'shop-ship', 'unknown']) {
      const isOf = (f: { functionSlug?: string }): boolean => (f.functionSlug ?? 'unknown') === fn;
      expect(countOf(tally, factCounters.runsStarted, { fn })).toBe(
        count((f) => f.t === 'run.started' && isOf(f)),
      );
      for (const status of ['Completed', 'Failed', 'Cancelled'] as const) {
        expect(countOf(tally, factCounters.runsEnded, { fn, status: status.toLowerCase() })).toBe(
          count((f) => f.t === 'run.ended' && f.status === status && isOf(f)),
        );
      }
      expect(countOf(tally, factCounters.runsSkipped, { fn, reason: 'Singleton' })).toBe(
        count(
          (f) =>
            f.t === 'run.ended' &&
            f.status === 'Skipped' &&
            f.skipReason === 'Singleton' &&
            isOf(f),
        ),
      );
      expect(countOf(tally, factCounters.callsStarted, { fn })).toBe(
        count((f) => f.t === 'call.started' && isOf(f)),
      );
      const ended = (status: string): number =>
        countOf(tally, factCounters.callsEnded, { fn, status });
      const isCall = (f: Fact): f is Extract<Fact, { t: 'call.ended' }> =>
        f.t === 'call.ended' && isOf(f);
      expect(ended('success')).toBe(count((f) => isCall(f) && f.outcome !== 'error'));
      expect(ended('failed')).toBe(
        count((f) => isCall(f) && f.outcome === 'error' && f.isFinal === true),
      );
      expect(ended('errored')).toBe(
        count((f) => isCall(f) && f.outcome === 'error' && f.isFinal !== true),
      );
    }
    expect(countOf(tally, factCounters.stepsEnded, { kind: 'run', outcome: 'timed_out' })).toBe(
      count((f) => f.t === 'step' && f.kind === 'run' && f.status === 'TimedOut'),
    );
    expect(countOf(tally, factCounters.eventsReceived, { internal: 'true' })).toBe(
      count(
        (f) => f.t === 'event' && f.payload === '{"data":{},"name":"inngest/function.finished"}',
      ),
    );
  });
  fc.assert(property, { numRuns: 200 });
});

test('puts every duration into the bucket that holds it, and sums them in seconds', () => {
  const property = fc.property(fc.array(fact, { maxLength: 60 }), (facts) => {
    const seconds = facts.flatMap((f) =>
      f.t === 'call.started' ? [Math.max(0, f.atMs - f.dueAtMs) / 1000] : [],
    );
    const entry = find(tallyOf(facts), factHistograms.queueLatency, {});
    const bounds = boundsOf[factHistograms.queueLatency];
    const below = (bound: number): number => seconds.filter((value) => value <= bound).length;
    const expected = bounds.map((bound, i) => below(bound) - below(bounds[i - 1] ?? -1));
    expect(entry?.buckets?.slice(0, -1) ?? bounds.map(() => 0)).toEqual(expected);
    expect(entry?.buckets?.reduce((sum, more) => sum + more, 0) ?? 0).toBe(seconds.length);
    expect(entry?.count ?? 0).toBe(seconds.length);
    expect(entry?.sum ?? 0).toBeCloseTo(
      seconds.reduce((sum, more) => sum + more, 0),
      6,
    );
  });
  fc.assert(property, { numRuns: 200 });
});

test('a batch says the same as its parts together', () => {
  const property = fc.property(fc.array(fact), fc.array(fact), (first, second) => {
    const parts = [...tallyOf(first), ...tallyOf(second)];
    for (const { name, labels, count } of tallyOf([...first, ...second])) {
      const same = parts.filter(
        (part) => part.name === name && Bun.deepEquals(part.labels, labels),
      );
      expect(same.reduce((sum, part) => sum + part.count, 0)).toBe(count);
    }
  });
  fc.assert(property);
});

test('survives the way from thread to thread as JSON', () => {
  const property = fc.property(fc.array(fact), (facts) => {
    const tally = tallyOf(facts);
    expect(JSON.parse(JSON.stringify(tally))).toEqual(tally);
  });
  fc.assert(property);
});

test('a run is timed from its scheduling, where the fact says when that was', () => {
  const end: EndedFact = { t: 'run.ended', runId, atMs: 5_000, status: 'Completed' };
  const timed: EndedFact = { ...end, scheduledAtMs: 3_000 };
  const labels = { status: 'completed' };
  expect(find(tallyOf([end]), factHistograms.runDuration, labels)).toBeUndefined();
  expect(find(tallyOf([end, timed]), factHistograms.runDuration, labels)).toMatchObject({
    count: 1,
    sum: 2,
  });
});

test('a clock that went back makes no negative time', () => {
  const ended: Fact = {
    ...{ t: 'call.ended', runId, callId: 'start#0', group: 'start', attempt: 0, attemptsMax: 1 },
    ...{ functionSlug: 'f', dueAtMs: 9, atMs: 5, startedAtMs: 9, outcome: 'result' },
    ...{ requestId: 'r', url: 'http://localhost' },
  };
  const entry = find(tallyOf([ended]), factHistograms.driverLatency, { outcome: 'success' });
  expect(entry).toMatchObject({ count: 1, sum: 0 });
  expect(entry?.buckets?.[0]).toBe(1);
});

test('spans and metadata of users count nothing', () => {
  const metadata: Fact = {
    ...{ t: 'metadata', id: 'm', runId, atMs: 1, scope: 'run', kind: 'k', op: 'merge' },
    values: '{}',
  };
  expect(tallyOf([metadata])).toEqual([]);
});

test('a step whose result comes from another run is not counted: it did not run', () => {
  const step = { t: 'step', runId, stepId: 'a', name: 'a', kind: 'run', attempt: 0 } as const;
  const ended = { ...step, status: 'Completed', atMs: 2_000, startedAtMs: 2_000 } as const;
  expect(tallyOf([{ ...ended, detail: { memoized_from: 'another' } }])).toEqual([]);
  expect(tallyOf([{ ...ended, detail: { event_id: 'e' } }])).toHaveLength(1);
});

test('a value on a bound belongs to the bucket below it', () => {
  expect([0, 1, 1.5, 2, 3].map((value) => bucketOf([1, 2], value))).toEqual([0, 0, 1, 1, 2]);
});
