/** Operations on many runs, chosen by the history that servers have. */
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { BulkOperations } from '../../src/executor/bulk_operations.ts';
import { BulkWork, pageRestMs, pageRunsMax } from '../../src/executor/bulk_work.ts';
import type { History } from '../../src/history/history.ts';
import { QueryError } from '../../src/history/history_error.ts';
import { openHistory } from '../../src/history/open_history.ts';
import { readOutbox, trimOutbox } from '../../src/history/outbox.ts';
import { Reruns } from '../../src/runner/reruns.ts';
import { takeFrom } from '../queue/sample_item.ts';
import { World } from '../simulation/world.ts';

const count = 2 * pageRunsMax + 20;
let world: World;
let history: History;
let operations: BulkOperations;
let work: BulkWork;

beforeEach(async () => {
  world = await World.create();
  history = await openHistory({ kind: 'sqlite', path: null });
  const { store, clock, newId } = world;
  const { registry } = world.server;
  const reruns = new Reruns({ store, clock, newId, registry, history });
  operations = new BulkOperations({ store, clock, newId, history });
  const newRunOf = (run: Parameters<Reruns['newRunOf']>[0], id: string) => reruns.newRunOf(run, id);
  work = new BulkWork({ store, clock, newId, history, newRunOf });
});
afterEach(async () => {
  await history.close();
  await world.close();
});

/** As the pump does it. */
async function record(): Promise<void> {
  for (;;) {
    const page = await readOutbox(world.store, 1_000);
    if (page.facts.length === 0) return;
    await history.record(page.facts);
    await trimOutbox(world.store, page);
  }
}

/** Until no page is due any more. The world's own server leaves the items alone. */
async function goOn(): Promise<void> {
  for (;;) {
    await record();
    const { items } = await takeFrom(world, 'bulk', { itemsMax: 1 });
    const [item] = items;
    if (item === undefined) return;
    await work.handle(item);
    world.clock.goTo(world.clock.now() + pageRestMs);
  }
}

const filter = (query?: string) => ({
  timeField: 'queued' as const,
  fromMs: 0,
  untilMs: world.clock.now() + 1,
  ...(query !== undefined && { query }),
});
const countOf = (statuses: readonly ('Running' | 'Cancelled' | 'Completed')[]) =>
  history.countRuns({ timeField: 'queued', statuses });

test('a condition chooses the runs that are cancelled', async () => {
  await world.define('fn', {}, ({ step }) => step.sleep('nap', '1h'));
  for (let n = 0; n < count; n += 1) await world.accept('test/go', { isBad: n % 2 === 0 });
  await world.settle();
  await record();
  world.server.life.isDead = true;
  const operation = await operations.start({
    ...{ kind: 'cancel', name: 'bad ones' },
    filter: filter('event.data.isBad == true'),
  });
  expect(operation.total).toBe(count / 2);
  await goOn();
  expect(await operations.get(operation.id)).toMatchObject({
    ...{ status: 'completed', done: count / 2, skipped: 0 },
  });
  expect([await countOf(['Cancelled']), await countOf(['Running'])]).toEqual([
    count / 2,
    count / 2,
  ]);
});

test('every run of a window is run again, once', async () => {
  await world.define('fn', {}, async ({ event }) => event.data.n);
  for (let n = 0; n < count; n += 1) await world.accept('test/go', { n });
  await world.settle();
  await record();
  world.server.life.isDead = true;
  const operation = await operations.start({ kind: 'rerun', name: 'again', filter: filter() });
  await goOn();
  expect(await operations.get(operation.id)).toMatchObject({
    ...{ status: 'completed', total: count, done: count, skipped: 0 },
  });
  const { runs } = await history.runs({
    ...{ timeField: 'queued', orderBy: 'queued', direction: 'asc', limit: 1_000 },
  });
  const made = runs.filter(({ replayId }) => replayId === operation.id);
  expect(new Set(made.map(({ originalRunId }) => originalRunId)).size).toBe(count);
  expect([runs.length, made.length]).toEqual([2 * count, count]);
});

test('a condition that is none is refused before anything is stored', async () => {
  const start = operations.start({ kind: 'cancel', name: '', filter: filter('event.data.(') });
  expect(await start.catch((error: unknown) => error)).toBeInstanceOf(QueryError);
  expect(await operations.list()).toEqual([]);
});
