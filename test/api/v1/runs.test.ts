import { expect, test } from 'bun:test';
import { environmentId } from '../../../src/function/definition.ts';
import { decodeRunSpan } from '../../../src/trace/run_span.ts';
import { openDoor, otherRunId, problem, signingKey } from '../door.ts';
import { openHistoryDoor, runFacts, testUlid } from '../history_door.ts';
import { knockValidated } from '../openapi/validated_door.ts';

test('runs are listed with filters, page by page', async () => {
  await using door = await openHistoryDoor();
  for (let number = 0; number < 5; number += 1) await door.record(...runFacts(number));
  const first = await knockValidated(door, 'GET', '/v1/runs?limit=3');
  expect(first.at('data', '0')).toMatchObject({
    run_id: testUlid('run', 4),
    status: 'Completed',
    output: { ok: true },
  });
  expect(first.at('page')).toMatchObject({ has_more: true, limit: 3 });
  const cursor = encodeURIComponent(String(first.at('page', 'cursor')));
  const second = await knockValidated(door, 'GET', `/v1/runs?limit=3&cursor=${cursor}`);
  expect(second.at('data')).toMatchObject([
    { run_id: testUlid('run', 1) },
    { run_id: testUlid('run', 0) },
  ]);
  expect(second.at('page', 'has_more')).toBe(false);
  const filters = [
    'status=FAILED',
    'app_id=nobody',
    'app_id=shop&function_id=nothing',
    'is_deferred=true',
    'time_field=ended_at&until=2026-01-01T00:00:00Z',
    `query=${encodeURIComponent("event.name == 'other'")}`,
  ];
  for (const filter of filters) {
    const none = await knockValidated(door, 'GET', `/v1/runs?${filter}`);
    expect([filter, none.status, none.at('data')]).toEqual([filter, 200, []]);
  }
});

test('a parameter of the list that makes no sense is named', async () => {
  await using door = await openHistoryDoor();
  for (const [query, words] of [
    ['limit=101', 'limit'],
    ['cursor=x', 'cursor'],
    ['status=Completed', 'status'],
    ['order=UP', 'order'],
    ['from=x', 'from'],
  ] as const) {
    const answer = await knockValidated(door, 'GET', `/v1/runs?${query}`);
    expect([query, answer.status]).toEqual([query, 400]);
    expect(String(answer.at('error'))).toContain(`Invalid ${words} query parameter`);
  }
  const bad = await knockValidated(door, 'GET', '/v1/runs?query=event.data.n+%3E');
  expect([bad.status, bad.at('code')]).toEqual([400, 'invalid_query']);
});

test('a trace is JSON, of either tree, or a RunSpan message', async () => {
  await using door = await openHistoryDoor();
  await door.record(...runFacts(1));
  const path = `/v1/runs/${testUlid('run', 1)}/trace`;
  const root = { name: 'Run', status: 'COMPLETED', run_id: testUlid('run', 1) };
  const current = await knockValidated(door, 'GET', path);
  expect(current.at('data', 'root_span')).toMatchObject(root);
  expect(current.headers.get('cache-control')).toBe('private, max-age=3');
  const legacy = await knockValidated(door, 'GET', `${path}?legacy=true`);
  expect(legacy.at('data', 'root_span', 'status')).toBe('COMPLETED');
  const accept = { accept: 'application/x-protobuf' };
  const response = await door.handle(new Request(`http://localhost${path}`, { headers: accept }));
  expect(response.headers.get('content-type')).toBe('application/x-protobuf');
  const message = decodeRunSpan(new Uint8Array(await response.arrayBuffer()));
  expect(message).toMatchObject({ runId: testUlid('run', 1), isRoot: true });
});

test('a trace that cannot be is refused', async () => {
  await using door = await openHistoryDoor();
  const unknown = await knockValidated(door, 'GET', `/v1/runs/${otherRunId}/trace`);
  expect(unknown.json()).toEqual(problem(404, `Unable to load function run: ${otherRunId}`));
  for (const path of ['/v1/runs/xx/trace', `/v1/runs/${otherRunId}/trace?legacy=perhaps`]) {
    expect((await knockValidated(door, 'GET', path)).status).toBe(400);
  }
});

test('every answer of the older routes is as its document says', async () => {
  await using door = await openHistoryDoor();
  await door.record(...runFacts(1));
  const runId = testUlid('run', 1);
  const eventId = testUlid('event', 1);
  door.world.clock.advance(2_000);
  for (const [method, path, status] of [
    ['GET', '/v1/events', 200],
    ['GET', '/v1/events?limit=x', 400],
    ['GET', `/v1/events/${eventId}`, 200],
    ['GET', `/v1/events/${otherRunId}`, 404],
    ['GET', `/v1/events/${eventId}/runs`, 200],
    ['GET', `/v1/runs/${runId}`, 200],
    ['GET', `/v1/runs/${otherRunId}`, 404],
    ['GET', '/v1/runs/xx', 400],
    ['GET', `/v1/runs/${runId}/jobs`, 200],
    ['DELETE', `/v1/runs/${otherRunId}`, 404],
    ['GET', '/v1/apps/shop/functions', 200],
    ['GET', '/v1/apps/nobody/functions', 200],
    ['GET', '/v1/prom/dev', 404],
    ['GET', `/v1/prom/${environmentId}`, 200],
    ['GET', `/v1/checkpoint/${runId}/output?token=x`, 401],
  ] as const) {
    const answer = await knockValidated(door, method, path);
    expect([path, answer.status]).toEqual([path, status]);
  }
  for (const [path, body, status] of [
    ['/v1/signals', { signal: 's' }, 404],
    ['/v1/signals', {}, 400],
    [`/v1/runs/${runId}/metadata`, { metadata: [] }, 200],
    [`/v1/runs/${runId}/metadata`, { metadata: 1 }, 400],
    [`/v1/checkpoint/${runId}/steps`, { fn_id: 'f', steps: [] }, 200],
    [`/v1/http/runs/${runId}/async`, { fn_id: 'f', qi_id: 'q', steps: [] }, 200],
    ['/v1/checkpoint', {}, 400],
    ['/v1/checkpoint', { run_id: runId, event: { name: 'a', data: {} } }, 200],
  ] as const) {
    const answer = await knockValidated(door, 'POST', path, body);
    expect([path, answer.status]).toEqual([path, status]);
  }
});

test('without the signing key every keyed route below /v1 is 401 in text', async () => {
  const door = openDoor({ kind: 'cloud', signingKey });
  for (const [method, path] of [
    ['GET', '/v1/runs'],
    ['GET', `/v1/runs/${otherRunId}/trace`],
    ['GET', '/v1/cancellations'],
    ['POST', '/v1/cancellations'],
    ['DELETE', `/v1/cancellations/${otherRunId}`],
    ['GET', '/v1/prom/dev'],
  ] as const) {
    const answer = await knockValidated(door, method, path);
    expect([answer.status, answer.text]).toEqual([401, 'Authentication failed\n']);
  }
});

test('a wrong method and an unknown path are refused as everywhere below /v1', async () => {
  const door = openDoor();
  const wrong = await door.knock('PUT', '/v1/cancellations');
  expect([wrong.status, wrong.headers.get('allow'), wrong.text]).toEqual([
    405,
    'GET, HEAD, POST',
    '',
  ]);
  expect((await door.knock('GET', '/v1/nothing')).text).toBe('404 page not found\n');
});

test('a filter by function without an app names the parameter of /v1', async () => {
  const answer = await openDoor().knock('GET', '/v1/runs?function_id=charge');
  expect([answer.status, answer.at('error')]).toEqual([
    400,
    'app_id is required when filtering by function_id',
  ]);
});

test('an id that cannot be decoded is named as it was sent', async () => {
  const door = openDoor();
  for (const [method, path, message] of [
    ['GET', '/v1/runs/%zz', 'Invalid run ID: %zz'],
    ['GET', '/v1/runs/%zz/jobs', 'Invalid run ID: %zz'],
    ['GET', '/v1/runs/%zz/trace', 'Invalid run ID: %zz'],
    ['GET', '/v1/events/%e0', 'Invalid event ID: %e0'],
    ['DELETE', '/v1/cancellations/%zz', 'Invalid cancellation ID: %zz'],
    ['POST', '/v1/checkpoint/%zz/steps', 'Invalid run ID: %zz'],
  ] as const) {
    const answer = await door.knock(method, path, method === 'GET' ? undefined : '{}');
    expect([path, answer.status, answer.at('error')]).toEqual([path, 400, message]);
  }
});

test('messages about long texts are short', async () => {
  const long = 'x'.repeat(8_000);
  await using door = await openHistoryDoor();
  for (const path of [`/v1/runs/${long}`, `/v1/runs?query=${long}==1`]) {
    const answer = await door.knock('GET', path);
    expect(answer.status).toBe(400);
    expect(answer.text.length).toBeLessThan(600);
  }
  const body = { name: 'x', filter: { from: '2026-01-01T00:00:00Z', [long]: 1 } };
  const bulk = await door.knock('POST', '/v2/bulk/cancel', body);
  expect([bulk.status, bulk.text.length < 600]).toEqual([400, true]);
});

test('a client that has left is no failure of the server', async () => {
  await using door = await openHistoryDoor();
  const client = new AbortController();
  client.abort();
  for (const path of ['/v1/runs', '/v1/events', '/v2/runs']) {
    const url = `http://localhost:8288${path}`;
    await door.handle(new Request(url, { signal: client.signal }));
  }
  expect(door.logged).toEqual([]);
});
