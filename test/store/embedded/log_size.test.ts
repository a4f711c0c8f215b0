import { Database } from 'bun:sqlite';
import { expect, test } from 'bun:test';
import { statSync } from 'node:fs';
import { databasePath } from '../../../src/store/embedded/database.ts';
import { openProbe, temporaryDirectory } from './probe.ts';

const keys = 300;
const valueBytes = 8_000;
const mebibyte = 1024 * 1024;

test('a log that a long read has made large is cut back while the server runs', async () => {
  const dataDir = temporaryDirectory();
  const { store, call } = await openProbe({ dataDir });
  const logBytes = (): number => statSync(`${databasePath(dataDir)}-wal`).size;
  const write = async (rounds: number): Promise<void> => {
    for (let round = 0; round < rounds; round += 1) {
      for (let at = 0; at < keys; at += 1) call('SET', `k${at}`, `${round}`.repeat(valueBytes));
      await store.settled();
    }
  };
  await write(1);
  const reader = new Database(databasePath(dataDir));
  reader.run('BEGIN');
  reader.query('SELECT count(*) FROM keys').get();
  await write(20);
  expect(logBytes()).toBeGreaterThan(40 * mebibyte);
  reader.close(true);
  await write(20);
  expect(logBytes()).toBeLessThan(40 * mebibyte);
  await store.close();
}, 60_000);
