/** The storage thread may die at any moment: the batch is sent again, and nothing is lost or doubled. */
import { Database } from 'bun:sqlite';
import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { codeOf, threadCode } from '../../../src/store/embedded/commit_error.ts';
import { databasePath } from '../../../src/store/embedded/database.ts';
import { lockDirectory } from '../../../src/store/embedded/directory_lock.ts';
import { birthOf } from '../../../src/store/embedded/file_identity.ts';
import { type Operand, rowOp } from '../../../src/store/embedded/row_ops.ts';
import { WorkerCommitter } from '../../../src/store/embedded/worker_committer.ts';
import { openProbe, temporaryDirectory } from './probe.ts';

const turnOfTheLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A database that exists, and a committer whose thread the test can end. */
async function openCommitter() {
  const dataDir = temporaryDirectory();
  await (await openProbe({ dataDir })).store.close();
  const path = databasePath(dataDir);
  const lock = lockDirectory(dataDir);
  const ground = {
    path,
    database: birthOf(path),
    lockPath: join(dataDir, 'store.lock'),
    lock: lock.file,
  };
  return { dataDir, lock, committer: new WorkerCommitter(ground, () => lock.file) };
}

/** One batch with keys `from` to `to`; `keyRows` is how many there are then. */
function batch(from: number, to: number, keyRows: number): Operand[] {
  const ops: Operand[] = [];
  for (let id = from; id <= to; id += 1) ops.push(rowOp.putKey, id, `k${id}`, 1, 0, 0, `v${id}`);
  ops.push(rowOp.putCounts, keyRows, 0);
  return ops;
}

test('a thread that ends in the middle of a batch is started again, and the same batch lands once', async () => {
  const { dataDir, lock, committer } = await openCommitter();
  let rows = 0;
  for (let round = 0; round < 8; round += 1) {
    const ops = batch(rows + 1, rows + 3_000, rows + 3_000);
    rows += 3_000;
    const failed = committer.commit(ops).then(
      () => '',
      (error: unknown) => codeOf(error),
    );
    // Before, during and after the batch.
    for (let turn = 0; turn < round * 400; turn += 1) await turnOfTheLoop();
    committer.end();
    expect(['', threadCode]).toContain(await failed);
    await committer.commit(ops);
  }
  await committer.close();
  lock.release();
  const db = new Database(databasePath(dataDir));
  expect(db.query('SELECT count(*) n FROM keys').get()).toEqual({ n: rows });
  db.close();
  const { store, call } = await openProbe({ dataDir });
  expect(store.stats().keys).toBe(rows);
  expect(call('GET', `k${rows}`)).toBe(`v${rows}`);
  await store.close();
}, 60_000);
