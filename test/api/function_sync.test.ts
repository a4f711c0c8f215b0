import { expect, test } from 'bun:test';
import { AppContentionError } from '../../src/state/registry.ts';
import { openDoor, problem, shop } from './door.ts';

const registration = {
  v: '0.1',
  url: 'http://localhost:3000/api/inngest',
  deployType: 'ping',
  sdk: 'js:v4.24.0',
  framework: 'express',
  appName: 'shop',
  functions: [
    {
      id: 'shop-charge',
      name: 'Charge',
      triggers: [{ event: 'order/placed' }],
      steps: {
        step: {
          id: 'step',
          name: 'step',
          runtime: {
            type: 'http',
            url: 'http://localhost:3000/api/inngest?fnId=shop-charge&stepId=step',
          },
        },
      },
    },
  ],
};

test('an app registers itself', async () => {
  const door = openDoor();
  const answer = await door.knock('POST', '/fn/register', registration, {
    'x-inngest-expected-server-kind': 'dev',
  });
  expect([answer.status, answer.json()]).toEqual([
    200,
    { ok: true, modified: true, sync_id: 'sync-1', app_id: shop.id },
  ]);
  expect(answer.headers.get('content-type')).toBe('application/json');
  expect(door.registry.synced).toMatchObject([
    { name: 'shop', functions: [{ slug: 'shop-charge' }] },
  ]);
});

test('a registration meant for another kind of server is 400', async () => {
  const door = openDoor();
  const headers = { 'x-inngest-expected-server-kind': 'cloud' };
  const answer = await door.knock('POST', '/fn/register', registration, headers);
  expect([answer.status, answer.json()]).toEqual([
    400,
    problem(400, 'Expected server kind dev, got cloud'),
  ]);
  expect(door.registry.synced).toEqual([]);
});

test('a registration that cannot be read is 400 with the two keys that SDKs read', async () => {
  const door = openDoor();
  for (const body of ['', '{', '[]', '{}', { ...registration, appName: '' }]) {
    const answer = await door.knock('POST', '/fn/register', body);
    expect(answer.status).toBe(400);
    expect(answer.json()).toMatchObject({ status: 400, error: expect.any(String) });
  }
});

test('a registration over 16 MiB is 413', async () => {
  const large = { 'content-length': String(16 * 1024 * 1024 + 1) };
  const answer = await openDoor().knock('POST', '/fn/register', '{}', large);
  expect([answer.status, answer.json()]).toMatchObject([413, { status: 413 }]);
});

test('an app is removed by its URL, in the query or in a form', async () => {
  const door = openDoor();
  const query = await door.knock('DELETE', `/fn/remove?url=${encodeURIComponent(shop.url)}`);
  expect([query.status, query.text]).toEqual([200, '']);
  const body = new URLSearchParams({ url: shop.url }).toString();
  expect((await door.knock('DELETE', '/fn/remove', body)).status).toBe(200);
});

test('no app at the URL is 404', async () => {
  const door = openDoor();
  const answer = await door.knock('DELETE', '/fn/remove?url=http%3A%2F%2Fother');
  expect([answer.status, answer.json()]).toEqual([
    404,
    problem(404, 'App not found: http://other'),
  ]);
  expect((await door.knock('DELETE', '/fn/remove')).status).toBe(404);
});

test('an app that other servers keep changing is 503, to be tried again', async () => {
  const door = openDoor();
  const contend = async (): Promise<never> => {
    throw new AppContentionError(shop.id);
  };
  Object.assign(door.registry, { sync: contend, remove: contend });
  const body = { ...registration, functions: [] };
  const synced = await door.knock('POST', '/fn/register', body);
  const removed = await door.knock('DELETE', '/fn/remove?url=x');
  for (const answer of [synced, removed]) {
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '2']);
    expect(answer.json()).toMatchObject({ status: 503, error: expect.any(String) });
  }
  expect(door.logged).toEqual([]);
});
