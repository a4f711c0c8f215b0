import { expect, test } from 'bun:test';
import { HistoryUnavailableError } from '../../src/history/history_error.ts';
import { openDoor, otherRunId, problem, runId } from './door.ts';
import { runRecord } from './records.ts';

const path = `/v1/runs/${runId}`;
const unknown = problem(404, `Unable to load function run: ${runId}`);

test('a running run has no end and no output', async () => {
  const door = openDoor();
  door.world.runs.set(runId, runRecord({ runId }));
  const answer = await door.knock('GET', path);
  expect(answer.status).toBe(200);
  expect(answer.headers.get('cache-control')).toBe('private, max-age=3');
  expect(answer.json()).toEqual({
    data: {
      run_id: runId,
      run_started_at: '2026-01-01T00:00:00.000Z',
      function_id: 'fn-1',
      function_version: 3,
      environment_id: '00000000-0000-4000-b000-000000000000',
      event_id: '01KDVDNA00AA49AYCKF6M4XDQZ',
      status: 'Running',
      ended_at: null,
    },
    metadata: { fetched_at: '2026-01-01T00:00:00.000Z', cached_until: '2026-01-01T00:00:03.000Z' },
  });
});

test('a run that has ended shows when and with what', async () => {
  const door = openDoor();
  const endedAtMs = 1_767_225_601_000;
  const ended = { runId, endedAtMs, cron: '* * * * *', batchId: 'b', originalRunId: otherRunId };
  const cases = [
    [{ status: 'Completed', output: '{"n":1}' }, { n: 1 }],
    [{ status: 'Completed', output: 'null' }, null],
    [
      { status: 'Failed', output: '{"message":"m","name":"Error"}' },
      { message: 'm', name: 'Error' },
    ],
    [{ status: 'Cancelled', output: null }, {}],
  ] as const;
  for (const [end, output] of cases) {
    door.world.runs.set(runId, runRecord({ ...ended, ...end }));
    expect((await door.knock('GET', path)).json()).toMatchObject({
      data: {
        status: end.status,
        ended_at: '2026-01-01T00:00:01.000Z',
        output,
        cron: '* * * * *',
        batch_id: 'b',
        original_run_id: otherRunId,
      },
    });
  }
});

test('a run nobody knows is 404 on each route', async () => {
  const door = openDoor();
  for (const [method, suffix] of [
    ['GET', ''],
    ['DELETE', ''],
    ['GET', '/jobs'],
  ] as const) {
    const answer = await door.knock(method, `${path}${suffix}`);
    expect([answer.status, answer.json()]).toEqual([404, unknown]);
  }
});

test('a run that history may not have heard of yet is 503, not unknown', async () => {
  const door = openDoor();
  door.world.failure = new HistoryUnavailableError('behind');
  const answer = await door.knock('DELETE', path);
  expect([answer.status, answer.at('code')]).toEqual([503, 'history_unavailable']);
  expect(answer.headers.get('retry-after')).toBe('2');
});

test('an id that is no ULID is 400 on each route', async () => {
  const door = openDoor();
  for (const [method, suffix] of [
    ['GET', ''],
    ['DELETE', ''],
    ['GET', '/jobs'],
    ['POST', '/metadata'],
  ] as const) {
    const answer = await door.knock(method, `/v1/runs/xx${suffix}`);
    expect([answer.status, answer.json()]).toEqual([400, problem(400, 'Invalid run ID: xx')]);
  }
});

test('cancelling answers 200 and nothing; a run that has ended is 409', async () => {
  const door = openDoor();
  door.world.cancelOutcomes.set(runId, 'cancelled');
  const answer = await door.knock('DELETE', path);
  expect([answer.status, answer.text]).toEqual([200, '']);
  door.world.cancelOutcomes.set(runId, 'ended');
  expect((await door.knock('DELETE', path)).status).toBe(409);
});

test('at most ten jobs are listed, in their order', async () => {
  const door = openDoor();
  const jobs = Array.from({ length: 12 }, (_, index) => ({
    jobId: `j${index}`,
    kind: 'sleep',
    atMs: 1_767_225_600_000,
    attempt: 1,
    isRunning: false,
  }));
  door.world.jobs.set(runId, jobs);
  const answer = await door.knock('GET', `${path}/jobs`);
  expect(answer.at('data')).toHaveLength(10);
  expect(answer.at('data', '1')).toEqual({
    JobID: 'j1',
    at: '2026-01-01T00:00:00.000Z',
    position: 1,
    kind: 'sleep',
    attempt: 1,
    Raw: null,
  });
  expect(answer.headers.get('cache-control')).toBe('private, max-age=5');
});

test('a run that has ended has no jobs', async () => {
  const door = openDoor();
  door.world.runs.set(runId, runRecord({ runId, status: 'Completed' }));
  const answer = await door.knock('GET', `${path}/jobs`);
  expect([answer.status, answer.json()]).toMatchObject([200, { data: [] }]);
});

test('metadata that makes sense is accepted', async () => {
  const door = openDoor();
  const metadata = [{ kind: 'userland.note', op: 'merge', values: { k: 1 } }];
  for (const target of [
    {},
    { step_id: 'charge' },
    { run_id: runId, step_id: 'charge', step_index: 0, step_attempt: -1, span_id: 's' },
  ]) {
    const answer = await door.knock('POST', `${path}/metadata`, { target, metadata });
    expect([answer.status, answer.text]).toEqual([200, '']);
  }
});

test('metadata that makes no sense is 400', async () => {
  const door = openDoor();
  const good = { kind: 'userland.note', op: 'merge', values: {} };
  for (const body of [
    '{',
    '[]',
    { target: { step_index: 1 }, metadata: [good] },
    { target: {}, metadata: [{ ...good, op: 'explode' }] },
    { target: {}, metadata: [{ ...good, kind: '' }] },
    { target: {}, metadata: [{ ...good, kind: 'x'.repeat(129) }] },
    { target: {}, metadata: [{ ...good, values: 1 }] },
  ]) {
    const answer = await door.knock('POST', `${path}/metadata`, body);
    expect(answer.status).toBe(400);
    expect(answer.json()).toEqual(problem(400, expect.stringContaining('Invalid metadata target')));
  }
});

test('metadata over 64 KiB for one entry, or 1 MiB for all, is 413', async () => {
  const door = openDoor();
  const entry = (chars: number) => ({
    kind: 'userland.k',
    op: 'set',
    values: { text: 'x'.repeat(chars) },
  });
  const one = await door.knock('POST', `${path}/metadata`, { metadata: [entry(64 * 1024)] });
  expect([one.status, one.json()]).toEqual([
    413,
    problem(413, 'Metadata span exceeds maximum size of 64KB'),
  ]);
  const many = { metadata: Array.from({ length: 20 }, () => entry(60_000)) };
  expect((await door.knock('POST', `${path}/metadata`, many)).status).toBe(413);
});
