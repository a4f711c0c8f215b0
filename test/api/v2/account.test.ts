import { expect, test } from 'bun:test';
import { openDoor, signingKey } from '../door.ts';
import { knockValidated } from '../openapi/validated_door.ts';
import { errors, refusalOf } from './fixtures.ts';

const headers = { authorization: `Bearer ${signingKey}` };

test('health, account and environment are what they always are', async () => {
  const door = openDoor();
  expect((await knockValidated(door, 'GET', '/v2/health')).text).toBe(
    '{"data":{"status":"ok"},"metadata":{"fetchedAt":"2026-01-01T00:00:00.000Z"},"page":{}}\n',
  );
  const account = await knockValidated(door, 'GET', '/api/v2/account');
  expect(account.at('data')).toMatchObject({ email: 'dev@inngest.local', name: 'Dev Server' });
  const envs = await knockValidated(door, 'GET', '/v2/envs?limit=250');
  expect(envs.at('data')).toMatchObject([{ name: 'dev', type: 'TEST' }]);
  const many = await knockValidated(door, 'GET', '/v2/envs?limit=251');
  expect(refusalOf(many)).toEqual([
    400,
    errors(['invalid_field_format', 'Limit cannot exceed 250']),
  ]);
});

test('keys are told to those who hold the signing key, and a dev server has none', async () => {
  const door = openDoor({ kind: 'cloud', signingKey, eventKeys: ['first', 'second'] });
  const keys = async (path: string): Promise<unknown> =>
    (await knockValidated(door, 'GET', path, undefined, headers)).at('data');
  expect(await keys('/v2/keys/events')).toMatchObject([
    { key: 'first', environment: 'dev' },
    { key: 'second', environment: 'dev' },
  ]);
  expect(await keys('/v2/keys/signing')).toMatchObject([{ key: signingKey }]);
  const other = { ...headers, 'x-inngest-env': 'staging' };
  expect((await door.knock('GET', '/v2/keys/events', undefined, other)).at('data')).toBeUndefined();
  for (const path of ['/v2/keys/events', '/v2/keys/signing']) {
    expect((await knockValidated(openDoor(), 'GET', path)).at('data')).toBeUndefined();
  }
});

test('without the key nothing is told that is not open to all', async () => {
  const door = openDoor({ kind: 'cloud', signingKey, eventKeys: ['k'] });
  for (const path of ['/v2/runs', '/api/v2/apps', '/v2/keys/signing']) {
    expect(refusalOf(await knockValidated(door, 'GET', path))).toEqual([
      401,
      errors(['authorization_header_missing', 'Authorization: Bearer <signing key> is required']),
    ]);
    const wrong = { authorization: 'Bearer wrong' };
    expect(refusalOf(await knockValidated(door, 'GET', path, undefined, wrong))).toEqual([
      401,
      errors(['invalid_signing_key', 'The signing key is wrong']),
    ]);
  }
});

test('an unknown path is 404 and a wrong method 405, in the words of /v2', async () => {
  const door = openDoor();
  for (const path of ['/v2', '/v2/nothing', '/api/v2/nothing', '/v2/apps/', '/v2/runs/']) {
    expect([path, ...refusalOf(await door.knock('GET', path))]).toEqual([
      path,
      404,
      errors(['api_error', 'Not Found']),
    ]);
  }
  for (const [method, path, allow] of [
    ['POST', '/v2/health', 'GET, HEAD'],
    ['DELETE', '/api/v2/runs', 'GET, HEAD'],
    ['GET', '/v2/events', 'POST'],
    ['PATCH', '/v2/bulk/cancel', 'POST'],
  ] as const) {
    const answer = await door.knock(method, path);
    expect(refusalOf(answer)).toEqual([405, errors(['api_error', 'Method Not Allowed'])]);
    expect(answer.headers.get('allow')).toContain(allow);
  }
});

test('operations are listed for everybody, from any origin', async () => {
  const door = openDoor({ kind: 'cloud', signingKey });
  for (const path of ['/v2/operations', '/api/v2/operations']) {
    const answer = await knockValidated(door, 'GET', path);
    expect(answer.headers.get('cache-control')).toBe(
      'public,max-age=300,stale-while-revalidate=3600',
    );
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    const { operations } = answer.at('data') as { operations: { id: string }[] };
    expect(operations.map(({ id }) => id).sort()).toEqual([
      'CancelRun',
      'GetApp',
      'GetApps',
      'GetEventRuns',
      'GetFunction',
      'GetFunctionRun',
      'GetFunctionTrace',
      'GetFunctions',
      'Health',
      'InvokeFunction',
      'ListFunctionRuns',
      'ListRuns',
      'Rerun',
    ]);
    expect(operations.find(({ id }) => id === 'Rerun')).toMatchObject({
      http: { method: 'POST', path: '/api/v2/runs/{runId}/rerun' },
      cli: { command: 'rerun' },
      mcp: {
        name: 'rerun',
        inputSchema: { properties: { runId: {}, fromStep: {} }, required: ['runId'] },
      },
    });
    expect((await door.knock('POST', path)).status).toBe(405);
  }
});

test('what only the hosted service has is 501 with its own words', async () => {
  const door = openDoor();
  const missing = async (
    method: string,
    path: string,
    body?: object,
    given: Readonly<Record<string, string>> = {},
  ): Promise<readonly [number, unknown]> =>
    refusalOf(await knockValidated(door, method, `/v2${path}`, body, given));
  const oss = (what: string): readonly [string, string] => [
    'not_implemented',
    `${what} not implemented in OSS`,
  ];
  expect(await missing('GET', '/partner/accounts')).toEqual([501, errors(oss('Accounts'))]);
  expect(await missing('POST', '/partner/accounts', {})).toEqual([
    501,
    errors(oss('Accounts'), oss('Partners')),
  ]);
  expect(await missing('POST', '/envs', {})).toEqual([
    400,
    errors(['missing_field', 'Environment name is required']),
  ]);
  expect(await missing('POST', '/envs', { name: 'x' })).toEqual([501, errors(oss('Environments'))]);
  expect(await missing('GET', '/env/webhooks')).toEqual([
    400,
    errors(['missing_field', 'X-Inngest-Env header is required']),
  ]);
  const env = { 'x-inngest-env': 'dev' };
  expect(await missing('GET', '/env/webhooks', undefined, env)).toEqual([
    501,
    errors(oss('Webhooks')),
  ]);
  expect(await missing('POST', '/env/webhooks', {}, env)).toEqual([
    400,
    errors(['missing_field', 'Transform function is required']),
  ]);
  expect(await missing('POST', '/apps/shop/syncs')).toEqual([501, errors(oss('App sync'))]);
  expect(await missing('POST', '/insights/query')).toEqual([501, errors(oss('Insights'))]);
  expect(await missing('GET', '/experiments')).toEqual([501, errors(oss('Experiments'))]);
  expect(await missing('GET', '/sessions/k/i/runs')).toEqual([501, errors(oss('Sessions'))]);
  expect(await missing('GET', '/sandboxes/s/processes/1/output/stream')).toEqual([
    501,
    errors(['api_error', 'method StreamSandboxProcessOutput not implemented']),
  ]);
});
