/** REST of a whole server with a real app: what the doors' own tests stand in for, joined together. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { Inngest } from 'inngest';
import { serve } from 'inngest/edge';
import type { Settings } from '../../src/cli/settings.ts';
import { createLogger } from '../../src/lib/logger.ts';
import { startServer } from '../../src/server.ts';
import { eventually } from '../eventually.ts';
import type { Answer } from './door.ts';
import { type Knocker, knockValidated } from './openapi/validated_door.ts';

const settings: Settings = {
  mode: 'dev',
  host: '127.0.0.1',
  port: 0,
  sdkUrls: [],
  isDiscoveryOn: false,
  isPollingOn: false,
  pollIntervalMs: 3_600_000,
  retryIntervalMs: 10,
  queueWorkers: 10,
  dataDir: null,
  redisUri: null,
  redisPrefix: 'inngest',
  postgresUri: null,
  postgresConnectionsMax: 1,
  retention: { eventsMs: null, runsMs: null, tracesMs: null },
  signingKey: null,
  eventKeys: [],
  logLevel: 'error',
  logFormat: 'text',
};
const functions = '/v2/apps/rest/functions';

let app: Bun.Server<undefined>;
let server: Awaited<ReturnType<typeof startServer>>;
let door: Knocker;
let isBroken = true;

beforeAll(async () => {
  app = Bun.serve({ port: 0, fetch: (request) => handler(request) });
  const log = createLogger({ level: 'error', format: 'text', write: () => {} });
  server = await startServer(settings, log);
  const handler = appOf(server.url);
  door = { knock: (...call) => knock(server.url, ...call) };
  const url = `http://127.0.0.1:${app.port}/api/inngest`;
  const registered = await fetch(url, { method: 'PUT', body: '{}' });
  expect(registered.status).toBe(200);
});

afterAll(async () => {
  await server.stop({ drainMs: 0 });
  await app.stop(true);
});

function appOf(baseUrl: string): (request: Request) => Promise<Response> {
  const silent = { info() {}, warn() {}, error() {}, debug() {} };
  const options = { logger: silent, internalLogger: silent, isDev: true, baseUrl };
  const client = new Inngest({ id: 'rest', ...options });
  const double = client.createFunction(
    { id: 'double', triggers: [{ event: 'rest/double' }] },
    async ({ event, step }) => {
      const doubled = await step.run('multiply', () => Number(event.data.n) * 2);
      return { doubled };
    },
  );
  const wait = client.createFunction(
    { id: 'wait', triggers: [{ event: 'rest/wait' }] },
    async ({ step }) => {
      await step.sleep('long', '1h');
    },
  );
  const fragile = client.createFunction(
    { id: 'fragile', retries: 0, triggers: [{ event: 'rest/fragile' }] },
    async () => {
      if (isBroken) throw new Error('out of order');
      return 'mended';
    },
  );
  return serve({ client, functions: [double, wait, fragile] });
}

async function knock(
  base: string,
  ...[method, path, body, headers = {}]: Parameters<Knocker['knock']>
): Promise<Answer> {
  const response = await fetch(`${base}${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const json = (): unknown => JSON.parse(text);
  const at = (...keys: readonly string[]): unknown =>
    keys.reduce((value: unknown, key) => Reflect.get(Object(value), key), json());
  return { status: response.status, headers: response.headers, text, json, at };
}

async function invoke(name: string, body: object): Promise<string> {
  const answer = await knockValidated(door, 'POST', `${functions}/${name}/invoke`, body);
  expect([answer.status, answer.text]).toEqual([200, expect.stringContaining('runId')]);
  return String(answer.at('data', 'runId'));
}

async function inStatus(runId: string, status: string): Promise<Answer> {
  return eventually(async () => {
    const answer = await knockValidated(door, 'GET', `/v2/runs/${runId}?includeOutput=true`);
    return answer.at('data', 'status') === status ? answer : null;
  });
}

test('an invoked function runs under the id that the invocation answered with', async () => {
  const body = { data: { n: 21 }, idempotencyKey: 'once' };
  const runId = await invoke('double', body);
  const run = await inStatus(runId, 'COMPLETED');
  expect(run.at('data', 'output')).toEqual({ doubled: 42 });
  const again = await knockValidated(door, 'POST', `${functions}/double/invoke`, body);
  expect([again.status, again.at('data')]).toEqual([409, { runId }]);
  const trace = await knockValidated(door, 'GET', `/v2/runs/${runId}/trace?includeOutput=true`);
  expect(trace.at('data', 'rootSpan')).toMatchObject({ name: 'Run', status: 'COMPLETED' });
  expect(trace.text).toContain('"multiply"');
  for (const query of ['', '?legacy=true']) {
    const tree = await knockValidated(door, 'GET', `/v1/runs/${runId}/trace${query}`);
    expect(tree.text).toContain('"multiply"');
  }
  const rerun = await knockValidated(door, 'POST', `/v2/runs/${runId}/rerun`, {});
  const rerunId = String(rerun.at('data', 'runId'));
  expect((await inStatus(rerunId, 'COMPLETED')).at('data', 'originalRunId')).toBe(runId);
});

test('of many invocations with one key at once, all answer with one run', async () => {
  const path = `${functions}/double/invoke`;
  const body = { data: { n: 1 }, idempotencyKey: 'together' };
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => knockValidated(door, 'POST', path, body)),
  );
  expect(new Set(answers.map(({ at }) => at('data', 'runId'))).size).toBe(1);
});

test('a waiting run is cancelled once', async () => {
  const runId = await invoke('wait', { data: {} });
  await inStatus(runId, 'RUNNING');
  const path = `/v2/runs/${runId}/cancel`;
  expect((await knockValidated(door, 'POST', path)).at('data')).toEqual({ runId });
  await inStatus(runId, 'CANCELLED');
  expect((await knockValidated(door, 'POST', path)).at('errors', '0', 'code')).toBe(
    'run_already_cancelled',
  );
});

test('a paused function skips what is invoked, until it goes on', async () => {
  const path = `${functions}/double`;
  expect((await knockValidated(door, 'POST', `${path}/pause`)).status).toBe(200);
  const skipped = await knockValidated(door, 'POST', `${path}/invoke`, { data: { n: 1 } });
  expect([skipped.status, skipped.at('errors', '0', 'code')]).toEqual([422, 'function_skipped']);
  expect((await knockValidated(door, 'POST', `${path}/unpause`)).status).toBe(200);
  await inStatus(await invoke('double', { data: { n: 2 } }), 'COMPLETED');
});

test('a failed window is replayed by a bulk rerun', async () => {
  const from = new Date(Date.now() - 60_000).toISOString();
  const runIds = [await invoke('fragile', { data: {} }), await invoke('fragile', { data: {} })];
  for (const runId of runIds) await inStatus(runId, 'FAILED');
  isBroken = false;
  const filter = { from, status: ['FAILED'], appId: ['rest'], functionId: ['fragile'] };
  const started = await knockValidated(door, 'POST', '/v2/bulk/rerun', { name: 'replay', filter });
  expect(started.status).toBe(202);
  const path = `/v2/bulk/${String(started.at('data', 'id'))}`;
  const ended = await eventually(async () => {
    const answer = await knockValidated(door, 'GET', path);
    return answer.at('data', 'status') === 'RUNNING' ? null : answer;
  });
  expect(ended.at('data')).toMatchObject({ status: 'COMPLETED', total: 2, done: 2 });
  await eventually(async () => {
    const list = await knockValidated(
      door,
      'GET',
      '/v2/runs?appId=rest&functionId=fragile&status=COMPLETED&includeOutput=true',
    );
    const runs = list.at('data');
    return Array.isArray(runs) && runs.length === 2;
  });
});

test('the runs of a window are cancelled by /v1/cancellations', async () => {
  const runId = await invoke('wait', { data: {} });
  await inStatus(runId, 'RUNNING');
  const answer = await knockValidated(door, 'POST', '/v1/cancellations', {
    app_id: 'rest',
    function_id: 'wait',
    started_before: new Date().toISOString(),
  });
  expect(answer.status).toBe(200);
  await inStatus(runId, 'CANCELLED');
});
