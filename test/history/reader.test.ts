/** The reader's thread: started when something is searched, gone when nothing is, and fair in between. */
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HistoryBusyError, HistoryUnavailableError } from '../../src/history/history_error.ts';
import type { HistoryPlace } from '../../src/history/place.ts';
import { Reader } from '../../src/history/reader.ts';
import { Writer } from '../../src/history/writer.ts';
import { FakeClock } from '../fake_clock.ts';
import { endedFact, scheduledFact, textsOf } from './facts.ts';

let folder: string;
let writer: Writer;
let reader: Reader;
let clock: FakeClock;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'inngest-test-'));
  const path = join(folder, 'history.db');
  const place: HistoryPlace = { kind: 'sqlite', path, synchronous: 'OFF' };
  writer = new Writer({ place });
  await writer.open();
  clock = new FakeClock();
  reader = new Reader({ place, clock });
});

afterEach(async () => {
  await reader.close();
  await writer.close();
  rmSync(folder, { recursive: true });
});

const newest = { timeField: 'queued', orderBy: 'queued', direction: 'desc', limit: 10 } as const;
const count = () => reader.search({ of: 'runCount', filter: { timeField: 'queued' } });

test('the thread ends a minute after the last search, and the next search starts another', async () => {
  expect(reader.isRunning).toBe(false);
  await count();
  clock.advance(59_000);
  await count();
  clock.advance(59_000);
  expect(reader.isRunning).toBe(true);
  clock.advance(1_000);
  expect(reader.isRunning).toBe(false);
  expect(await count()).toEqual({ of: 'count', count: 0 });
});

test('a short read does not wait for a long search', async () => {
  const runs = Array.from({ length: 8_000 }, (_, n) => [
    scheduledFact({ runId: `run-${String(n).padStart(5, '0')}`, atMs: 1_000 + n }),
    endedFact({ runId: `run-${String(n).padStart(5, '0')}`, atMs: 20_000 }),
  ]);
  await writer.record(textsOf(runs.flat()));
  const finished: string[] = [];
  const long = reader
    .search({ of: 'runs', query: { ...newest, query: 'output.ok == false' } })
    .then(() => finished.push('search'));
  const short = reader.search({ of: 'runs', query: newest }).then(() => finished.push('page'));
  await Promise.all([long, short]);
  expect(finished).toEqual(['page', 'search']);
});

test('what is searched when it is closed is given up, and nothing is searched afterwards', async () => {
  const searched = reader.search({ of: 'runs', query: { ...newest, query: 'output.ok == false' } });
  const closed = reader.close();
  await expect(searched).rejects.toBeInstanceOf(HistoryUnavailableError);
  await closed;
  await expect(count()).rejects.toBeInstanceOf(HistoryUnavailableError);
});

test('more searches at once than there is memory for are refused', async () => {
  const searches = Array.from({ length: 300 }, count);
  const outcomes = await Promise.allSettled(searches);
  const refused = outcomes.filter(({ status }) => status === 'rejected');
  expect(refused).toHaveLength(300 - 256);
  expect(refused[0]).toMatchObject({ reason: expect.any(HistoryBusyError) });
});

test('a database that is not there is said to be unavailable', async () => {
  const path = join(folder, 'missing.db');
  const lost = new Reader({ place: { kind: 'sqlite', path, synchronous: 'OFF' }, clock });
  const searched = lost.search({ of: 'runs', query: newest });
  await expect(searched).rejects.toBeInstanceOf(HistoryUnavailableError);
  await lost.close();
});
