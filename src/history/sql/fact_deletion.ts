/** Deletes what happened in runs, a bounded number of facts at a time: one run may have ten thousands. */
import type { SqlSink } from './source.ts';
import { isIn, tablesOf } from './tables.ts';

const factsPerStepMax = 500;

/** False when there were too many to delete all: some are left. */
export async function deleteFacts(tx: SqlSink, runIds: readonly string[]): Promise<boolean> {
  const { runFacts } = tablesOf(tx);
  const isOurs = isIn(tx.kind, 'run_id', '$1');
  const list = JSON.stringify(runIds);
  const [bound] = await tx.all<{ run_id: string; key: string }>(
    `SELECT run_id, key FROM ${runFacts} WHERE ${isOurs} ORDER BY run_id, key LIMIT 1 OFFSET $2`,
    [list, factsPerStepMax],
  );
  if (bound === undefined) {
    await tx.run(`DELETE FROM ${runFacts} WHERE ${isOurs}`, [list]);
    return true;
  }
  await tx.run(
    `DELETE FROM ${runFacts} WHERE ${isOurs} AND (run_id < $2 OR (run_id = $2 AND key < $3))`,
    [list, bound.run_id, bound.key],
  );
  return false;
}
