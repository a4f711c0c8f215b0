import { expect, test } from 'bun:test';
import { eventually } from '../../eventually.ts';
import { charge, functionId, openDoor, otherRunId, runId, shop } from '../door.ts';
import { runRecord } from '../records.ts';
import { ask, refused, send } from './client.ts';
import { uiDocuments } from './documents.ts';

const { CreateApp, UpdateApp, DeleteApp, InvokeFunction, CancelRun, Rerun, RerunFromStep } =
  uiDocuments;
const url = 'http://localhost:3000/api/inngest';

test('an app is added by its URL, with or without the scheme', async () => {
  const door = openDoor();
  door.world.syncable.set(url, shop);
  for (const written of [
    url,
    'localhost:3000/api/inngest',
    ' http://127.0.0.1:3000/api/inngest ',
  ]) {
    const answer = await ask(door, CreateApp, { input: { url: written } });
    expect(answer.at('createApp', 'url')).toBe(url);
  }
  expect(door.world.syncedUrls).toEqual([url, url, url]);
});

test('an app that does not answer is an error by its code', async () => {
  const door = openDoor();
  const unreachable = await send(door, CreateApp, { input: { url: 'localhost:1' } });
  expect([unreachable.status, unreachable.errors[0]?.message]).toEqual([200, 'unreachable']);
  door.world.syncable.set(url, { ...shop, error: 'not_sdk' });
  expect(await refused(door, CreateApp, { input: { url } })).toBe('not_sdk');
  for (const bad of ['', 'ftp://x/y', 'http://', `http://x/${'y'.repeat(3_000)}`]) {
    expect(await refused(door, CreateApp, { input: { url: bad } })).toContain('looks like');
  }
});

test('an app that moves takes the place of the one that was there', async () => {
  const door = openDoor();
  door.world.syncable.set('http://localhost:4000/x', { ...shop, url: 'http://localhost:4000/x' });
  const moved = await ask(door, UpdateApp, { input: { id: shop.id, url: 'localhost:4000/x' } });
  expect(moved.at('updateApp')).toEqual({ id: shop.id, url: 'http://localhost:4000/x' });
  expect(door.registry.removed).toEqual([]);
  const other = { ...shop, id: charge.id as unknown as typeof shop.id };
  door.world.syncable.set('http://localhost:5000/x', other);
  await ask(door, UpdateApp, { input: { id: shop.id, url: 'localhost:5000/x' } });
  expect(door.registry.removed).toEqual([shop.id]);
  expect(await refused(door, UpdateApp, { input: { id: runId, url } })).toBe(
    'sql: no rows in result set',
  );
});

test('an app is deleted by id or by name', async () => {
  const door = openDoor();
  const deleted = await ask(door, DeleteApp, { id: shop.id });
  expect(deleted.at('deleteApp')).toBe(shop.id);
  const unknown = '5d0f2a7e-0000-5000-8000-00000000ffff';
  expect((await ask(door, DeleteApp, { id: unknown })).at('deleteApp')).toBe(unknown);
  expect(await refused(door, DeleteApp, { id: 'shop' })).toContain('UUID');
  const byName = 'mutation D($name: String!) { deleteAppByName(name: $name) }';
  expect((await ask(door, byName, { name: 'shop' })).at('deleteAppByName')).toBe(true);
  expect((await ask(door, byName, { name: 'no' })).at('deleteAppByName')).toBe(false);
  expect(door.registry.removed).toEqual([shop.id, shop.id]);
});

test('a function is invoked as over /invoke', async () => {
  const door = openDoor();
  const meta = { sessions: { cart: '1' } };
  const given = { functionSlug: charge.slug, data: { n: 1 }, user: { id: 'u' }, meta };
  expect((await ask(door, InvokeFunction, given)).at('invokeFunction')).toBe(true);
  const [event] = door.world.accepted;
  expect(event?.payload).toMatchObject({
    ...{ name: 'inngest/function.invoked', user: { id: 'u' }, meta },
    data: { n: 1, _inngest: { fn_id: charge.slug } },
  });
  await ask(door, InvokeFunction, { functionSlug: charge.slug });
  expect(door.world.accepted).toHaveLength(2);
  const forged = { functionSlug: charge.slug, meta: { trace: 1 } };
  expect(await refused(door, InvokeFunction, forged)).toBe('event meta "trace" is not supported');
  expect(await refused(door, InvokeFunction, { functionSlug: 'no' })).toContain(
    'Function not found',
  );
  const list = await send(door, InvokeFunction, { functionSlug: charge.slug, data: [1] });
  expect(list.status).toBe(422);
  door.world.isOverloaded = true;
  expect((await send(door, InvokeFunction, { functionSlug: charge.slug })).status).toBe(503);
});

test('a cancelled run is answered once history shows it', async () => {
  const door = openDoor();
  const { world } = door;
  world.cancelOutcomes.set(runId, 'cancelled');
  world.runs.set(runId, runRecord({ runId, status: 'Running' }));
  const query = 'mutation C($runID: ULID!) { cancelRun(runID: $runID) { id status } }';
  const answer = ask(door, query, { runID: runId });
  await eventually(() => world.clock.pendingTimers() > 0);
  world.runs.set(runId, runRecord({ runId, status: 'Cancelled', endedAtMs: world.clock.now() }));
  world.clock.advance(50);
  expect((await answer).at('cancelRun')).toEqual({ id: runId, status: 'CANCELLED' });
});

test('a history that stays behind does not hold a cancellation up for ever', async () => {
  const door = openDoor();
  const { world } = door;
  world.cancelOutcomes.set(runId, 'cancelled');
  world.runs.set(runId, runRecord({ runId, status: 'Running' }));
  const answer = ask(door, 'mutation C($r: ULID!) { cancelRun(runID: $r) { status } }', {
    r: runId,
  });
  await eventually(() => world.clock.pendingTimers() > 0);
  world.clock.advance(5_000);
  expect((await answer).at('cancelRun')).toEqual({ status: 'CANCELLED' });
});

test('what cannot be cancelled is told in the words of the original', async () => {
  const door = openDoor();
  expect(await refused(door, CancelRun, { runID: runId })).toBe('not found');
  door.world.cancelOutcomes.set(runId, 'ended');
  door.world.runs.set(runId, runRecord({ runId, status: 'Completed' }));
  expect(await refused(door, CancelRun, { runID: runId })).toBe('cannot cancel an ended run');
  door.world.runs.set(runId, runRecord({ runId, status: 'Cancelled' }));
  expect((await ask(door, CancelRun, { runID: runId })).at('cancelRun', 'id')).toBe(runId);
  expect((await send(door, CancelRun, { runID: 'x' })).status).toBe(422);
});

test('a run is run again, whole or from a step', async () => {
  const door = openDoor();
  door.world.rerunOutcomes.set(runId, { kind: 'created', runId: otherRunId });
  expect((await ask(door, Rerun, { runID: runId })).at('rerun')).toBe(otherRunId);
  await ask(door, RerunFromStep, { runID: runId, fromStep: { stepID: 'a' } });
  await ask(door, RerunFromStep, { runID: runId, fromStep: { stepID: 'a', input: '[{"n":1}]' } });
  expect(door.world.reruns).toEqual([
    { runId, fromStep: undefined },
    { runId, fromStep: { stepId: 'a' } },
    { runId, fromStep: { stepId: 'a', input: '[{"n":1}]' } },
  ]);
  for (const input of ['{}', 'x', '1']) {
    const fromStep = { stepID: 'a', input };
    expect(await refused(door, RerunFromStep, { runID: runId, fromStep })).toBe(
      'input is not a valid JSON array',
    );
  }
});

test('why a run cannot run again is told', async () => {
  const door = openDoor();
  const cases = [
    ['unknown_run', 'sql: no rows in result set'],
    ['unknown_step', 'error reconstructing input state: rerun step not found'],
    ['ambiguous_step', 'several steps'],
    ['unknown_function', 'not registered'],
    ['events_gone', 'not kept any more'],
  ] as const;
  for (const [kind, message] of cases) {
    door.world.rerunOutcomes.set(runId, { kind });
    expect(await refused(door, Rerun, { runID: runId })).toContain(message);
  }
  const told = { kind: 'not_rerunnable', message: 'send that request again' } as const;
  door.world.rerunOutcomes.set(runId, told);
  expect(await refused(door, Rerun, { runID: runId })).toBe(told.message);
});

test('a function is paused and unpaused', async () => {
  const door = openDoor();
  door.world.pausable.add(functionId);
  const isPaused = async (): Promise<unknown> =>
    (await ask(door, '{ functions { isPaused } }')).at('functions', 0, 'isPaused');
  const pause = 'mutation P($id: UUID!) { pauseFunction(id: $id) { slug isPaused } }';
  expect(await isPaused()).toBe(false);
  const paused = await ask(door, pause, { id: functionId });
  expect(paused.at('pauseFunction')).toEqual({ slug: charge.slug, isPaused: true });
  expect(await isPaused()).toBe(true);
  const unpause = 'mutation U($id: UUID!) { unpauseFunction(id: $id) { isPaused } }';
  const unpaused = await ask(door, unpause, { id: functionId });
  expect(unpaused.at('unpauseFunction')).toEqual({ isPaused: false });
  const unknown = { id: '5d0f2a7e-0000-5000-8000-00000000ffff' };
  expect(await refused(door, pause, unknown)).toContain('function not found');
  expect(await refused(door, unpause, unknown)).toContain('function not found');
});

test('many runs are cancelled or run again, with progress', async () => {
  const door = openDoor();
  const fields = '{ id kind name status total done skipped createdAt endedAt error }';
  const start = (name: string) =>
    `mutation B($f: RunsFilterV2!) { ${name}(name: "storm", filter: $f) ${fields} }`;
  const f = { from: '2026-01-01T00:00:00Z', status: ['FAILED'], query: 'error.message == "x"' };
  const started = await ask(door, start('rerunRuns'), { f });
  expect(started.at('rerunRuns')).toMatchObject({
    kind: 'rerun',
    name: 'storm',
    status: 'running',
  });
  await ask(door, start('cancelRuns'), { f });
  expect(door.world.bulk[0]?.filter).toEqual({
    ...{ timeField: 'queued', statuses: ['Failed'], query: 'error.message == "x"' },
    ...{ fromMs: Date.UTC(2026, 0, 1), untilMs: door.world.clock.now() },
  });
  const id = started.at('rerunRuns', 'id');
  const one = await ask(
    door,
    `query O($id: ULID!) { bulkOperation(id: $id) ${fields} bulkOperations { kind } }`,
    { id },
  );
  expect(one.at('bulkOperation')).toEqual(started.at('rerunRuns'));
  expect(one.at('bulkOperations')).toEqual([{ kind: 'cancel' }, { kind: 'rerun' }]);
  const stop = 'mutation S($id: ULID!) { stopBulkOperation(id: $id) { status } }';
  expect((await ask(door, stop, { id })).at('stopBulkOperation')).toEqual({ status: 'stopped' });
  expect(await refused(door, stop, { id: runId })).toBe('bulk operation not found');
  expect(
    await refused(door, 'query Q($id: ULID!) { bulkOperation(id: $id) { id } }', { id: runId }),
  ).toBe('bulk operation not found');
});

test('work on many runs needs a name, as over REST', async () => {
  const door = openDoor();
  const f = { from: '2026-01-01T00:00:00Z' };
  const start = (kind: string) =>
    `mutation B($f: RunsFilterV2!, $n: String!) { ${kind}(name: $n, filter: $f) { id } }`;
  for (const kind of ['cancelRuns', 'rerunRuns']) {
    expect(await refused(door, start(kind), { f, n: '' })).toBe('name is required');
    expect(await refused(door, start(kind), { f, n: 'x'.repeat(257) })).toContain('256');
  }
  expect(door.world.bulk).toEqual([]);
});
