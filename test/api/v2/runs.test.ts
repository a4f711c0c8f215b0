import { expect, test } from 'bun:test';
import { functionId as chargeId, otherRunId } from '../door.ts';
import { dayMs, type HistoryDoor, openHistoryDoor, runFacts, testUlid } from '../history_door.ts';
import { knockValidated } from '../openapi/validated_door.ts';

/** Eight runs a second apart: every fourth failed, the last one is still running. */
async function doorWithRuns(): Promise<HistoryDoor> {
  const door = await openHistoryDoor();
  for (let number = 0; number < 8; number += 1) {
    const failed = { status: 'Failed', output: '{"name":"Error","message":"no"}' } as const;
    await door.record(
      ...runFacts(number, number === 7 ? null : number % 4 === 0 ? failed : undefined),
    );
  }
  return door;
}

interface Page {
  readonly data?: readonly { readonly id: string; readonly status: string }[];
  readonly page: { readonly cursor?: string; readonly hasMore?: boolean; readonly limit?: number };
}

async function list(door: HistoryDoor, query: string, base = '/v2/runs'): Promise<Page> {
  const answer = await knockValidated(door, 'GET', `${base}?${query}`);
  expect(answer.status).toBe(200);
  // The document has been held against it.
  return answer.json() as Page;
}

const numbers = (page: Page): readonly number[] =>
  (page.data ?? []).map(
    ({ id }) => [...Array(8).keys()].find((n) => testUlid('run', n) === id) ?? -1,
  );

test('runs are listed newest first, under both prefixes', async () => {
  await using door = await doorWithRuns();
  expect(numbers(await list(door, ''))).toEqual([7, 6, 5, 4, 3, 2, 1, 0]);
  expect(numbers(await list(door, 'order=ASC', '/api/v2/runs'))).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
});

test('a run says what it is in sorted keys, without what is empty', async () => {
  await using door = await doorWithRuns();
  const answer = await knockValidated(door, 'GET', `/v2/runs/${testUlid('run', 1)}`);
  expect(answer.text).toBe(
    `${JSON.stringify({
      data: {
        app: { id: 'shop' },
        durationMs: '100',
        endedAt: '2026-01-01T00:00:01.110Z',
        function: { id: 'charge', name: 'Charge' },
        id: testUlid('run', 1),
        queuedAt: '2026-01-01T00:00:01.000Z',
        startedAt: '2026-01-01T00:00:01.010Z',
        status: 'COMPLETED',
        trigger: { eventIds: [testUlid('event', 1)], eventName: 'order/placed' },
      },
      metadata: { fetchedAt: '2026-01-01T00:00:00.000Z' },
      page: {},
    })}\n`,
  );
});

test('outputs come when asked for: objects as they are, errors under a key', async () => {
  await using door = await doorWithRuns();
  await door.record(...runFacts(20, { status: 'Completed', output: '"text"' }));
  const outputOf = async (number: number): Promise<unknown> => {
    const path = `/v2/runs/${testUlid('run', number)}?includeOutput=true`;
    return (await knockValidated(door, 'GET', path)).at('data', 'output');
  };
  expect(await outputOf(1)).toEqual({ ok: true });
  expect(await outputOf(0)).toEqual({ error: { name: 'Error', message: 'no' } });
  expect(await outputOf(20)).toEqual({ data: 'text' });
  expect(await outputOf(7)).toBeUndefined();
});

test('pages follow each other by cursor until there is no more', async () => {
  await using door = await doorWithRuns();
  const first = await list(door, 'limit=3');
  expect(first.page).toMatchObject({ hasMore: true, limit: 3 });
  const second = await list(door, `limit=3&cursor=${encodeURIComponent(first.page.cursor ?? '')}`);
  const third = await list(door, `limit=3&cursor=${encodeURIComponent(second.page.cursor ?? '')}`);
  expect([numbers(first), numbers(second), numbers(third)]).toEqual([
    [7, 6, 5],
    [4, 3, 2],
    [1, 0],
  ]);
  expect(third.page.hasMore).toBeUndefined();
});

test('filters narrow the list', async () => {
  await using door = await doorWithRuns();
  const time = (number: number): string => new Date(dayMs + number * 1000).toISOString();
  expect(numbers(await list(door, 'status=FAILED&status=RUNNING'))).toEqual([7, 4, 0]);
  expect(numbers(await list(door, `from=${time(2)}&until=${time(4)}`))).toEqual([4, 3, 2]);
  expect(numbers(await list(door, 'timeField=endedAt&status=FAILED'))).toEqual([4, 0]);
  expect(numbers(await list(door, 'appId=shop&functionId=charge&status=RUNNING'))).toEqual([7]);
  expect(numbers(await list(door, `appId=shop&functionId=${chargeId}&limit=1`))).toEqual([7]);
  expect(numbers(await list(door, 'appId=nobody'))).toEqual([]);
  expect(numbers(await list(door, 'appId=shop&functionId=nothing'))).toEqual([]);
  expect(numbers(await list(door, `query=${encodeURIComponent('event.data.n > 5')}`))).toEqual([
    7, 6,
  ]);
  expect(numbers(await list(door, 'isDeferred=true'))).toEqual([]);
});

test('runs of a list come with their outputs for who asks', async () => {
  await using door = await doorWithRuns();
  const withOutput = await knockValidated(
    door,
    'GET',
    '/v2/runs?status=COMPLETED&includeOutput=true',
  );
  expect(withOutput.at('data', '0', 'output')).toEqual({ ok: true });
  const without = await knockValidated(door, 'GET', '/v2/runs?status=COMPLETED');
  expect(without.at('data', '0', 'output')).toBeUndefined();
});

test('an empty list leaves its data out', async () => {
  await using door = await openHistoryDoor();
  expect(await list(door, '')).toMatchObject({ page: { limit: 20 } });
  expect((await list(door, '')).data).toBeUndefined();
});

test('the runs of a function and of an event are lists of their own', async () => {
  await using door = await doorWithRuns();
  const ofFunction = '/v2/apps/shop/functions/charge/runs';
  expect(numbers(await list(door, 'limit=2', ofFunction))).toEqual([7, 6]);
  expect(numbers(await list(door, '', '/v2/apps/shop/functions/nothing/runs'))).toEqual([]);
  const ofEvent = `/v2/events/${testUlid('event', 3)}/runs`;
  expect(numbers(await list(door, '', ofEvent))).toEqual([3]);
  expect(numbers(await list(door, '', `/v2/events/${otherRunId}/runs`))).toEqual([]);
  await door.record(...runFacts(9, { status: 'Skipped', skipReason: 'FunctionPaused' }));
  const skipped = await list(door, '', `/v2/events/${testUlid('event', 9)}/runs`);
  expect(skipped.data).toMatchObject([{ status: 'SKIPPED', skipReason: 'FunctionPaused' }]);
  expect(numbers(await list(door, 'limit=1'))).toEqual([7]);
});

test('what makes no sense is refused in words', async () => {
  await using door = await doorWithRuns();
  const cases: readonly (readonly [string, string, string])[] = [
    ['limit=101', 'invalid_field_format', 'Limit cannot exceed 100'],
    ['limit=99999999999999999999', 'invalid_field_format', 'Limit must be a whole number'],
    ['limit=x', 'invalid_field_format', 'Limit must be a number'],
    ['limit=-1', 'invalid_field_format', 'Limit cannot be negative'],
    ['cursor=nonsense', 'invalid_field_format', 'Cursor is invalid'],
    ['cursor=e30%3D', 'invalid_field_format', 'Cursor is invalid'],
    ['status=ENUM_FAILED', 'invalid_field_format', 'Status is invalid'],
    ['order=UP', 'invalid_field_format', 'order is invalid'],
    ['timeField=createdAt', 'invalid_field_format', 'timeField is invalid'],
    ['from=yesterday', 'invalid_field_format', 'from is invalid'],
    ['functionId=charge', 'invalid_request', 'appId is required when filtering by functionId'],
    ['isDeferred=perhaps', 'invalid_field_format', 'isDeferred: must be true or false'],
  ];
  for (const [query, code, message] of cases) {
    const answer = await knockValidated(door, 'GET', `/v2/runs?${query}`);
    expect([query, answer.status, answer.json()]).toEqual([
      query,
      400,
      { errors: [{ code, message }] },
    ]);
  }
});

test('a bad expression is 400 and says what is wrong; so is a cursor of another order', async () => {
  await using door = await doorWithRuns();
  const bad = await knockValidated(
    door,
    'GET',
    `/v2/runs?query=${encodeURIComponent('event.data.n >')}`,
  );
  expect(bad.status).toBe(400);
  const { page } = await list(door, 'limit=1');
  const path = `/v2/runs?timeField=endedAt&cursor=${encodeURIComponent(page.cursor ?? '')}`;
  expect((await knockValidated(door, 'GET', path)).status).toBe(400);
});

test('ids are checked before they are looked up', async () => {
  await using door = await doorWithRuns();
  const cases: readonly (readonly [string, number, string])[] = [
    ['/v2/runs/xx', 400, 'Run ID must be a valid ULID'],
    [`/v2/runs/${otherRunId}`, 404, 'Run not found'],
    ['/v2/runs/xx/trace', 400, 'Run ID must be a valid ULID'],
    [`/v2/runs/${otherRunId}/trace`, 404, 'Trace not found'],
    ['/v2/events/xx/runs', 400, 'Event ID must be a valid ULID'],
  ];
  for (const [path, status, message] of cases) {
    const answer = await knockValidated(door, 'GET', path);
    expect([path, answer.status, answer.at('errors', '0', 'message')]).toEqual([
      path,
      status,
      message,
    ]);
  }
});

test('the trace of a run is a tree of spans, with outputs when asked for', async () => {
  await using door = await doorWithRuns();
  const path = `/v2/runs/${testUlid('run', 1)}/trace`;
  const answer = await knockValidated(door, 'GET', path);
  expect(answer.at('data')).toMatchObject({
    runId: testUlid('run', 1),
    rootSpan: { name: 'Run', status: 'COMPLETED', durationMs: '100' },
  });
  expect(answer.at('data', 'rootSpan', 'output')).toBeUndefined();
  const withOutput = await knockValidated(door, 'GET', `${path}?includeOutput=true`);
  expect(withOutput.at('data', 'rootSpan', 'output')).toEqual({ ok: true });
});
