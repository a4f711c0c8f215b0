/** GET /metrics and /v1/prom/{env}: who may scrape, what they get; and the count of answers. */
import { describe, expect, test } from 'bun:test';
import { Elysia } from 'elysia';
import { metricsRoutes, requestCounts } from '../../src/api/metrics.ts';
import { Problem, problemOf, problemResponse } from '../../src/api/problem.ts';
import type { Services } from '../../src/api/services.ts';
import { environmentId } from '../../src/function/definition.ts';
import { hashedKey } from '../../src/lib/signature.ts';
import { createMetrics } from '../../src/metrics/metrics.ts';
import { eventually } from '../eventually.ts';
import { parseExposition } from '../metrics/prometheus_text.ts';
import { signingKey } from './door.ts';
import { FakeWorld } from './fake_services.ts';

type Settings = Partial<Pick<Services, 'kind' | 'signingKey'>>;

const silent = { warn: () => undefined, error: () => undefined };

function open(settings: Settings = {}) {
  const metrics = createMetrics({ version: '1.2.3' }, silent);
  const services: Services = { ...new FakeWorld().services(settings), metrics };
  const app = new Elysia({ strictPath: true, systemRouter: false })
    .onError(({ code, error, route }) =>
      code === 'NOT_FOUND'
        ? new Response(null, { status: 404 })
        : problemResponse(problemOf(error, route, silent)),
    )
    .use(requestCounts(services))
    .use(metricsRoutes(services))
    .get('/refuses/:id', () => {
      throw new Problem(409, 'no');
    });
  const knock = async (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    await app.handle(new Request(`http://localhost:8288${path}`, { method, headers }));
  return { knock, metrics };
}

describe.each(['/metrics', `/v1/prom/${environmentId}`])('%s', (path) => {
  test('is open to everybody in dev', async () => {
    const { knock } = open();
    const response = await knock(path);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const { value } = parseExposition(await response.text());
    expect(value('process_resident_memory_bytes')).toBeGreaterThan(0);
  });

  test('wants the signing key in start, as it is or hashed', async () => {
    const { knock } = open({ kind: 'cloud', signingKey });
    const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
    expect((await knock(path)).status).toBe(401);
    expect((await knock(path, bearer('signkey-prod-00'))).status).toBe(401);
    expect((await knock(path, bearer(signingKey))).status).toBe(200);
    expect((await knock(path, bearer(hashedKey(signingKey)))).status).toBe(200);
  });

  test('answers HEAD without a body', async () => {
    const { knock } = open();
    const response = await knock(path, {}, 'HEAD');
    expect(response.status).toBe(200);
    expect(await response.text()).toBe('');
  });
});

test('another environment is not known', async () => {
  const { knock } = open();
  const response = await knock('/v1/prom/00000000-0000-4000-b000-000000000001');
  expect(response.status).toBe(404);
  expect(await response.json()).toMatchObject({ error: expect.stringContaining(environmentId) });
});

test('answers are counted by pattern and true status, whatever was asked for', async () => {
  const { knock, metrics } = open();
  await knock('/metrics');
  await knock('/refuses/1');
  await knock('/refuses/2');
  await knock('/v1/prom/unknown');
  await knock('/nowhere/1');
  await knock('/nowhere/2');
  const counts = await eventually(async () => {
    const { samples } = parseExposition(await metrics.text());
    const found = samples.filter(({ name }) => name === 'inngest_http_requests_total');
    return found.reduce((sum, { value }) => sum + value, 0) === 6 && found;
  });
  const lines = counts.map(({ labels, value }) => `${labels.route} ${labels.status} ${value}`);
  expect(lines.sort()).toEqual([
    '/metrics 200 1',
    '/refuses/:id 409 2',
    '/v1/prom/:env 404 1',
    'none 404 2',
  ]);
});
