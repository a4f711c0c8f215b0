import { Database } from 'bun:sqlite';
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HistoryUnavailableError } from '../../src/history/history_error.ts';
import { Writer } from '../../src/history/writer.ts';
import { eventFact, scheduledFact, textsOf } from './facts.ts';

let folder: string;
let path: string;
let writer: Writer;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'inngest-test-'));
  path = join(folder, 'history.db');
  const program = new URL('./dying_worker.ts', import.meta.url);
  writer = new Writer({ place: { kind: 'sqlite', path, synchronous: 'FULL' }, program });
  await writer.open();
});

afterEach(async () => {
  await writer.close();
  rmSync(folder, { recursive: true });
});

function rows(table: string): number {
  const db = new Database(path, { readonly: true });
  const counted = db.query<{ n: number }, []>(`SELECT count(*) AS n FROM ${table}`).get();
  db.close(true);
  return counted?.n ?? 0;
}

test('when its thread dies, what waits for it fails and the next batch goes to a new thread', async () => {
  const dying = writer.record(['die']);
  const waiting = writer.record(textsOf([eventFact()]));
  const [, outcome] = await Promise.allSettled([dying, waiting]);
  expect(outcome).toMatchObject({ reason: expect.any(HistoryUnavailableError) });
  await writer.record(textsOf([eventFact(), scheduledFact()]));
  expect([rows('events'), rows('runs')]).toEqual([1, 1]);
});

test('a database that another process locks is waited for', async () => {
  const other = new Database(path);
  other.run('BEGIN IMMEDIATE');
  const recorded = writer.record(textsOf([eventFact()]));
  expect(rows('events')).toBe(0);
  other.run('COMMIT');
  other.close(true);
  await recorded;
  expect(rows('events')).toBe(1);
});
