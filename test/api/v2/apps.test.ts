import { expect, test } from 'bun:test';
import type {
  AppDefinition,
  AppId,
  FunctionDefinition,
  FunctionId,
} from '../../../src/function/definition.ts';
import { charge, functionId, openDoor, shop } from '../door.ts';
import { knockValidated } from '../openapi/validated_door.ts';
import { errors, refusalOf } from './fixtures.ts';

const everything: FunctionDefinition = {
  ...charge,
  // A brand is what its maker says it is; here the test is the maker.
  id: '5d0f2a7e-0000-5000-8000-000000000002' as FunctionId,
  slug: 'shop-everything',
  name: 'Everything',
  triggers: [{ event: 'a', expression: 'event.data.n > 1' }, { cron: '* * * * *' }],
  retries: 0,
  concurrency: [{ limit: 5, scope: 'fn', key: 'event.data.user' }],
  runConcurrency: [{ limit: 2, scope: 'env' }],
  cancel: [{ event: 'b', if: 'async.data.n == 1', timeout: '1h' }],
  priority: { run: 'event.data.p' },
  throttle: { limit: 3, period: '1m', burst: 1, key: 'event.data.t' },
  rateLimit: { limit: 4, period: '2m' },
  debounce: { period: '5s', key: 'event.data.d' },
  batchEvents: { maxSize: 10, timeout: '3s' },
  singleton: { mode: 'cancel', key: 'event.data.s' },
};
const failure: FunctionDefinition = {
  ...charge,
  id: '5d0f2a7e-0000-5000-8000-000000000003' as FunctionId,
  slug: 'shop-charge-failure',
  name: 'Charge (failure)',
};
const other: AppDefinition = {
  ...shop,
  id: '5d0f2a7e-0000-5000-8000-0000000000bb' as AppId,
  name: 'other',
  method: 'connect',
  error: 'unreachable',
  functions: [],
};
const apps = [other, { ...shop, functions: [everything, failure, charge] }];

test('an app is found by name and by UUID', async () => {
  const door = openDoor({}, apps);
  for (const name of ['shop', shop.id, shop.id.toUpperCase()]) {
    expect((await knockValidated(door, 'GET', `/v2/apps/${name}`)).at('data')).toEqual({
      createdAt: '2026-01-01T00:00:00.000Z',
      functionCount: 3,
      id: 'shop',
      latestSync: {
        framework: 'express',
        sdkLanguage: 'js',
        sdkVersion: '4.24.0',
        status: 'SUCCESS',
        syncedAt: '2026-01-01T00:00:00.000Z',
        url: 'http://localhost:3000/api/inngest',
      },
      method: 'SERVE',
      name: 'shop',
    });
  }
  expect(refusalOf(await knockValidated(door, 'GET', '/v2/apps/nobody'))).toEqual([
    404,
    errors(['not_found', 'App not found']),
  ]);
});

test('apps come in pages, in the order of their UUIDs; archived ones are not kept', async () => {
  const door = openDoor({}, apps);
  const first = await knockValidated(door, 'GET', '/v2/apps?limit=1');
  expect(first.json()).toMatchObject({
    data: [{ id: 'shop' }],
    page: { cursor: shop.id, hasMore: true, limit: 1 },
  });
  const second = await knockValidated(door, 'GET', `/v2/apps?limit=1&cursor=${shop.id}`);
  expect(second.at('data')).toMatchObject([
    { id: 'other', method: 'CONNECT', latestSync: { status: 'ERROR', error: 'unreachable' } },
  ]);
  expect(second.at('page')).toEqual({ cursor: other.id, limit: 1 });
  expect((await knockValidated(door, 'GET', '/v2/apps?archived=true')).at('data')).toBeUndefined();
  expect(refusalOf(await knockValidated(door, 'GET', '/v2/apps?cursor=x'))).toEqual([
    400,
    errors(['invalid_field_format', 'Cursor is invalid']),
  ]);
});

test('a function is found by its short id, its slug and its UUID', async () => {
  const door = openDoor({}, apps);
  for (const name of ['charge', 'shop-charge', functionId]) {
    const answer = await knockValidated(door, 'GET', `/v2/apps/shop/functions/${name}`);
    expect(answer.at('data')).toEqual({
      app: { id: 'shop' },
      configuration: {
        concurrency: [{ limit: { isPlanLimit: true, value: -1 }, scope: 'ACCOUNT' }],
        retries: { isDefault: true, value: 4 },
      },
      failureHandler: { name: 'Charge (failure)', slug: 'charge-failure' },
      id: 'charge',
      name: 'Charge',
      slug: 'charge',
      triggers: [{ type: 'EVENT', value: 'order/placed' }],
    });
  }
  expect(refusalOf(await knockValidated(door, 'GET', '/v2/apps/shop/functions/x'))).toEqual([
    404,
    errors(['not_found', 'Function not found']),
  ]);
});

test('a function tells all that it is configured with', async () => {
  const door = openDoor({}, apps);
  const answer = await knockValidated(door, 'GET', '/v2/apps/shop/functions/everything');
  expect(answer.at('data', 'triggers')).toEqual([
    { if: 'event.data.n > 1', type: 'EVENT', value: 'a' },
    { type: 'CRON', value: '* * * * *' },
  ]);
  expect(answer.at('data', 'configuration')).toEqual({
    cancellations: [{ condition: 'async.data.n == 1', event: 'b', timeout: '1h' }],
    concurrency: [
      { key: 'event.data.user', limit: { value: 5 }, scope: 'FUNCTION' },
      { limit: { value: 2 }, scope: 'ENVIRONMENT' },
    ],
    debounce: { key: 'event.data.d', period: '5s' },
    eventsBatch: { maxSize: 10, timeout: '3s' },
    priority: 'event.data.p',
    rateLimit: { limit: 4, period: '2m' },
    retries: {},
    singleton: { key: 'event.data.s', mode: 'CANCEL' },
    throttle: { burst: 1, key: 'event.data.t', limit: 3, period: '1m' },
  });
});

test('functions come in pages; those of an unknown app are none', async () => {
  const door = openDoor({}, apps);
  const page = await knockValidated(door, 'GET', '/v2/apps/shop/functions?limit=2');
  expect(page.json()).toMatchObject({
    data: [{ id: 'charge' }, { id: 'everything' }],
    page: { hasMore: true, cursor: everything.id },
  });
  const none = await knockValidated(door, 'GET', '/v2/apps/nobody/functions');
  expect([none.status, none.at('data')]).toEqual([200, undefined]);
});

test('a function is paused and unpaused, as often as one likes', async () => {
  const door = openDoor({}, apps);
  door.world.pausable.add(functionId);
  const path = '/v2/apps/shop/functions/charge';
  for (let time = 0; time < 2; time += 1) {
    const paused = await knockValidated(door, 'POST', `${path}/pause`);
    expect(paused.at('data')).toEqual({ functionId: 'shop-charge', isPaused: true });
  }
  expect((await knockValidated(door, 'GET', path)).at('data', 'isPaused')).toBe(true);
  for (let time = 0; time < 2; time += 1) {
    const unpaused = await knockValidated(door, 'POST', `${path}/unpause`);
    expect(unpaused.at('data')).toEqual({ functionId: 'shop-charge' });
  }
  expect((await knockValidated(door, 'GET', path)).at('data', 'isPaused')).toBeUndefined();
  const unknown = await knockValidated(door, 'POST', '/v2/apps/shop/functions/x/pause');
  expect(unknown.status).toBe(404);
});
