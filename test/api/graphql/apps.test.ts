import { expect, test } from 'bun:test';
import type { FunctionDefinition } from '../../../src/function/definition.ts';
import { charge, openDoor, shop } from '../door.ts';
import { ask, refused } from './client.ts';
import { uiDocuments } from './documents.ts';

const busy: FunctionDefinition = {
  ...charge,
  // A brand is what its maker says it is; here the test is the maker.
  id: '5d0f2a7e-0000-5000-8000-000000000002' as FunctionDefinition['id'],
  slug: 'shop-busy',
  name: 'Busy',
  triggers: [{ event: 'a', expression: 'event.data.n > 1' }, { cron: '* * * * *' }],
  retries: 2,
  concurrency: [{ limit: 3, key: 'event.data.id', scope: 'env' }],
  runConcurrency: [{ limit: 9, scope: 'account' }],
  cancel: [{ event: 'stop', if: 'async.data.id == event.data.id', timeout: '1h' }],
  idempotency: 'event.data.id',
  priority: { run: 'event.data.priority' },
  throttle: { limit: 2, period: '1m', burst: 1 },
  debounce: { period: '5s', key: 'event.data.id' },
  batchEvents: { maxSize: 10, timeout: '2s' },
  singleton: { mode: 'cancel', key: 'event.data.id' },
};
const failure: FunctionDefinition = {
  ...charge,
  // As above.
  id: '5d0f2a7e-0000-5000-8000-000000000003' as FunctionDefinition['id'],
  slug: 'shop-busy-failure',
};
const app = { ...shop, framework: '', functions: [charge, busy, failure] };

test('apps are told with their functions', async () => {
  const door = openDoor({}, [app]);
  const answer = await ask(door, uiDocuments.GetApp, { id: app.id });
  expect(answer.at('app')).toMatchObject({
    ...{ id: app.id, name: 'shop', sdkLanguage: 'js', sdkVersion: '4.24.0', framework: null },
    ...{ url: app.url, error: null, connected: true, functionCount: 3, method: 'SERVE' },
    ...{ appVersion: null, autodiscovered: false },
    sdkFeatureReadiness: { extendedTraces: { ready: false, reason: null } },
  });
  const none = '5d0f2a7e-0000-5000-8000-00000000ffff';
  expect(await refused(door, uiDocuments.GetApp, { id: none })).toBe('sql: no rows in result set');
  const filter = 'query A($m: AppMethod) { apps(filter: {method: $m}) { id checksum externalID } }';
  expect((await ask(door, filter, { m: 'CONNECT' })).at('apps')).toEqual([]);
  expect((await ask(door, filter, { m: 'SERVE' })).at('apps')).toEqual([
    { id: app.id, checksum: 'c', externalID: 'shop' },
  ]);
});

test('an app that failed to sync says why', async () => {
  const door = openDoor({}, [{ ...shop, error: 'unreachable' }]);
  const answer = await ask(door, '{ apps { error connected } }');
  expect(answer.at('apps', 0)).toEqual({ error: 'unreachable', connected: false });
});

test('functions come by slug with their whole configuration', async () => {
  const door = openDoor({}, [app]);
  const all = await ask(door, uiDocuments.GetFunctions);
  const slugs = (all.at('functions') as { slug: string }[]).map(({ slug }) => slug);
  expect(slugs).toEqual(['shop-busy', 'shop-busy-failure', 'shop-charge']);
  const answer = await ask(door, uiDocuments.GetFunction, { functionSlug: 'shop-busy' });
  const fn = answer.at('functionBySlug');
  expect(fn).toMatchObject({
    ...{ id: busy.id, concurrency: 3, failureHandler: { slug: 'shop-busy-failure' } },
    triggers: [
      { type: 'EVENT', value: 'a', condition: 'event.data.n > 1' },
      { type: 'CRON', value: '* * * * *', condition: null },
    ],
    configuration: {
      cancellations: [
        { event: 'stop', timeout: '1h', condition: 'async.data.id == event.data.id' },
      ],
      retries: { value: 2, isDefault: false },
      priority: 'event.data.priority',
      eventsBatch: { maxSize: 10, timeout: '2s', key: null },
      concurrency: [
        { scope: 'ENVIRONMENT', limit: { value: 3, isPlanLimit: false }, key: 'event.data.id' },
        { scope: 'ACCOUNT', limit: { value: 9, isPlanLimit: false }, key: null },
      ],
      rateLimit: { limit: 1, period: '24h', key: 'event.data.id' },
      debounce: { period: '5s', key: 'event.data.id' },
      throttle: { burst: 1, key: null, limit: 2, period: '1m' },
      singleton: { mode: 'CANCEL', key: 'event.data.id' },
    },
  });
  expect(JSON.parse(String(Reflect.get(Object(fn), 'config')))).toMatchObject({
    slug: 'shop-busy',
  });
  expect(await refused(door, uiDocuments.GetFunction, { functionSlug: 'no' })).toBe(
    'sql: no rows in result set',
  );
});

test('a function without limits says so', async () => {
  const answer = await ask(openDoor(), uiDocuments.GetFunction, { functionSlug: charge.slug });
  expect(answer.at('functionBySlug')).toMatchObject({
    ...{ concurrency: 0, failureHandler: null },
    configuration: {
      concurrency: [{ scope: 'ACCOUNT', limit: { value: -1, isPlanLimit: true }, key: null }],
      retries: { value: 4, isDefault: true },
      ...{ rateLimit: null, singleton: null, eventsBatch: null, priority: null },
    },
  });
});

test('workers and debug runs are empty', async () => {
  const door = openDoor();
  const workers = await ask(door, uiDocuments.CountWorkerConnections, {
    startTime: '2026-01-01T00:00:00Z',
    appID: shop.id,
  });
  expect(workers.at('workerConnections', 'totalCount')).toBe(0);
  const one = '{ workerConnection(connectionId: "01JV8W3R9V2Y7M6S6S3F2K4N5P") { id } }';
  expect(await refused(door, one)).toBe('worker connection not found');
  const debug = `{ debugRun(query: {functionSlug: "x"}) { debugTraces { name } }
    debugSession(query: {functionSlug: "x"}) { debugRuns { status } } }`;
  const answer = await ask(door, debug);
  expect(answer.at('debugRun')).toEqual({ debugTraces: [] });
  expect(answer.at('debugSession')).toEqual({ debugRuns: null });
});
