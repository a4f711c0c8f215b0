import { expect, test } from 'bun:test';
import { TooManyBulkOperationsError } from '../../../src/executor/bulk_operations.ts';
import { charge, functionId, openDoor, otherRunId, problem } from '../door.ts';
import { knockValidated } from '../openapi/validated_door.ts';

const path = '/v1/cancellations';
const started_before = '2025-12-31T12:00:00Z';
const body = { app_id: 'shop', function_id: 'charge', started_before };

test('the runs of a function in a window are cancelled by work that goes on by itself', async () => {
  const door = openDoor();
  const answer = await knockValidated(door, 'POST', path, {
    ...body,
    started_after: '2025-12-30T00:00:00Z',
    if: 'event.data.n == 1\n && event.data.m == 2',
  });
  expect(answer.status).toBe(200);
  expect(answer.at('data')).toMatchObject({
    created_at: '2026-01-01T00:00:00.000Z',
    name: 'Cancel shop-charge',
    app_id: 'shop',
    function_internal_id: functionId,
    function_id: 'charge',
    started_after: '2025-12-30T00:00:00.000Z',
    started_before: '2025-12-31T12:00:00.000Z',
    if: 'event.data.n == 1 && event.data.m == 2',
    kind: 'bulk_run',
    cause: 'api',
    status: 'running',
  });
  expect(door.world.bulk[0]).toMatchObject({
    kind: 'cancel',
    filter: {
      timeField: 'queued',
      fromMs: Date.parse('2025-12-30T00:00:00Z'),
      untilMs: Date.parse(started_before),
      statuses: ['Scheduled', 'Running'],
      functionIds: [charge.id],
      query: 'event.data.n == 1 && event.data.m == 2',
    },
  });
});

test('everything that is wrong is told at once, a line each', async () => {
  const door = openDoor();
  expect((await knockValidated(door, 'POST', path, {})).json()).toEqual(
    problem(400, 'app_id is required\nfunction_id is required\nstarted_before is required'),
  );
  const future = { ...body, started_before: '2026-01-01T00:00:06Z' };
  expect((await knockValidated(door, 'POST', path, future)).json()).toEqual(
    problem(400, 'started_before must not be in the future'),
  );
  const reversed = { ...body, started_after: started_before };
  expect((await knockValidated(door, 'POST', path, reversed)).json()).toEqual(
    problem(400, 'started_after must be before started_before'),
  );
  expect(
    (await knockValidated(door, 'POST', path, { ...body, started_before: 'soon' })).status,
  ).toBe(400);
  expect((await knockValidated(door, 'POST', path, '{')).status).toBe(400);
  expect(door.world.bulk).toEqual([]);
});

test('a function nobody knows is 404', async () => {
  const door = openDoor();
  for (const unknown of [{ app_id: 'nobody' }, { function_id: 'nothing' }]) {
    const answer = await knockValidated(door, 'POST', path, { ...body, ...unknown });
    expect([answer.status, answer.json()]).toEqual([404, problem(404, 'function not found')]);
  }
});

test('cancellations are listed without reruns, and stopped by their id', async () => {
  const door = openDoor();
  await knockValidated(door, 'POST', path, body);
  await door.knock('POST', '/v2/bulk/rerun', { name: 'x', filter: { from: started_before } });
  const list = await knockValidated(door, 'GET', path);
  expect(list.at('data')).toMatchObject([{ function_id: 'charge', started_after: null }]);
  const id = String(list.at('data', '0', 'id'));
  const stopped = await knockValidated(door, 'DELETE', `${path}/${id.toLowerCase()}`);
  expect([stopped.status, stopped.at('data')]).toEqual([200, { ok: true }]);
  expect((await knockValidated(door, 'GET', path)).at('data', '0', 'status')).toBe('stopped');
  const rerun = door.world.bulk.find(({ kind }) => kind === 'rerun');
  for (const unknown of [otherRunId, rerun?.id ?? '']) {
    expect((await knockValidated(door, 'DELETE', `${path}/${unknown}`)).json()).toEqual(
      problem(404, 'Cancellation not found'),
    );
  }
  expect((await knockValidated(door, 'DELETE', `${path}/x`)).status).toBe(400);
});

test('as many operations as there may be are 429, with what to do', async () => {
  const door = openDoor();
  door.world.failure = new TooManyBulkOperationsError();
  const answer = await knockValidated(door, 'POST', path, body);
  expect([answer.status, answer.at('code')]).toEqual([429, 'too_many_bulk_operations']);
  expect(answer.at('error')).toContain('wait until one of them has ended');
});
