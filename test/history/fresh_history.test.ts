/** Reads that first carry over what waits in the outbox. */
import { expect, test } from 'bun:test';
import { freshHistory, readWaitMsMax } from '../../src/history/fresh_history.ts';
import type { EventRecord, History } from '../../src/history/history.ts';

const record: EventRecord = { internalId: 'e1', receivedAtMs: 1, name: 'a/b', payload: '{}' };

function historyOf(steps: string[]): History {
  const read = <T>(name: string, value: T): Promise<T> => {
    steps.push(name);
    return Promise.resolve(value);
  };
  return {
    record: () => read('record', undefined),
    events: () => read('events', [record]),
    countEvents: () => read('countEvents', 1),
    event: () => read('event', record),
    eventsById: () => read('eventsById', [record]),
    runsOfEvents: () => read('runsOfEvents', new Map()),
    runsOfEvent: () => read('runsOfEvent', []),
    run: () => read('run', null),
    outputsOf: () => read('outputsOf', new Map()),
    runs: () => read('runs', { runs: [], hasMore: false }),
    countRuns: () => read('countRuns', 0),
    factsOf: () => read('factsOf', []),
    prune: () => read('prune', { events: 0, runs: 0, traces: 0, hasMore: false }),
    close: () => read('close', undefined),
  };
}

test('a read waits for the outbox, and for no longer than its time', async () => {
  const steps: string[] = [];
  const fresh = freshHistory(historyOf(steps), {
    idle: async (msMax) => {
      steps.push(`idle for ${msMax} ms at most`);
    },
  });
  expect(await fresh.event('e1')).toEqual(record);
  expect(await fresh.events({ limit: 1 })).toEqual([record]);
  const wait = `idle for ${readWaitMsMax} ms at most`;
  expect(steps).toEqual([wait, 'event', wait, 'events']);
});

test('what is no read does not wait', async () => {
  const steps: string[] = [];
  const fresh = freshHistory(historyOf(steps), {
    idle: () => Promise.reject(new Error('not to be asked')),
  });
  await fresh.record([]);
  await fresh.prune({ eventsBeforeMs: 1, runsBeforeMs: 1, tracesBeforeMs: 1 });
  await fresh.close();
  expect(steps).toEqual(['record', 'prune', 'close']);
});

test('a search can be given up through it', async () => {
  const { signal } = new AbortController();
  const seen: unknown[] = [];
  const fresh = freshHistory(
    {
      ...historyOf([]),
      events: async (_, given) => {
        seen.push(given);
        return [];
      },
      countEvents: async (_, given) => seen.push(given),
    },
    { idle: async () => undefined },
  );
  await fresh.events({ limit: 1 }, signal);
  await fresh.countEvents({}, signal);
  expect(seen).toEqual([signal, signal]);
});
