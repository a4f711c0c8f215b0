/** Operations on many runs, pauses of functions and facts from outside, one script after the other. */
import {
  advanceBulk,
  type BulkOperation,
  type BulkStep,
  loadBulks,
  startBulk,
  stopBulk,
} from '../../src/executor/bulk_store.ts';
import { pageRunsMax } from '../../src/executor/bulk_work.ts';
import { accountOf } from '../../src/queue/item.ts';
import type { NewRun } from '../../src/state/run_creation.ts';
import { endRun } from '../../src/state/run_end.ts';
import { asList, asNumber } from '../../src/store/reply_shape.ts';
import { sampleItem } from '../queue/sample_item.ts';
import { createSampleRun, sampleRun } from '../state/sample_run.ts';
import { at, type LoadScope, leaseAll, sampleFact } from './load_scope.ts';
import { forgetScript } from './queue_load.ts';

/** Each ends or creates a page of runs. */
const pages = 8;
const bounds = { runningMax: 1_000, keptMax: 1_000 };

export async function bulkLoad(scope: LoadScope): Promise<void> {
  await operationLoad(scope);
  await pauseLoad(scope);
  await factLoad(scope);
}

async function operationLoad(scope: LoadScope): Promise<void> {
  const { timer, key, subjects, nowMs } = scope;
  const { store } = timer;
  const count = subjects / 4;
  const operations = Array.from({ length: count }, (_, index) =>
    sampleOperation(`${key}-bulk-${index}`, nowMs),
  );
  await timer.timed(
    'bulk_start',
    count,
    (index) => {
      const operation = at(operations, index);
      const item = { id: `bulk.${operation.id}`, partition: 'bulk', kind: 'bulk' } as const;
      return startBulk(store, operation, sampleItem(item), bounds);
    },
    (outcome) => outcome === 'started',
  );
  await timer.timed(
    'bulk_load: one',
    subjects,
    (index) => loadBulks(store, at(operations, index % count).id),
    (found) => found.length === 1,
  );
  await pageLoad(scope, count);
  await timer.timed(
    'bulk_stop',
    count,
    (index) => stopBulk(store, at(operations, index).id, nowMs),
    (wasRunning) => wasRunning === true,
  );
  const records = operations.map(({ id }) => `bulk:${id}`);
  await timer.untimed(1, () => store.run(forgetScript.name, [...records, 'bulks']));
}

function sampleOperation(id: string, createdAtMs: number): BulkOperation {
  return {
    ...{ id, createdAtMs, kind: 'cancel', name: 'all orders', total: pageRunsMax, error: null },
    ...{ filter: { timeField: 'queued', fromMs: 0, untilMs: createdAtMs } },
    ...{ status: 'running', endedAtMs: null, done: 0, skipped: 0 },
  };
}

async function pageLoad(scope: LoadScope, count: number): Promise<void> {
  const { timer, key, nowMs } = scope;
  const { store } = timer;
  const items = await leaseAll(scope, ['bulk'], nowMs, count);
  const runs = Array.from({ length: pages * pageRunsMax }, (_, index) =>
    sampleRun(`${key}-bulk-run-${index}`, { facts: [sampleFact(`${key} ${index}`)] }),
  );
  const pageOf = (index: number): NewRun[] =>
    runs.slice(index * pageRunsMax, (index + 1) * pageRunsMax);
  const advance = (index: number, step: Pick<BulkStep, 'ends' | 'runs'>) => {
    const item = at(items, index);
    const operationId = item.id.slice('bulk.'.length);
    const place = { atMs: nowMs, runId: `${key}-bulk-run-${index}` };
    const how = { status: 'running', passedOver: 0, nextMs: nowMs } as const;
    return advanceBulk(store, item, { nowMs, operationId, place, ...how, ...step });
  };
  await timer.timed(
    `bulk_advance: ${pageRunsMax} runs created`,
    pages,
    (index) => advance(index, { ends: [], runs: pageOf(index) }),
    (areEnded) => areEnded?.length === 0,
  );
  await timer.timed(
    `bulk_advance: ${pageRunsMax} runs ended`,
    pages,
    (index) => {
      const ends = pageOf(index).map(({ runId }) => {
        return { runId, items: [], facts: [sampleFact(runId)] };
      });
      return advance(pages + index, { ends, runs: [] });
    },
    (areEnded) => areEnded?.every((isEnded) => isEnded) === true,
  );
}

async function pauseLoad({ timer, key, subjects, nowMs }: LoadScope): Promise<void> {
  const { store } = timer;
  const functions = Array.from({ length: subjects }, (_, index) => `${key}-paused-${index}`);
  await timer.untimed(subjects, (index) =>
    createSampleRun(store, `${key}-waits-${index}`, {
      items: [
        sampleItem({
          id: `${key}-waits-${index}.start`,
          runId: `${key}-waits-${index}`,
          partition: at(functions, index),
        }),
      ],
    }),
  );
  await timer.timed(
    'function_pause',
    subjects,
    async (index) => {
      const id = at(functions, index);
      return asNumber(await store.run('function_pause', [nowMs, id, accountOf(id)]));
    },
    (code) => code === 1,
  );
  await timer.timed(
    `functions_paused: ${subjects}`,
    subjects,
    async () => asList(await store.run('functions_paused', [])),
    (ids) => ids.length === subjects,
  );
  await timer.timed(
    'function_unpause',
    subjects,
    async (index) => {
      const id = at(functions, index);
      return asNumber(await store.run('function_unpause', [id, accountOf(id)]));
    },
    (code) => code === 1,
  );
  await timer.untimed(subjects, (index) =>
    endRun(store, { item: null, runId: `${key}-waits-${index}`, items: [], facts: [] }),
  );
}

/** They go with the other facts of the play, or wait for whoever reads next. */
async function factLoad({ timer, key, subjects }: LoadScope): Promise<void> {
  const { store } = timer;
  await timer.timed(
    'history_append',
    subjects,
    async (index) =>
      asNumber(await store.run('history_append', [1, sampleFact(`${key} note ${index}`)])),
    (code) => code === 1,
  );
}
