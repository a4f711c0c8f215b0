/** No answer leaves before what caused it is durable; those that say how the server is do not wait. */
import { describe, expect, test } from 'bun:test';
import { createApp } from '../../src/api/app.ts';
import { StoreUnavailableError } from '../../src/store/store.ts';
import { fakeRegistry } from './fake_registry.ts';
import { FakeWorld } from './fake_services.ts';

/** They say how the server is, or read history. */
const always = [
  '/health',
  '/ready',
  '/metrics',
  '/v1/prom/:env',
  '/v0',
  '/v0/',
  '/v1/events',
  '/v1/events/:eventId',
  '/v1/events/:eventId/runs',
  '/v1/runs',
  '/v1/runs/:runId',
  '/v1/runs/:runId/trace',
  '/v1/openapi.json',
  '/v1/docs',
  ...['/v2', '/api/v2'].flatMap((prefix) => [
    `${prefix}/health`,
    `${prefix}/account`,
    `${prefix}/envs`,
    `${prefix}/keys/events`,
    `${prefix}/keys/signing`,
    `${prefix}/runs`,
    `${prefix}/runs/:runId`,
    `${prefix}/runs/:runId/trace`,
    `${prefix}/events/:eventId/runs`,
    `${prefix}/operations`,
    `${prefix}/openapi.json`,
    `${prefix}/docs`,
  ]),
];

/** Some of its operations wait and others do not: graphql/transport.test.ts. */
const waitsByItself = '/v0/gql';

function doors() {
  const world = new FakeWorld();
  const silent = { error: () => {}, warn: () => {}, info: () => {} };
  const app = createApp(world.services(), fakeRegistry([]), silent);
  const routes = app.routes.map(({ method, path }) => ({ method, path }));
  return { world, app, routes };
}

function request(method: string, path: string): Request {
  const filled = path.replace(/:(\w+)\??/g, '01ARZ3NDEKTSV4RRFFQ69G5FAV').replace('*', 'x');
  const hasBody = method !== 'GET' && method !== 'HEAD';
  return new Request(`http://localhost${filled}`, { method, ...(hasBody && { body: '{}' }) });
}

/** The gate asks on the next turns of the event loop: these many are more than any door takes. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise<void>((done) => setImmediate(done));
}

const gated = doors().routes.filter(
  ({ method, path }) =>
    path !== waitsByItself && !(['GET', 'ALL'].includes(method) && always.includes(path)),
);

test('there are doors', () => {
  expect(gated.length).toBeGreaterThan(20);
});

describe.each(gated)('$method $path', ({ method, path }) => {
  test('answers only when what happened is durable', async () => {
    const { world, app } = doors();
    const disk = Promise.withResolvers<void>();
    let asked = false;
    world.settled = () => {
      asked = true;
      return disk.promise;
    };
    let answer: Response | null = null;
    const answered = app.handle(request(method, path)).then((response) => {
      answer = response;
    });
    await turns();
    expect(asked).toBe(true);
    expect(answer).toBeNull();
    disk.resolve();
    await answered;
    expect(answer).not.toBeNull();
  });

  test('answers 503 when it cannot be made durable', async () => {
    const { world, app } = doors();
    world.settled = () => Promise.reject(new StoreUnavailableError('the disk is full'));
    const answer = await app.handle(request(method, path));
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('2');
  });
});

test.each(always)('GET %s is answered whatever the store does', async (path) => {
  const { world, app } = doors();
  world.settled = () => new Promise(() => {});
  // Nobody knows the run or event that is asked for.
  expect((await app.handle(request('GET', path))).status).toBeOneOf([200, 404]);
});
