/** What is old goes, what is not stays, from every database. */
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'bun:test';
import type { Fact } from '../../src/history/fact.ts';
import type { Cutoffs, History, Pruned } from '../../src/history/history.ts';
import { ulid } from '../../src/lib/ulid.ts';
import { type HistoryUnderTest, testDatabases } from './databases.ts';
import {
  endedFact,
  eventFact,
  metadataFact,
  scheduledFact,
  startedFact,
  stepFact,
  textsOf,
} from './facts.ts';

const keepAll: Cutoffs = { eventsBeforeMs: null, runsBeforeMs: null, tracesBeforeMs: null };
const batchesMax = 1_000;

interface TestRun {
  readonly runId: string;
  readonly eventId: string;
  readonly facts: readonly Fact[];
}

/** A run that was queued at `atMs` and ended 10 ms later, or not yet. */
function makeRun(atMs: number, { isOpen = false, steps = 1 } = {}): TestRun {
  const runId = ulid(atMs);
  const eventId = ulid(atMs);
  const facts: Fact[] = [
    eventFact({ internalId: eventId, receivedAtMs: atMs }),
    scheduledFact({ runId, atMs, eventIds: [eventId] }),
    startedFact({ runId, atMs: atMs + 1 }),
    ...Array.from({ length: steps }, (_, n) =>
      stepFact({ runId, stepId: `step-${n}`, atMs: atMs + 2 }),
    ),
  ];
  if (!isOpen) facts.push(endedFact({ runId, atMs: atMs + 10 }));
  return { runId, eventId, facts };
}

describe.each(testDatabases())('$name', (database) => {
  let opened: HistoryUnderTest;
  let history: History;

  beforeEach(async () => {
    if (!database.isHere) return;
    opened = await database.open();
    history = opened.history;
  });
  afterEach(async () => {
    if (database.isHere) await opened.dispose();
  });
  afterAll(() => database.end());
  const it = test.skipIf(!database.isHere);

  const recordAll = (runs: readonly TestRun[]) =>
    history.record(textsOf(runs.flatMap(({ facts }) => facts)));

  async function pruneAll(cutoffs: Partial<Cutoffs>): Promise<Omit<Pruned, 'hasMore'>> {
    const total = { events: 0, runs: 0, traces: 0 };
    for (let batch = 0; batch < batchesMax; batch++) {
      const { events, runs, traces, hasMore } = await history.prune({ ...keepAll, ...cutoffs });
      total.events += events;
      total.runs += runs;
      total.traces += traces;
      if (!hasMore) return total;
    }
    throw new Error(`more to prune after ${batchesMax} batches`);
  }

  async function remains({ runId, eventId }: TestRun): Promise<string> {
    const parts = {
      run: (await history.run(runId)) !== null,
      facts: (await history.factsOf(runId)).length > 0,
      event: (await history.event(eventId)) !== null,
      trigger: (await history.runsOfEvent(eventId)).length > 0,
    };
    const kept = Object.entries(parts).filter(([, isThere]) => isThere);
    return kept.map(([name]) => name).join(' ');
  }

  it('events of runs that have not ended stay, and go once those have', async () => {
    // More than are looked at in one step, so that later ones are found behind those that stay.
    const open = Array.from({ length: 300 }, (_, n) => makeRun(1_000 + n, { isOpen: true }));
    const over = Array.from({ length: 300 }, (_, n) => makeRun(1_100 + n));
    await recordAll([...open, ...over]);
    expect(await pruneAll({ eventsBeforeMs: 5_000 })).toMatchObject({ events: 300 });
    const ids = open.map(({ eventId }) => eventId);
    expect(await history.eventsById(ids)).toHaveLength(300);
    expect(await history.countEvents({})).toBe(300);
    await history.record(textsOf(open.map(({ runId }) => endedFact({ runId, atMs: 6_000 }))));
    expect(await pruneAll({ eventsBeforeMs: 5_000 })).toMatchObject({ events: 300 });
    expect(await history.countEvents({})).toBe(0);
  });

  it('nothing goes without a cutoff', async () => {
    const run = makeRun(1_000);
    await recordAll([run]);
    expect(await history.prune(keepAll)).toEqual({ events: 0, runs: 0, traces: 0, hasMore: false });
    expect(await remains(run)).toBe('run facts event trigger');
  });

  it('old runs go with everything that is theirs, by their end, and others stay', async () => {
    const old = makeRun(1_000);
    const later = makeRun(1_005);
    const open = makeRun(900, { isOpen: true });
    await recordAll([old, later, open]);
    expect(await pruneAll({ runsBeforeMs: 1_015 })).toEqual({ events: 0, runs: 1, traces: 0 });
    expect(await remains(old)).toBe('event');
    expect(await remains(later)).toBe('run facts event trigger');
    expect(await remains(open)).toBe('run facts event trigger');
  });

  it('old events go by themselves', async () => {
    const old = makeRun(1_000);
    const later = makeRun(2_000);
    await recordAll([old, later]);
    expect(await pruneAll({ eventsBeforeMs: 2_000 })).toMatchObject({ events: 1 });
    expect(await remains(old)).toBe('run facts trigger');
    expect(await remains(later)).toBe('run facts event trigger');
  });

  it('what happened in old runs goes before them; runs that have not ended keep theirs', async () => {
    const old = makeRun(1_000);
    const open = makeRun(1_000, { isOpen: true });
    const later = makeRun(5_000);
    await recordAll([open, old, later]);
    expect(await pruneAll({ tracesBeforeMs: 4_000 })).toMatchObject({ runs: 0, traces: 1 });
    expect(await remains(old)).toBe('run event trigger');
    expect(await remains(open)).toBe('run facts event trigger');
    expect(await remains(later)).toBe('run facts event trigger');
  });

  it('what comes late to a run that is gone goes once it is old itself', async () => {
    const old = makeRun(1_000);
    await recordAll([old]);
    await pruneAll({ runsBeforeMs: 4_000 });
    await history.record(textsOf([metadataFact({ runId: old.runId, atMs: 6_000 })]));
    expect(await pruneAll({ tracesBeforeMs: 6_000 })).toMatchObject({ traces: 0 });
    expect(await pruneAll({ tracesBeforeMs: 6_001 })).toMatchObject({ traces: 1 });
    expect(await history.factsOf(old.runId)).toEqual([]);
  });

  it('a run that says nothing but that it began goes by its age', async () => {
    const old = ulid(1_000);
    const young = ulid(1_000);
    const asked = ulid(1_000);
    await history.record(
      textsOf([
        startedFact({ runId: old, atMs: 3_000 }),
        startedFact({ runId: young, atMs: 5_000 }),
        stepFact({ runId: asked, kind: 'aiInfer', atMs: 3_000 }),
      ]),
    );
    expect(await pruneAll({ runsBeforeMs: 4_000 })).toMatchObject({ runs: 2 });
    // What is gone does not come back with the schedule.
    await history.record(textsOf([old, young, asked].map((runId) => scheduledFact({ runId }))));
    expect(await history.run(old)).toMatchObject({ startedAtMs: null });
    expect(await history.run(young)).toMatchObject({ startedAtMs: 5_000 });
    expect(await history.run(asked)).toMatchObject({ hasAi: false });
    expect(await history.factsOf(asked)).toEqual([]);
  });

  it.each([
    ['far in the past', ulid(1)],
    ['in the future', ulid(Date.now() + 10 * 365 * 86_400_000)],
    ['at the end of time', '7ZZZZZZZZZZZZZZZZZZZZZZZZZ'],
    ['of no time at all', 'run-of-an-app'],
  ])('a run whose id tells a time %s is as old as what happened in it', async (_, runId) => {
    const happened = [
      startedFact({ runId, atMs: 5_000 }),
      stepFact({ runId, atMs: 5_001 }),
      metadataFact({ runId, atMs: 5_002 }),
    ];
    await history.record(textsOf(happened));
    await pruneAll({ runsBeforeMs: 4_000, tracesBeforeMs: 4_000 });
    // Its schedule was on its way.
    await history.record(textsOf([scheduledFact({ runId, atMs: 4_999 })]));
    expect(await history.run(runId)).toMatchObject({ startedAtMs: 5_000 });
    expect(await history.factsOf(runId)).toHaveLength(2);

    await pruneAll({ tracesBeforeMs: 9_000 });
    expect(await history.factsOf(runId)).toHaveLength(2);
    await history.record(textsOf([endedFact({ runId, atMs: 6_000 })]));
    expect(await pruneAll({ tracesBeforeMs: 9_000 })).toMatchObject({ traces: 1, runs: 0 });
    expect(await history.factsOf(runId)).toEqual([]);
  });

  it.each([
    ['far in the past', ulid(1)],
    ['at the end of time', '7ZZZZZZZZZZZZZZZZZZZZZZZZZ'],
  ])('what belongs to no run, by an id %s, goes once it is old', async (_, runId) => {
    await history.record(textsOf([metadataFact({ runId, atMs: 5_000 })]));
    await pruneAll({ runsBeforeMs: 4_000, tracesBeforeMs: 4_000 });
    expect(await history.factsOf(runId)).toHaveLength(1);
    // Where traces are kept as long as their runs, only the runs have a cutoff.
    await pruneAll({ runsBeforeMs: 6_000 });
    expect(await history.factsOf(runId)).toEqual([]);
  });

  it('a thousand runs, and one of thousands of steps, go in small batches', async () => {
    const runs = Array.from({ length: 1_000 }, (_, n) => makeRun(1_000 + n));
    const large = makeRun(1_500, { steps: 5_000 });
    const kept = makeRun(9_000);
    await recordAll([...runs, large, kept]);
    const cutoffs = { eventsBeforeMs: 8_000, runsBeforeMs: 8_000, tracesBeforeMs: 8_000 };
    expect((await history.prune(cutoffs)).runs).toBeLessThanOrEqual(1_000);
    const rest = await pruneAll(cutoffs);
    expect(rest.events).toBeGreaterThan(0);
    expect(await history.countRuns({ timeField: 'queued' })).toBe(1);
    expect(await history.countEvents({})).toBe(1);
    expect(await history.factsOf(large.runId)).toEqual([]);
    expect(await remains(kept)).toBe('run facts event trigger');
    expect(await pruneAll(cutoffs)).toEqual({ events: 0, runs: 0, traces: 0 });
  });

  it('records go through between batches', async () => {
    await recordAll(Array.from({ length: 300 }, (_, n) => makeRun(1_000 + n)));
    const late = makeRun(9_000);
    const [pruned] = await Promise.all([
      pruneAll({ runsBeforeMs: 8_000, eventsBeforeMs: 8_000 }),
      recordAll([late]),
    ]);
    expect(pruned).toEqual({ events: 300, runs: 300, traces: 0 });
    expect(await remains(late)).toBe('run facts event trigger');
  });
});
