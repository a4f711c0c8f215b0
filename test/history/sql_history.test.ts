/** What is short is read at once; what may be long goes to the reader's thread, and the main thread stays free. */
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HistoryPlace } from '../../src/history/place.ts';
import { Reader } from '../../src/history/reader.ts';
import { openForReading } from '../../src/history/sql/database.ts';
import { SqlHistory } from '../../src/history/sql_history.ts';
import { Writer } from '../../src/history/writer.ts';
import { eventFact, stepFact, textsOf } from './facts.ts';

let folder: string;
let reader: Reader;
let history: SqlHistory;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'inngest-test-'));
  const path = join(folder, 'history.db');
  const place: HistoryPlace = { kind: 'sqlite', path, synchronous: 'OFF' };
  const writer = new Writer({ place });
  await writer.open();
  reader = new Reader({ place });
  const database = await openForReading(place, 1);
  history = new SqlHistory({ writer, reader, database, afterClose: () => {} });
});
afterEach(async () => {
  await history.close();
  rmSync(folder, { recursive: true });
});

test('a page of the newest events is read at once, one within a window by the thread', async () => {
  await history.record(textsOf([eventFact()]));
  const names = Array.from({ length: 16 }, (_, n) => `name-${n}`);
  await history.events({ limit: 5 });
  await history.events({ limit: 5, before: '02', includeInternal: true });
  await history.events({ limit: 5, names });
  expect(reader.isRunning).toBe(false);
  expect(await history.events({ limit: 5, receivedAfterMs: 0 })).toHaveLength(1);
  expect(reader.isRunning).toBe(true);
});

test('a list of more names than can be put together is read by the thread', async () => {
  await history.events({ limit: 5, names: Array.from({ length: 17 }, (_, n) => `name-${n}`) });
  expect(reader.isRunning).toBe(true);
});

test.each([
  ['of few steps at once', 300, 1, false],
  ['of many steps by the thread', 301, 1, true],
  ['of large outputs by the thread', 2, 100_000, true],
])('what happened in a run is read, %s', async (_, steps, outputBytes, isByThread) => {
  const facts = Array.from({ length: steps }, (_, n) => {
    const noise = Buffer.from(crypto.getRandomValues(new Uint8Array(outputBytes)));
    return stepFact({ stepId: `step-${n}`, output: JSON.stringify(noise.toString('base64')) });
  });
  await history.record(textsOf(facts));
  const found = await history.factsOf('run-1');
  expect(found).toHaveLength(steps);
  expect(found).toEqual(expect.arrayContaining(facts));
  expect(reader.isRunning).toBe(isByThread);
});
