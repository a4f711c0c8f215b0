import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Fact } from '../../src/history/fact.ts';
import type { EventFilter, History } from '../../src/history/history.ts';
import { FactsRejectedError, HistoryUnavailableError } from '../../src/history/history_error.ts';
import { openSqliteHistory } from '../../src/history/sqlite/sqlite_history.ts';
import { endedFact, eventFact, scheduledFact, startedFact, stepFact, textsOf } from './facts.ts';

let folder: string;
let history: History;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'inngest-test-'));
  history = await openSqliteHistory({ path: join(folder, 'data', 'history.db') });
});

afterEach(async () => {
  await history.close();
  rmSync(folder, { recursive: true });
});

function record(...facts: Fact[]): Promise<void> {
  return history.record(textsOf(facts));
}

test('an event is read back as it was received', async () => {
  const payload = '{"data":{"text":"grüße \\u0000 𝄞"},"id":"x","name":"a/b","ts":1700000000000}';
  await record(eventFact({ internalId: 'event-1', receivedAtMs: 1_700_000_000_123, payload }));
  expect(await history.event('event-1')).toEqual({
    internalId: 'event-1',
    receivedAtMs: 1_700_000_000_123,
    payload,
    name: 'a/b',
  });
  expect(await history.event('event-2')).toBeNull();
});

describe('a run', () => {
  const scheduled = {
    runId: 'run-1',
    functionId: 'function-1',
    functionVersion: 3,
    functionSlug: 'shop-ship-order',
    appId: 'app-1',
    eventIds: ['01K000000000000000000000A0'],
    eventName: 'shop/order.paid',
    status: 'Scheduled',
    scheduledAtMs: 2_000,
    startedAtMs: null,
    endedAtMs: null,
    output: null,
    cron: null,
    batchId: null,
    originalRunId: null,
  } as const;

  test('is scheduled, runs and completes', async () => {
    await record(scheduledFact());
    expect(await history.run('run-1')).toEqual(scheduled);
    await record(startedFact());
    expect(await history.run('run-1')).toEqual({
      ...scheduled,
      status: 'Running',
      startedAtMs: 3_000,
    });
    await record(endedFact());
    expect(await history.run('run-1')).toEqual({
      ...scheduled,
      status: 'Completed',
      startedAtMs: 3_000,
      endedAtMs: 9_000,
      output: '{"ok":true}',
    });
  });

  test.each(['Failed', 'Cancelled', 'Skipped'] as const)(
    'can end as %s without a start or an output',
    async (status) => {
      await record(scheduledFact(), { t: 'run.ended', runId: 'run-1', atMs: 9_000, status });
      expect(await history.run('run-1')).toEqual({ ...scheduled, status, endedAtMs: 9_000 });
    },
  );

  test('stays ended when its start comes late', async () => {
    await record(endedFact({ status: 'Cancelled' }), startedFact(), scheduledFact());
    expect(await history.run('run-1')).toMatchObject({ status: 'Cancelled', startedAtMs: 3_000 });
  });

  test('is not shown before it is known what it is a run of', async () => {
    await record(startedFact());
    expect(await history.run('run-1')).toBeNull();
  });

  test('keeps its schedule, batch and original run', async () => {
    await record(scheduledFact({ cron: '0 * * * *', batchId: 'batch-1', originalRunId: 'run-0' }));
    expect(await history.run('run-1')).toEqual({
      ...scheduled,
      cron: '0 * * * *',
      batchId: 'batch-1',
      originalRunId: 'run-0',
    });
  });
});

test('the runs of an event are those it triggered, alone or in a batch, oldest first', async () => {
  await record(
    scheduledFact({ runId: 'run-2', eventIds: ['event-1', 'event-2'] }),
    scheduledFact({ runId: 'run-1', eventIds: ['event-1'] }),
    scheduledFact({ runId: 'run-3', eventIds: ['event-3'] }),
  );
  const runIds = async (eventId: string) =>
    (await history.runsOfEvent(eventId)).map((run) => run.runId);
  expect(await runIds('event-1')).toEqual(['run-1', 'run-2']);
  expect(await runIds('event-2')).toEqual(['run-2']);
  expect(await runIds('event-4')).toEqual([]);
});

test('the facts of a run’s steps come in order of time, then in the order they were recorded', async () => {
  const facts = [
    stepFact({ status: 'Queued', atMs: 10 }),
    stepFact({ status: 'Running', atMs: 10, startedAtMs: 10, input: '[1]' }),
    stepFact({ status: 'Errored', atMs: 15, durationMs: 4.5, output: '{"name":"Error"}' }),
    stepFact({ status: 'Completed', attempt: 1, atMs: 20, output: 'null' }),
    stepFact({
      stepId: 'wait',
      kind: 'waitForEvent',
      status: 'Waiting',
      atMs: 30,
      detail: { event: 'a', timeoutMs: 5 },
    }),
    stepFact({ stepId: 'wait', kind: 'waitForEvent', status: 'TimedOut', atMs: 35 }),
    stepFact({ stepId: 'nap', kind: 'sleep', status: 'Sleeping', atMs: 36 }),
    stepFact({ stepId: 'call', kind: 'invoke', status: 'Invoking', atMs: 37 }),
    stepFact({ stepId: 'step', kind: 'function', status: 'Failed', atMs: 38 }),
    stepFact({ stepId: 'nap', kind: 'sleep', status: 'Cancelled', atMs: 39 }),
  ];
  const [first, second, ...later] = textsOf(facts);
  await history.record(later.toReversed());
  await history.record([first ?? '', second ?? '']);
  await record(stepFact({ runId: 'run-2' }));
  expect(await history.stepsOf('run-1')).toEqual(facts);
  expect(await history.stepsOf('run-3')).toEqual([]);
});

describe('the list of events', () => {
  async function ids(filter: Partial<EventFilter>): Promise<string[]> {
    return (await history.events({ limit: 50, ...filter })).map((event) => event.internalId);
  }

  beforeEach(() =>
    record(
      eventFact({ internalId: 'e1', receivedAtMs: 100, name: 'a' }),
      eventFact({ internalId: 'e3', receivedAtMs: 300, name: 'a' }),
      eventFact({ internalId: 'e2', receivedAtMs: 200, name: 'b' }),
      eventFact({ internalId: 'e4', receivedAtMs: 400, name: 'inngest/function.finished' }),
      eventFact({ internalId: 'e5', receivedAtMs: 350, name: 'b' }),
    ),
  );

  test('has the newest id first and no internal events', async () => {
    expect(await ids({})).toEqual(['e5', 'e3', 'e2', 'e1']);
  });

  test('has internal events when asked for', async () => {
    expect(await ids({ includeInternal: true })).toEqual(['e5', 'e4', 'e3', 'e2', 'e1']);
  });

  test('is read in pages', async () => {
    expect(await ids({ limit: 2 })).toEqual(['e5', 'e3']);
    expect(await ids({ limit: 2, before: 'e3' })).toEqual(['e2', 'e1']);
    expect(await ids({ limit: 2, before: 'e1' })).toEqual([]);
    expect(await ids({ limit: 0 })).toEqual([]);
  });

  test('can be of one name', async () => {
    expect(await ids({ name: 'a' })).toEqual(['e3', 'e1']);
    expect(await ids({ name: 'a', before: 'e3' })).toEqual(['e1']);
    expect(await ids({ name: 'A' })).toEqual([]);
    expect(await ids({ name: 'inngest/function.finished' })).toEqual([]);
  });

  test('can be of a time window, whose ends belong to it', async () => {
    expect(await ids({ receivedAfterMs: 200, receivedBeforeMs: 350 })).toEqual(['e5', 'e3', 'e2']);
    expect(await ids({ receivedAfterMs: 301 })).toEqual(['e5']);
    expect(await ids({ receivedBeforeMs: 199 })).toEqual(['e1']);
    expect(await ids({ receivedAfterMs: 200, name: 'b', before: 'e5', limit: 1 })).toEqual(['e2']);
  });

  test('is the same for wide windows as for narrow ones', async () => {
    const many = Array.from({ length: 6_000 }, (_, n) =>
      eventFact({
        internalId: `f${String(n).padStart(5, '0')}`,
        receivedAtMs: 1_000 + n,
        name: n % 7 === 0 ? 'x' : 'y',
      }),
    );
    await record(...many);
    expect(await ids({ receivedAfterMs: 1_000, limit: 2 })).toEqual(['f05999', 'f05998']);
    expect(await ids({ receivedAfterMs: 1_000, receivedBeforeMs: 6_900, limit: 1 })).toEqual([
      'f05900',
    ]);
    expect(await ids({ receivedAfterMs: 1_000, name: 'x', before: 'f00010', limit: 9 })).toEqual([
      'f00007',
      'f00000',
    ]);
    expect(await ids({ receivedAfterMs: 6_998, limit: 9 })).toEqual(['f05999', 'f05998']);
    expect(await history.events({ limit: 5_000 })).toHaveLength(1_000);
  });
});

test('facts that cannot be read are reported and the rest of the batch is there', async () => {
  const recorded = history.record(['{', JSON.stringify(eventFact())]);
  await expect(recorded).rejects.toBeInstanceOf(FactsRejectedError);
  expect(await history.events({ limit: 9 })).toHaveLength(1);
});

test('batches that are recorded without waiting arrive in order', async () => {
  await Promise.all([
    record(scheduledFact()),
    history.record([]),
    record(startedFact()),
    record(endedFact()),
  ]);
  expect(await history.run('run-1')).toMatchObject({ status: 'Completed' });
});

test('what was recorded is there after a restart, in one file', async () => {
  await record(eventFact(), scheduledFact());
  const path = join(folder, 'data', 'history.db');
  await history.close();
  expect(readdirSync(join(folder, 'data'))).toEqual(['history.db']);
  history = await openSqliteHistory({ path });
  expect(await history.event('01K000000000000000000000A0')).not.toBeNull();
});

test('close waits for what is being recorded; afterwards history is unavailable', async () => {
  const recorded = record(eventFact());
  await history.close();
  await history.close();
  await recorded;
  await expect(history.event('x')).rejects.toBeInstanceOf(HistoryUnavailableError);
  await expect(record(eventFact())).rejects.toBeInstanceOf(HistoryUnavailableError);
});

test('without a path, history lives in a temporary file and goes when it is closed', async () => {
  const tmpdirBefore = process.env.TMPDIR;
  process.env.TMPDIR = join(folder, 'data');
  const passing = await openSqliteHistory({ path: null });
  if (tmpdirBefore === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = tmpdirBefore;
  expect(temporaryFolders()).toHaveLength(1);
  await passing.record(textsOf([eventFact()]));
  expect(await passing.events({ limit: 9 })).toHaveLength(1);
  await passing.close();
  expect(temporaryFolders()).toEqual([]);
});

function temporaryFolders(): string[] {
  return readdirSync(join(folder, 'data')).filter((name) => name.startsWith('inngest-history-'));
}

test('a file that is no database is refused with its name', async () => {
  const path = join(folder, 'notes.txt');
  writeFileSync(path, 'these are notes, '.repeat(400));
  const opened = openSqliteHistory({ path });
  await expect(opened).rejects.toThrow(
    /cannot open history database .*notes\.txt: .*not a database/,
  );
});
