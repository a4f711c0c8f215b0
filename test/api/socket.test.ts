import { afterAll, beforeAll, expect, test } from 'bun:test';
import { createApp } from '../../src/api/app.ts';
import { runId, shop } from './door.ts';
import { fakeRegistry } from './fake_registry.ts';
import { FakeWorld } from './fake_services.ts';

const silent = { error: () => undefined, warn: () => undefined, info: () => undefined };
const app = createApp(new FakeWorld().services(), fakeRegistry([shop]), silent);
let origin = '';

beforeAll(() => {
  app.listen({ port: 0, hostname: '127.0.0.1' });
  origin = `http://127.0.0.1:${app.server?.port}`;
});

afterAll(async () => {
  await app.stop(true);
});

test('over a socket the answers are those of the app, not of Bun’s router', async () => {
  const cases = [
    ['GET', '/health', 200],
    ['HEAD', '/health', 200],
    ['PUT', '/health', 405],
    ['GET', '/health/', 404],
    ['GET', `/v1/runs/${runId}`, 404],
    ['HEAD', `/v1/runs/${runId}`, 404],
    ['GET', '/v1/runs/%zz', 400],
    ['GET', '/e/k', 405],
    ['GET', '/nope', 404],
    ['OPTIONS', '/health', 405],
  ] as const;
  for (const [method, path, status] of cases) {
    const response = await fetch(origin + path, { method });
    await response.arrayBuffer();
    expect([method, path, response.status]).toEqual([method, path, status]);
    expect(response.headers.get('x-inngest-server-kind')).toBe('dev');
  }
});

test('events pass over a socket with and without a declared length', async () => {
  const event = JSON.stringify({ name: 'a', data: { text: 'ü'.repeat(200_000) } });
  const chunks = [event.slice(0, 100_001), event.slice(100_001)].map((part) => Buffer.from(part));
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      const chunk = chunks.shift();
      if (chunk === undefined) controller.close();
      else controller.enqueue(chunk);
    },
  });
  for (const body of [event, stream]) {
    const response = await fetch(`${origin}/e/k`, { method: 'POST', body });
    expect([response.status, await response.json()]).toEqual([
      200,
      { ids: [expect.any(String)], status: 200 },
    ]);
  }
});
