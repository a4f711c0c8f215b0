import { expect, test } from 'bun:test';
import { eventually } from '../eventually.ts';
import { type Door, openDoor, otherRunId, problem, runId, signingKey } from './door.ts';

/** A path that may be asked, with the token that the server itself gave out. */
async function outputPath(door: Door, headers: Record<string, string> = {}): Promise<string> {
  const creation = { run_id: runId, event: { name: 'a', data: {} }, steps: [{ op: 'StepRun' }] };
  const created = await door.knock('POST', '/v1/checkpoint', creation, headers);
  const token = created.at('data', 'token');
  return `/v1/http/runs/${runId}/output?token=${token}`;
}

test('the answer of the app is replayed: status, headers and body', async () => {
  const door = openDoor();
  const headers = {
    'content-type': 'text/html',
    'x-own': 'yes',
    'content-length': '999',
    'Transfer-Encoding': 'chunked',
    'content-encoding': 'gzip',
    'bad name': 'x',
  };
  const result = { status: 201, headers, body: '<p>done</p>', version: 2 };
  door.world.output = async () => JSON.stringify({ data: result });
  const answer = await door.knock('GET', await outputPath(door));
  expect([answer.status, answer.text]).toEqual([201, '<p>done</p>']);
  expect(answer.headers.get('content-type')).toBe('text/html');
  expect(answer.headers.get('x-own')).toBe('yes');
  for (const name of ['content-length', 'transfer-encoding', 'content-encoding']) {
    expect(answer.headers.get(name)).toBeNull();
  }
});

test('an answer without a body is replayed without one', async () => {
  const door = openDoor();
  for (const status of [204, 205, 304, 200]) {
    door.world.output = async () => JSON.stringify({ data: { status, headers: null } });
    const answer = await door.knock('GET', await outputPath(door));
    expect([answer.status, answer.text]).toEqual([status, '']);
  }
});

test('an output that is no HTTP answer comes as JSON', async () => {
  const door = openDoor();
  for (const output of ['{"n":1}', 'null', '{"data":{"status":0}}', '{"data":{"status":101}}']) {
    door.world.output = async () => output;
    const answer = await door.knock('GET', await outputPath(door));
    expect([answer.status, answer.text]).toEqual([200, output]);
    expect(answer.headers.get('content-type')).toBe('application/json');
  }
});

test('after five minutes the caller hears that the run goes on', async () => {
  const door = openDoor();
  door.world.output = (_, signal) =>
    new Promise((resolve) => signal.addEventListener('abort', () => resolve(null)));
  const answer = door.knock('GET', await outputPath(door));
  await eventually(() => door.world.clock.pendingTimers() === 1);
  door.world.clock.advance(299_999);
  expect(door.world.clock.pendingTimers()).toBe(1);
  door.world.clock.advance(1);
  expect([(await answer).status, (await answer).json()]).toEqual([
    200,
    { status: 'running', message: 'run did not end within 5 minutes' },
  ]);
});

test('a caller that hangs up ends the wait, and no timer is left', async () => {
  const door = openDoor();
  let isAborted = false;
  door.world.output = (_, signal) =>
    new Promise((resolve) => {
      signal.addEventListener('abort', () => {
        isAborted = true;
        resolve(null);
      });
    });
  const path = await outputPath(door);
  const caller = new AbortController();
  const answer = door.handle(
    new Request(`http://localhost:8288${path}`, { signal: caller.signal }),
  );
  await eventually(() => door.world.clock.pendingTimers() === 1);
  caller.abort();
  await answer;
  expect(isAborted).toBe(true);
  expect(door.world.clock.pendingTimers()).toBe(0);
});

test('the token is the key: the signing key is not asked for, and any method will do', async () => {
  const door = openDoor({ kind: 'cloud', signingKey });
  door.world.output = async () => '1';
  const path = await outputPath(door, { authorization: `Bearer ${signingKey}` });
  for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH']) {
    expect((await door.knock(method, path)).status).toBe(200);
  }
  expect((await door.knock('GET', path.replace('/http/runs', '/checkpoint'))).status).toBe(200);
});

test('no token, a wrong one, one for another run and one past its hour are 401', async () => {
  const door = openDoor();
  const path = await outputPath(door);
  const bad = [
    `/v1/checkpoint/${runId}/output`,
    `/v1/checkpoint/${runId}/output?token=a.b.c`,
    path.replace(runId, otherRunId),
    path.replace(runId, '%zz'),
    `${path}x`,
  ];
  for (const wrong of bad) {
    const answer = await door.knock('GET', wrong);
    expect([answer.status, answer.json()]).toEqual([
      401,
      problem(401, 'Unable to find run with auth token'),
    ]);
  }
  door.world.clock.advance(60 * 60 * 1000);
  expect((await door.knock('GET', path)).status).toBe(401);
});
