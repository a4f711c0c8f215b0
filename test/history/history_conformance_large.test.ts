/** Large payloads and outputs, and events of many runs: nothing is lost, whatever has to be read apart. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { randomBytes } from 'node:crypto';
import type { EventFact, Fact, RunEndedFact } from '../../src/history/fact.ts';
import type { History, RunQuery } from '../../src/history/history.ts';
import { type HistoryUnderTest, testDatabases } from './databases.ts';
import { endedFact, eventFact, scheduledFact, startedFact, textsOf } from './facts.ts';

/** Every third is small, every third does not compress, every third does very well. */
const count = 18;
const idOf = (n: number) => `01L${String(n).padStart(5, '0')}`;
const fillers = [
  () => '',
  (n: number) => randomBytes(150_000 + n).toString('base64'),
  (n: number) => 'x'.repeat(1_000_000 + n),
];
const textOf = (n: number, name: string) =>
  JSON.stringify({ name, data: { n, filler: fillers[n % 3]?.(n) } });

const events: EventFact[] = Array.from({ length: count }, (_, n) => ({
  ...eventFact({ internalId: idOf(n), receivedAtMs: 1_000 + n }),
  payload: textOf(n, 'large/event'),
}));
const ends: RunEndedFact[] = Array.from({ length: count }, (_, n) =>
  endedFact({ runId: `run-${idOf(n)}`, atMs: 3_000 + n, output: textOf(n, 'large/output') }),
);
const batchOf = (n: number) => [idOf(n), idOf((n + 1) % count)];
const runs: Fact[] = ends.flatMap((end, n) => [
  scheduledFact({
    ...{ runId: end.runId, atMs: 2_000 + n, eventName: 'large/event' },
    eventIds: n % 2 === 0 ? [idOf(n)] : batchOf(n),
    ...(n % 2 === 1 && { batchId: `batch-${n}` }),
  }),
  startedFact({ runId: end.runId, atMs: 2_500 }),
  end,
]);

const list = {
  ...{ timeField: 'queued', orderBy: 'queued', direction: 'asc', limit: 100 },
} as const satisfies RunQuery;

describe.each(testDatabases())('$name', (database) => {
  let opened: HistoryUnderTest;
  let history: History;

  beforeAll(async () => {
    if (!database.isHere) return;
    opened = await database.open();
    history = opened.history;
    await history.record(textsOf([...events, ...runs]));
  });
  afterAll(async () => {
    if (database.isHere) await opened.dispose();
    await database.end();
  });
  const it = test.skipIf(!database.isHere);

  it('lists of events come with every payload', async () => {
    const wanted = events.map(({ internalId, receivedAtMs, payload }) => ({
      ...{ internalId, receivedAtMs, payload, name: 'large/event' },
    }));
    expect(await history.events({ limit: 100 })).toEqual(wanted.toReversed());
    const found = await history.eventsById(events.map(({ internalId }) => internalId));
    expect(found.toSorted((a, b) => a.receivedAtMs - b.receivedAtMs)).toEqual(wanted);
    const query = 'event.data.n != 4';
    expect(await history.events({ limit: 100, query })).toEqual(
      wanted.toReversed().filter(({ internalId }) => internalId !== idOf(4)),
    );
  });

  it('lists of runs come with their outputs when those are asked for, and only then', async () => {
    const outputsOf = async (how: Partial<RunQuery>) =>
      (await history.runs({ ...list, ...how })).runs.map(({ output }) => output);
    const wanted = ends.map(({ output }) => output ?? null);
    expect(await outputsOf({ withOutput: true })).toEqual(wanted);
    expect(await outputsOf({ withOutput: true, query: 'output.data.n >= 0' })).toEqual(wanted);
    const none = wanted.map(() => null);
    expect(await outputsOf({})).toEqual(none);
    expect(await outputsOf({ query: 'output.data.n >= 0' })).toEqual(none);
  });

  it('runs of an event come with their outputs when those are asked for, and only then', async () => {
    const outputs = async (withOutput: boolean) => {
      const runs = await history.runsOfEvent(idOf(4), { withOutput });
      return runs.map(({ output }) => output);
    };
    expect(await outputs(true)).toEqual([ends[3]?.output ?? '', ends[4]?.output ?? '']);
    expect(await outputs(false)).toEqual([null, null]);
  });

  it('outputs are told by the ids of their runs', async () => {
    const found = await history.outputsOf([...ends.map(({ runId }) => runId), 'nobody']);
    expect([...found]).toEqual(ends.map(({ runId, output }) => [runId, output ?? '']));
  });

  it('searches look into what is large, of batches too', async () => {
    const found = async (query: string) =>
      (await history.runs({ ...list, query })).runs.map(({ runId }) => runId);
    for (const n of [1, 2, 4, 5, 11]) {
      const inOutput = ends.slice(n, n + 1).map(({ runId }) => runId);
      expect(await found(`output.data.n == ${n}`)).toEqual(inOutput);
      const inEvent = ends.filter((_, run) => run === n || (run % 2 === 1 && run + 1 === n));
      expect(await found(`event.data.n == ${n}`)).toEqual(inEvent.map(({ runId }) => runId));
      expect(await found(`event.data.n == ${n} && output.data.n == ${n}`)).toEqual(inOutput);
    }
    expect(await history.countRuns({ timeField: 'queued', query: 'event.data.n >= 0' })).toBe(
      count,
    );
  });

  it('an event of very many runs shows the first 400, and leaves the others theirs', async () => {
    const ids = Array.from({ length: 60 }, (_, n) => `01M${String(n).padStart(5, '0')}`);
    const runIds = Array.from({ length: 450 }, (_, n) => `many-${String(n).padStart(5, '0')}`);
    const facts = [
      ...runIds.map((runId) => scheduledFact({ runId, eventIds: [ids[0] ?? ''] })),
      ...ids.slice(1).map((id) => scheduledFact({ runId: `one-${id}`, eventIds: [id] })),
    ];
    await history.record(textsOf(facts));
    const found = await history.runsOfEvents(ids);
    expect(found.get(ids[0] ?? '')?.map(({ runId }) => runId)).toEqual(runIds.slice(0, 400));
    for (const id of ids.slice(1)) {
      expect(found.get(id)?.map(({ runId }) => runId)).toEqual([`one-${id}`]);
    }
  });
});
