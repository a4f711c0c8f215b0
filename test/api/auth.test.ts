import { expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import { openDoor, runId, signingKey } from './door.ts';

const bare = signingKey.replace('signkey-prod-', '');
const hashed = createHash('sha256').update(Buffer.from(bare, 'hex')).digest('hex');

const signedRoutes = [
  ['GET', '/dev'],
  ['POST', '/invoke/shop-charge'],
  ['POST', '/fn/register'],
  ['DELETE', '/fn/remove'],
  ['POST', '/fn/step-limit'],
  ['DELETE', '/fn/step-limit'],
  ['POST', '/fn/state-size-limit'],
  ['DELETE', '/fn/state-size-limit'],
  ['GET', `/v0/runs/${runId}/actions`],
  ['GET', `/v0/runs/${runId}/batch`],
  ['DELETE', `/v0/runs/${runId}`],
  ['GET', '/v1/events'],
  ['GET', `/v1/events/${runId}`],
  ['GET', `/v1/events/${runId}/runs`],
  ['GET', `/v1/runs/${runId}`],
  ['DELETE', `/v1/runs/${runId}`],
  ['GET', `/v1/runs/${runId}/jobs`],
  ['POST', `/v1/runs/${runId}/metadata`],
  ['GET', '/v1/apps/shop/functions'],
  ['POST', '/v1/signals'],
  ['POST', '/v1/traces/userland'],
  ['POST', '/v1/checkpoint'],
  ['POST', `/v1/checkpoint/${runId}/steps`],
  ['POST', `/v1/checkpoint/${runId}/async`],
  ['POST', '/v1/http/runs'],
  ['POST', `/v1/http/runs/${runId}/steps`],
  ['POST', `/v1/http/runs/${runId}/async`],
] as const;

test('each SDK route refuses a stranger with 401 in text', async () => {
  const door = openDoor({ kind: 'cloud', signingKey, eventKeys: ['k'] });
  for (const [method, path] of signedRoutes) {
    const answer = await door.knock(method, path);
    expect([path, answer.status, answer.text]).toEqual([path, 401, 'Authentication failed\n']);
    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  }
});

test('each SDK route lets the signing key pass', async () => {
  const door = openDoor({ kind: 'cloud', signingKey, eventKeys: ['k'] });
  const headers = { authorization: `Bearer ${signingKey}` };
  for (const [method, path] of signedRoutes) {
    expect([path, (await door.knock(method, path, undefined, headers)).status]).not.toContain(401);
  }
});

test('the key counts raw and hashed, with any prefix or none, and with any case of the scheme', async () => {
  const door = openDoor({ kind: 'cloud', signingKey });
  const headers = [
    `Bearer ${signingKey}`,
    `Bearer ${bare}`,
    `Bearer ${hashed}`,
    `Bearer signkey-prod-${hashed}`,
    `Bearer signkey-test-${hashed}`,
    `Bearer signkey-branch-${bare}`,
    `bearer ${signingKey}`,
    `BEARER ${hashed}`,
  ];
  for (const authorization of headers) {
    expect((await door.knock('GET', '/v1/events', undefined, { authorization })).status).toBe(200);
  }
});

test('nothing else counts', async () => {
  const door = openDoor({ kind: 'cloud', signingKey });
  const twice = createHash('sha256').update(Buffer.from(hashed, 'hex')).digest('hex');
  const headers = [
    '',
    'Bearer',
    'Bearer ',
    'Bearer undefined',
    'Bearer signkey-prod-',
    signingKey,
    hashed,
    `Basic ${bare}`,
    `Bearer ${bare.slice(0, -1)}`,
    `Bearer ${bare}00`,
    `Bearer ${twice}`,
    `Bearer ${createHash('sha256').update(bare).digest('hex')}`,
  ];
  for (const authorization of headers) {
    expect((await door.knock('GET', '/v1/events', undefined, { authorization })).status).toBe(401);
  }
});

test('a dev server without a key lets everyone in, also with what SDKs send when they have none', async () => {
  const door = openDoor();
  for (const authorization of ['Bearer undefined', 'Bearer ', 'Bearer wrong', '']) {
    expect((await door.knock('GET', '/v1/events', undefined, { authorization })).status).toBe(200);
  }
  expect((await door.knock('GET', '/v1/events')).status).toBe(200);
});

test('a dev server with a key checks it', async () => {
  const door = openDoor({ signingKey });
  expect((await door.knock('GET', '/v1/events')).status).toBe(401);
});

test('a cloud server without a key lets nobody in', async () => {
  const door = openDoor({ kind: 'cloud', signingKey: null });
  for (const authorization of ['', 'Bearer ', 'Bearer undefined']) {
    expect((await door.knock('GET', '/v1/events', undefined, { authorization })).status).toBe(401);
  }
});

test('health and events need no signing key', async () => {
  const door = openDoor({ kind: 'cloud', signingKey, eventKeys: ['k'] });
  expect((await door.knock('GET', '/health')).status).toBe(200);
  expect((await door.knock('GET', '/ready')).status).toBe(200);
  expect((await door.knock('POST', '/e/k', { name: 'a' })).status).toBe(200);
});

test('an event key that is not configured is refused', async () => {
  const door = openDoor({ kind: 'cloud', signingKey, eventKeys: ['first', 'second'] });
  expect((await door.knock('POST', '/e/second', { name: 'a' })).status).toBe(200);
  for (const key of ['third', 'First', 'firs', 'first%20', '%zz']) {
    const answer = await door.knock('POST', `/e/${key}`, { name: 'a' });
    expect(answer.status).toBe(401);
    expect(answer.text).toBe('{"status":401,"message":"","error":"Event key not found"}\n');
  }
  expect(door.world.accepted).toHaveLength(1);
});

test('no event key is 401', async () => {
  const door = openDoor();
  for (const path of ['/e', '/e/']) {
    const answer = await door.knock('POST', path, { name: 'a' });
    expect(answer.status).toBe(401);
    expect(answer.json()).toEqual({ status: 401, message: '', error: 'Event key is required' });
  }
});

test('a cloud server without event keys takes no events', async () => {
  const door = openDoor({ kind: 'cloud', signingKey });
  const answer = await door.knock('POST', '/e/any', { name: 'a' });
  expect(answer.status).toBe(503);
  expect(answer.json()).toMatchObject({
    error: 'Event keys are required to process events securely',
  });
});
