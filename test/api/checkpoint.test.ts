import { expect, test } from 'bun:test';
import { openDoor, otherRunId, problem, runId } from './door.ts';

const prefixes = ['/v1/checkpoint', '/v1/http/runs'] as const;
const step = { op: 'StepRun', id: 'af09', data: 1 };
const creation = {
  run_id: runId,
  event: { name: 'inngest/http.request', data: { domain: 'https://app.example', path: '/a' } },
  steps: [],
  ts: 1_767_225_600_000,
  request_version: 2,
  retries: 3,
};

test('a durable endpoint creates its run under both prefixes', async () => {
  for (const prefix of prefixes) {
    const door = openDoor();
    const answer = await door.knock('POST', prefix, { ...creation, idempotency: 'once' });
    expect([answer.status, answer.json()]).toEqual([
      200,
      {
        data: { fn_id: 'fn-1', app_id: 'app-1', run_id: runId, realtime_token: expect.any(String) },
        metadata: { fetched_at: '2026-01-01T00:00:00.000Z', cached_until: null },
      },
    ]);
    expect(door.world.syncRuns).toEqual([
      {
        runId,
        event: creation.event,
        steps: [],
        requestVersion: 2,
        retries: 3,
        idempotency: 'once',
      },
    ]);
  }
});

test('a run with steps gets a token that opens its output', async () => {
  const door = openDoor();
  const created = await door.knock('POST', '/v1/checkpoint', { ...creation, steps: [step] });
  const token = created.at('data', 'token');
  const output = await door.knock('GET', `/v1/http/runs/${runId}/output?token=${token}`);
  expect(output.status).toBe(200);
});

test('what Go leaves out has its zero value, and negative retries mean the default', async () => {
  const door = openDoor();
  const { run_id, event } = creation;
  await door.knock('POST', '/v1/http/runs', { run_id, event, steps: null });
  await door.knock('POST', '/v1/http/runs', { run_id, event, retries: -1 });
  expect(door.world.syncRuns).toMatchObject([
    { steps: [], requestVersion: 0, retries: 0 },
    { steps: [], requestVersion: 0, retries: 4 },
  ]);
});

test('a creation that cannot be understood is 400 and creates nothing', async () => {
  const door = openDoor();
  for (const body of [
    '',
    '{',
    '[]',
    '{}',
    { ...creation, run_id: 'x' },
    { ...creation, event: { name: '', data: {} } },
    { ...creation, event: { name: 'a', data: [] } },
    { ...creation, steps: {} },
    { ...creation, retries: 1.5 },
  ]) {
    expect((await door.knock('POST', '/v1/checkpoint', body)).status).toBe(400);
  }
  const { run_id, ...nameless } = creation;
  const answer = await door.knock('POST', '/v1/checkpoint', nameless);
  expect(answer.json()).toEqual(
    problem(400, expect.stringContaining('Invalid request body: run_id')),
  );
  expect(door.world.syncRuns).toEqual([]);
});

test('what the service refuses keeps its status, message and run', async () => {
  const door = openDoor();
  for (const status of [400, 409, 413] as const) {
    door.world.syncRunOutcome = { kind: 'rejected', status, message: 'Run already exists' };
    const answer = await door.knock('POST', '/v1/checkpoint', creation);
    expect([answer.status, answer.json()]).toEqual([
      status,
      problem(status, 'Run already exists', { run_id: runId }),
    ]);
  }
  const body = { fn_id: 'fn-1', qi_id: 'q', steps: [step] };
  for (const status of [400, 404, 409, 413] as const) {
    door.world.checkpointOutcome = { kind: 'rejected', status, message: 'stale dispatch' };
    for (const kind of ['steps', 'async']) {
      const answer = await door.knock('POST', `/v1/checkpoint/${runId}/${kind}`, body);
      expect([answer.status, answer.json()]).toEqual([
        status,
        problem(status, 'stale dispatch', { run_id: runId }),
      ]);
    }
  }
});

test('steps of a call under way are saved', async () => {
  for (const prefix of prefixes) {
    const door = openDoor();
    const answer = await door.knock('POST', `${prefix}/${runId}/async`, {
      run_id: runId,
      fn_id: 'fn-1',
      qi_id: 'q',
      request_id: 'r',
      generation_id: 2,
      request_started_at: 1_767_225_600_123,
      steps: [step],
      ts: 1_767_225_600_456,
    });
    expect([answer.status, answer.text]).toEqual([200, '']);
    expect(door.world.asyncCheckpoints).toEqual([
      {
        runId,
        functionId: 'fn-1',
        queueItem: 'q',
        generation: 2,
        requestStartedAtMs: 1_767_225_600_123,
        steps: [step],
      },
    ]);
  }
});

test('a checkpoint of Go, without generation and start, is saved', async () => {
  const door = openDoor();
  const body = { run_id: runId, fn_id: 'fn-1', qi_id: 'q', steps: [step] };
  expect((await door.knock('POST', `/v1/checkpoint/${runId}/async`, body)).status).toBe(200);
  expect(door.world.asyncCheckpoints).toMatchObject([{ generation: 0, requestStartedAtMs: null }]);
});

test('steps of a durable endpoint are saved', async () => {
  for (const prefix of prefixes) {
    const door = openDoor();
    const body = { run_id: runId, fn_id: 'fn-1', app_id: 'app-1', steps: [step], ts: 1 };
    const answer = await door.knock('POST', `${prefix}/${runId.toLowerCase()}/steps`, body);
    expect([answer.status, answer.text]).toEqual([200, '']);
    expect(door.world.syncSteps).toEqual([{ runId, functionId: 'fn-1', steps: [step] }]);
  }
});

test('a body for another run than the path is 400', async () => {
  const door = openDoor();
  const body = { run_id: otherRunId, fn_id: 'fn-1', qi_id: 'q', steps: [] };
  for (const kind of ['steps', 'async']) {
    const answer = await door.knock('POST', `/v1/checkpoint/${runId}/${kind}`, body);
    expect([answer.status, answer.json()]).toMatchObject([400, { data: { run_id: runId } }]);
  }
  expect(door.world.asyncCheckpoints).toEqual([]);
  expect(door.world.syncSteps).toEqual([]);
});

test('steps that cannot be read are 400, and so is a path without a run', async () => {
  const door = openDoor();
  for (const kind of ['steps', 'async']) {
    const bad = await door.knock('POST', `/v1/checkpoint/${runId}/${kind}`, '{');
    expect(bad.status).toBe(400);
    expect(bad.json()).toEqual(problem(400, expect.stringContaining('invalid request body: ')));
    expect((await door.knock('POST', `/v1/checkpoint/xx/${kind}`, '{}')).status).toBe(400);
  }
});

test('a creation over 4 MiB and steps over 33 MiB are 413', async () => {
  const door = openDoor();
  const large = { 'content-length': String(4 * 1024 * 1024 + 1) };
  expect((await door.knock('POST', '/v1/checkpoint', '{}', large)).status).toBe(413);
  const huge = { 'content-length': String(33 * 1024 * 1024 + 1) };
  for (const kind of ['steps', 'async']) {
    const answer = await door.knock('POST', `/v1/checkpoint/${runId}/${kind}`, '{}', huge);
    expect(answer.status).toBe(413);
  }
});
