import { expect, test } from 'bun:test';
import {
  BulkRequestError,
  TooManyBulkOperationsError,
} from '../../../src/executor/bulk_operations.ts';
import { HistoryUnavailableError, QueryError } from '../../../src/history/history_error.ts';
import { charge, functionId, openDoor, otherRunId } from '../door.ts';
import { knockValidated } from '../openapi/validated_door.ts';
import { errors, refusalOf } from './fixtures.ts';

const nowMs = 1_767_225_600_000;
const from = '2025-12-31T00:00:00Z';

test('a failed window is replayed by a bulk rerun, and its progress can be read', async () => {
  const door = openDoor();
  const started = await knockValidated(door, 'POST', '/v2/bulk/rerun', {
    name: 'after the outage',
    filter: {
      from,
      status: ['FAILED'],
      appId: ['shop'],
      functionId: ['charge'],
      query: 'event.data.n > 1',
    },
  });
  expect(started.status).toBe(202);
  expect(started.at('data')).toMatchObject({
    kind: 'RERUN',
    name: 'after the outage',
    status: 'RUNNING',
    filter: { status: ['FAILED'], functionId: [functionId], until: '2026-01-01T00:00:00.000Z' },
  });
  expect(door.world.bulk.map(({ filter }) => filter)).toEqual([
    {
      timeField: 'queued',
      fromMs: Date.parse(from),
      untilMs: nowMs,
      statuses: ['Failed'],
      appIds: [charge.appId],
      functionIds: [functionId],
      query: 'event.data.n > 1',
    },
  ]);
  const id = String(started.at('data', 'id'));
  expect((await knockValidated(door, 'GET', `/v2/bulk/${id}`)).at('data', 'id')).toBe(id);
  expect((await knockValidated(door, 'GET', '/api/v2/bulk')).at('data')).toMatchObject([{ id }]);
  const stopped = await knockValidated(door, 'POST', `/v2/bulk/${id}/stop`);
  expect(stopped.at('data', 'status')).toBe('STOPPED');
});

test('many runs are cancelled by a filter', async () => {
  const door = openDoor();
  const body = { name: 'stop them', filter: { from, until: from, timeField: 'startedAt' } };
  const answer = await knockValidated(door, 'POST', '/v2/bulk/cancel', body);
  expect([answer.status, answer.at('data', 'kind')]).toEqual([202, 'CANCEL']);
  expect(door.world.bulk[0]?.filter.timeField).toBe('started');
});

test('a bulk request that makes no sense starts nothing', async () => {
  const door = openDoor();
  const filter = { from };
  const cases: readonly (readonly [object, number, string])[] = [
    [{ filter }, 400, 'missing_field'],
    [{ name: 'x' }, 400, 'missing_field'],
    [{ name: 'x', filter: {} }, 400, 'missing_field'],
    [{ name: 'x', filter: { from, colour: 'red' } }, 400, 'api_error'],
    [{ name: 'x', filter: { from: '2027-01-01T00:00:00Z' } }, 400, 'invalid_request'],
    [{ name: 'x', filter: { from, functionId: ['charge'] } }, 400, 'invalid_request'],
    [{ name: 'x', filter: { from, appId: ['shop'], functionId: ['x'] } }, 404, 'not_found'],
  ];
  for (const [body, status, code] of cases) {
    const answer = await knockValidated(door, 'POST', '/v2/bulk/rerun', body);
    expect([body, answer.status, answer.at('errors', '0', 'code')]).toEqual([body, status, code]);
  }
  expect(door.world.bulk).toEqual([]);
});

test('a bad expression and a history that is away are told apart', async () => {
  const door = openDoor();
  const body = { name: 'x', filter: { from, query: 'event.' } };
  door.world.failure = new QueryError('invalid syntax detected');
  expect(refusalOf(await knockValidated(door, 'POST', '/v2/bulk/rerun', body))).toEqual([
    400,
    errors(['invalid_query', 'invalid syntax detected']),
  ]);
  door.world.failure = new HistoryUnavailableError('away');
  expect((await knockValidated(door, 'POST', '/v2/bulk/rerun', body)).status).toBe(503);
});

test('a filter that names no workable runs is 400, too many operations are 429', async () => {
  const door = openDoor();
  const body = { name: 'x', filter: { from } };
  door.world.failure = new BulkRequestError('Name at least one status.');
  expect(refusalOf(await knockValidated(door, 'POST', '/v2/bulk/cancel', body))).toEqual([
    400,
    errors(['invalid_bulk_request', 'Name at least one status.']),
  ]);
  door.world.failure = new TooManyBulkOperationsError();
  const answer = await knockValidated(door, 'POST', '/v2/bulk/cancel', body);
  expect([answer.status, answer.at('errors', '0', 'code')]).toEqual([
    429,
    'too_many_bulk_operations',
  ]);
  expect(answer.text).toContain('wait until one of them has ended');
  expect(door.logged).toEqual([]);
});

test('an operation nobody knows is 404', async () => {
  const door = openDoor();
  for (const [method, path] of [
    ['GET', `/v2/bulk/${otherRunId}`],
    ['POST', `/v2/bulk/${otherRunId}/stop`],
  ] as const) {
    expect(refusalOf(await knockValidated(door, method, path))).toEqual([
      404,
      errors(['not_found', 'Bulk operation not found']),
    ]);
  }
  expect((await knockValidated(door, 'GET', '/v2/bulk/x')).status).toBe(400);
});
