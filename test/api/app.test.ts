import { expect, test } from 'bun:test';
import { StoreUnavailableError } from '../../src/store/store.ts';
import { openDoor, problem, runId, signingKey } from './door.ts';

const origin = 'https://app.example';

test('every answer names the kind of server, whatever its status', async () => {
  for (const kind of ['dev', 'cloud'] as const) {
    const door = openDoor({ kind, signingKey, eventKeys: ['k'] });
    // `knock` itself expects the header.
    expect((await door.knock('GET', '/health')).status).toBe(200);
    expect((await door.knock('GET', '/v1/events')).status).toBe(401);
    expect((await door.knock('GET', '/nope')).status).toBe(404);
    expect((await door.knock('PUT', '/health')).status).toBe(405);
    expect((await door.knock('POST', '/e/k', '{')).status).toBe(400);
    door.world.failure = new Error('boom');
    expect((await door.knock('POST', '/e/k', { name: 'a' })).status).toBe(500);
  }
});

test('an unknown path is 404 in text', async () => {
  const door = openDoor();
  for (const path of [
    '/',
    '/nope',
    '/v1/nope',
    '/v0/runs',
    '/e/a/b',
    '/health/',
    '/v1/realtime/token',
  ]) {
    const answer = await door.knock('POST', path, '{}');
    expect(answer.status).toBe(404);
    expect(answer.text).toBe('404 page not found\n');
    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
  }
});

test('a known path with the wrong method is 405, empty, and says which methods work', async () => {
  const door = openDoor();
  const cases = [
    ['GET', '/e/x', 'POST'],
    ['HEAD', '/e/x', 'POST'],
    ['GET', '/invoke/x', 'POST'],
    ['POST', '/health', 'GET, HEAD'],
    ['OPTIONS', '/health', 'GET, HEAD'],
    ['PATCH', `/v1/runs/${runId}`, 'DELETE, GET, HEAD'],
    ['GET', '/v1/checkpoint', 'POST'],
    ['GET', '/v1/http/runs', 'POST'],
    ['PUT', '/fn/step-limit', 'DELETE, POST'],
  ] as const;
  for (const [method, path, allow] of cases) {
    const answer = await door.knock(method, path);
    expect([path, answer.status, answer.headers.get('allow')]).toEqual([path, 405, allow]);
    expect(answer.text).toBe('');
  }
});

test('HEAD answers as GET does, without the body', async () => {
  const door = openDoor();
  const answer = await door.knock('HEAD', '/health');
  expect(answer.status).toBe(200);
  expect(answer.text).toBe('');
  expect((await door.knock('HEAD', `/v1/runs/${runId}`)).status).toBe(404);
});

test('an answer to a page of another origin lets the page read it', async () => {
  const door = openDoor();
  for (const path of ['/health', '/nope', '/v1/runs/x']) {
    const { headers } = await door.knock('GET', path, undefined, { origin });
    expect(headers.get('access-control-allow-origin')).toBe(origin);
    expect(headers.get('access-control-expose-headers')).toBe('Link, Mcp-Session-Id');
    expect(headers.get('access-control-allow-credentials')).toBeNull();
    expect(headers.get('vary')).toBe('Origin');
  }
});

test('an answer without an origin carries no cross-origin headers but Vary', async () => {
  const { headers } = await openDoor().knock('GET', '/health');
  expect(headers.get('access-control-allow-origin')).toBeNull();
  expect(headers.get('vary')).toBe('Origin');
});

test('a preflight on any path is allowed without a key, for an hour', async () => {
  const door = openDoor({ kind: 'cloud', signingKey });
  for (const path of ['/e/k', '/v1/events', '/nope']) {
    const answer = await door.knock('OPTIONS', path, undefined, {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type, x-inngest-env,AUTHORIZATION',
    });
    expect(answer.status).toBe(200);
    expect(answer.text).toBe('');
    expect(answer.headers.get('access-control-allow-origin')).toBe(origin);
    expect(answer.headers.get('access-control-allow-methods')).toBe('POST');
    expect(answer.headers.get('access-control-allow-headers')).toBe(
      'Content-Type, X-Inngest-Env, Authorization',
    );
    expect(answer.headers.get('access-control-max-age')).toBe('3600');
  }
});

test('a preflight for a method that no route has gets no permission', async () => {
  const door = openDoor();
  const cases: readonly Record<string, string>[] = [
    { origin, 'access-control-request-method': 'PATCH' },
    { 'access-control-request-method': 'POST' },
    { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'a b' },
  ];
  for (const headers of cases) {
    const answer = await door.knock('OPTIONS', '/e/k', undefined, headers);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('access-control-allow-methods')).toBeNull();
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
  }
});

test('a store that cannot write is 503 with Retry-After and is not logged as a surprise', async () => {
  const door = openDoor();
  door.world.failure = new StoreUnavailableError('disk full');
  const bodies = {
    '/e/k': { name: 'a' },
    '/invoke/shop-charge': {},
    '/v1/signals': { signal: 's', data: 1 },
    [`/v1/checkpoint/${runId}/async`]: { fn_id: 'f', qi_id: 'q', steps: [] },
  };
  for (const [path, body] of Object.entries(bodies)) {
    const answer = await door.knock('POST', path, body);
    expect(answer.status).toBe(503);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(answer.json()).toMatchObject({ code: 'store_unavailable', data: null, status: 503 });
    expect(answer.text).not.toContain('disk full');
  }
  expect(door.logged).toEqual([]);
});

test('an unexpected failure is 500 for the client, and its cause goes to the log without the path', async () => {
  const door = openDoor();
  const failure = new Error('secret detail');
  door.world.failure = failure;
  const answer = await door.knock('POST', '/e/my-event-key', { name: 'a' });
  expect(answer.status).toBe(500);
  expect(answer.json()).toEqual(
    problem(500, 'The server failed to handle the request; its log has the reason.'),
  );
  expect(door.logged).toEqual([
    { message: 'a request failed unexpectedly', fields: { route: '/e/:key', error: failure } },
  ]);
});

test('values nested until the stack ends are the sender’s fault', async () => {
  const door = openDoor();
  const deep = `${'['.repeat(300_000)}${']'.repeat(300_000)}`;
  const answer = await door.knock('POST', '/v1/signals', `{"signal":"s","data":${deep}}`);
  expect(answer.status).toBe(400);
  expect(answer.json()).toEqual(problem(400, 'The request is nested too deeply.'));
});

test('problem bodies end with a line break and carry their keys in the order of the original', async () => {
  const answer = await openDoor().knock('GET', '/v1/runs/xx');
  expect(answer.text).toBe('{"error":"Invalid run ID: xx","data":null,"status":400}\n');
  expect(answer.headers.get('content-type')).toBe('application/json');
});

test('a host with a name of one letter is a host', async () => {
  const response = await openDoor().handle(new Request('http://x/health'));
  expect(response.status).toBe(200);
});
