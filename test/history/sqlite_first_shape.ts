/** Makes a history file as the first servers wrote it. */
import { Database } from 'bun:sqlite';
import { migrations } from '../../src/history/sqlite/migrations.ts';

export const stepsPerRun = 5;

export function firstRunId(n: number): string {
  return `run-${String(n).padStart(6, '0')}`;
}

export function makeFirstShape(path: string, runs: number): void {
  const db = new Database(path, { create: true });
  db.run('PRAGMA journal_mode = WAL');
  migrations[0]?.(db);
  db.run('PRAGMA user_version = 1');
  const addEvent = db.prepare(`INSERT INTO events VALUES (?, ?, 'a/b', 0, ?)`);
  const addRun = db.prepare(
    `INSERT INTO runs VALUES (?, 'f-1', 3, 'shop-ship', 'app-1', ?, 'a/b', NULL, NULL, NULL,
       2000, 3000, 9000, 'Completed', '{"a":1}')`,
  );
  const addTrigger = db.prepare('INSERT INTO run_events VALUES (?, ?)');
  const addStep = db.prepare(
    `INSERT INTO steps VALUES (?, ?, 0, 'Completed', 0, 4000, 'step', ?, 20, 1.5, NULL, ?, NULL)`,
  );
  db.transaction(() => {
    for (let n = 0; n < runs; n++) {
      const runId = firstRunId(n);
      addEvent.run(`event-${runId}`, 1_000 + n, JSON.stringify({ name: 'a/b', data: { n } }));
      addRun.run(runId, JSON.stringify([`event-${runId}`]));
      addTrigger.run(`event-${runId}`, runId);
      for (let step = 0; step < stepsPerRun; step++) {
        const kind = n === 0 ? 'aiInfer' : 'run';
        addStep.run(runId, `hash-${step}`, kind, JSON.stringify({ data: 'x'.repeat(300) }));
      }
    }
  })();
  db.close(true);
}
