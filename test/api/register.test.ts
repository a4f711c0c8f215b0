import { beforeEach, describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { Inngest as InngestV4 } from 'inngest';
import { serve as serveV4 } from 'inngest/bun';
import { Inngest as InngestV3 } from 'inngest-v3';
import { serve as serveV3 } from 'inngest-v3/bun';
import { handleRegister, handleRemove, type Reply } from '../../src/api/register.ts';
import { Registry } from '../../src/state/registry.ts';
import { openEmbeddedStore } from '../../src/store/embedded/engine.ts';
import { FakeClock } from '../fake_clock.ts';
import { sampleDocument, sampleFunction } from '../function/sample.ts';

const clock = new FakeClock();
let registry: Registry;
let warnings: string[];

beforeEach(async () => {
  registry = new Registry(await openEmbeddedStore({ dataDir: null, clock }), clock);
  await registry.load();
  warnings = [];
});

function post(body: unknown, headers: Record<string, string> = {}): Promise<Reply> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const log = { warn: (message: string) => void warnings.push(message), info: () => {} };
  return handleRegister(new Headers(headers), text, { kind: 'dev', registry, log });
}

describe('registering', () => {
  test('answers with the app and whether it was modified', async () => {
    const first = await post(sampleDocument());
    expect(first).toEqual({
      status: 200,
      body: {
        ok: true,
        modified: true,
        sync_id: expect.any(String),
        app_id: registry.app('shop')?.id,
      },
    });
    const second = await post(sampleDocument());
    expect(second.body).toMatchObject({
      ok: true,
      modified: false,
      app_id: registry.app('shop')?.id,
    });
    expect(second.body?.sync_id).not.toBe(first.body?.sync_id);
    expect(second.body).not.toHaveProperty('error');
  });

  test('is refused for a server of another kind, before anything else', async () => {
    const headers = { 'X-Inngest-Expected-Server-Kind': 'cloud' };
    expect(await post('not json', headers)).toEqual({
      status: 400,
      body: { error: 'Expected server kind dev, got cloud', data: null, status: 400 },
    });
    expect((await post(sampleDocument(), { 'x-inngest-expected-server-kind': 'dev' })).status).toBe(
      200,
    );
  });

  test('is refused for a body that is no JSON object', async () => {
    for (const body of ['', '{', '[]', '5', 'null', '"x"']) {
      const reply = await post(body);
      expect(reply.status).toBe(400);
      expect(reply.body?.error).toStartWith('Invalid request: ');
      expect(reply.body?.status).toBe(400);
    }
  });

  test('is refused without an app name', async () => {
    expect(await post(sampleDocument([], { appName: '' }))).toMatchObject({
      status: 400,
      body: { error: 'App ID required', status: 400 },
    });
  });

  test('without functions makes an app without functions', async () => {
    await post(sampleDocument());
    expect((await post(sampleDocument([]))).body).toMatchObject({ ok: true, modified: true });
    expect(registry.app('shop')?.functions).toEqual([]);
  });

  test('applies nothing when one function is invalid, and lists every problem', async () => {
    await post(sampleDocument());
    const bad = sampleFunction({ id: 'shop-bad', triggers: [{ cron: 'x' }], steps: {} });
    const reply = await post(sampleDocument([sampleFunction({ name: 'Renamed' }), bad]));
    expect(reply.status).toBe(400);
    expect(reply.body?.error).toStartWith('At least one function is invalid');
    expect(reply.body).toMatchObject({
      status: 400,
      data: {
        errors: [
          {
            functionSlug: 'shop-bad',
            code: 'config_invalid',
            path: 'functions[1].triggers[0].cron',
          },
          { functionSlug: 'shop-bad', code: 'config_invalid', path: 'functions[1].steps' },
        ],
      },
    });
    expect(registry.app('shop')).toMatchObject({
      error: 'invalid_function',
      functions: [{ name: 'Pay' }],
    });
    await post(sampleDocument());
    expect(registry.app('shop')?.error).toBe('');
  });

  test('with a period, a mode or a scope that does not exist is an invalid request', async () => {
    for (const changes of [
      { throttle: { limit: 1, period: 'soon' } },
      { singleton: { mode: 'queue' } },
      { concurrency: { limit: 1, scope: 'planet' } },
    ]) {
      const reply = await post(sampleDocument([sampleFunction(changes)]));
      expect(reply.body?.error).toStartWith(
        `Invalid request: functions[0].${Object.keys(changes)[0]}`,
      );
    }
  });

  test('accepts SDKs with a known vulnerability, and warns', async () => {
    for (const [sdk, isWarned] of [
      ...([
        ['js:v3.22.0', true],
        ['js:v3.53.1', true],
        ['inngest-js:v3.40.0', true],
      ] as const),
      ...([
        ['js:v3.21.9', false],
        ['js:v3.53.2', false],
        ['js:v4.0.0', false],
        ['py:v3.40.0', false],
      ] as const),
    ]) {
      warnings = [];
      expect((await post(sampleDocument([], { sdk }))).status).toBe(200);
      expect([sdk, warnings.some((text) => text.includes('vulnerability'))]).toEqual([
        sdk,
        isWarned,
      ]);
    }
  });

  test('with any body at all gives an answer with a status, and an error when it is not 200', async () => {
    const body = fc.oneof(
      fc.string(),
      fc.json({ maxDepth: 3 }),
      fc
        .dictionary(
          fc.constantFrom('triggers', 'steps', 'concurrency', 'cancel', 'NAME'),
          fc.jsonValue(),
        )
        .map((changes) => JSON.stringify(sampleDocument([sampleFunction(changes)]))),
    );
    await fc.assert(
      fc.asyncProperty(body, async (text) => {
        const reply = await post(text);
        if (reply.status === 200) {
          expect(reply.body?.ok).toBe(true);
          return;
        }
        expect(reply.status).toBe(400);
        expect(reply.body?.status).toBe(400);
        expect(reply.body?.error).toMatch(
          /^(Invalid request: .|App ID required$|At least one function is invalid: .)/,
        );
      }),
      { numRuns: 200 },
    );
  });
});

describe('removing', () => {
  test('forgets the app at a URL, or says that there is none', async () => {
    await post(sampleDocument());
    expect(await handleRemove('http://127.0.0.1:3000/api/inngest', { registry })).toEqual({
      status: 200,
      body: null,
    });
    expect(registry.apps()).toEqual([]);
    expect(await handleRemove('http://127.0.0.1:3000/api/inngest', { registry })).toEqual({
      status: 404,
      body: { error: 'App not found: http://127.0.0.1:3000/api/inngest', data: null, status: 404 },
    });
  });

  test('of no URL removes nothing', async () => {
    await post(sampleDocument([], { url: '' }));
    for (const url of [null, '', ' '])
      expect((await handleRemove(url, { registry })).status).toBe(404);
    expect(registry.apps()).toHaveLength(1);
  });
});

/** Lets a real SDK register at a server that runs the handler, and says what it answered to the PUT. */
async function registerBySdk(
  serveApp: (baseUrl: string) => (request: Request) => Response | Promise<Response>,
): Promise<{ status: number; body: unknown; reply: Reply | null }> {
  const seen: { reply: Reply | null } = { reply: null };
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    async fetch(request) {
      const { pathname } = new URL(request.url);
      if (pathname === '/dev') return Response.json({ version: '1' });
      if (pathname !== '/fn/register') return new Response('unexpected', { status: 404 });
      const headers: Record<string, string> = {};
      for (const [name, value] of request.headers) headers[name] = value;
      seen.reply = await post(await request.text(), headers);
      return Response.json(seen.reply.body, { status: seen.reply.status });
    },
  });
  try {
    const handler = serveApp(`http://127.0.0.1:${server.port}`);
    const request = new Request('http://localhost:3000/api/inngest', {
      method: 'PUT',
      headers: {
        'content-type': 'application/json',
        'x-inngest-server-kind': 'dev',
        host: 'localhost:3000',
      },
      body: JSON.stringify({ url: 'http://localhost:3000/api/inngest' }),
    });
    const response = await handler(request);
    const text = await response.text();
    return {
      status: response.status,
      body: text === '' ? null : JSON.parse(text),
      reply: seen.reply,
    };
  } finally {
    await server.stop(true);
  }
}

describe('real SDKs', () => {
  test('inngest v4 registers its functions with all their options', async () => {
    const outcome = await registerBySdk((baseUrl) => {
      const client = new InngestV4({ id: 'shop', isDev: true, baseUrl });
      const charge = client.createFunction(
        {
          id: 'charge',
          name: 'Charge',
          triggers: [
            { event: 'order/placed', if: 'event.data.total > 5' },
            { cron: 'TZ=Europe/Paris 0 7 * * 1-5' },
          ],
          retries: 2,
          concurrency: [{ limit: 5, key: 'event.data.tenant' }],
          throttle: { limit: 10, period: '1m', key: 'event.data.tenant' },
          cancelOn: [
            { event: 'order/voided', if: 'event.data.id == async.data.id', timeout: '1h' },
          ],
          onFailure: async () => {},
        },
        async () => 'done',
      );
      return serveV4({ client, functions: [charge] });
    });
    expect(outcome).toMatchObject({ status: 200, body: { modified: true } });
    const app = registry.app('shop');
    expect(app).toMatchObject({
      sdkLanguage: 'js',
      framework: 'bun',
      url: 'http://localhost:3000/api/inngest',
    });
    expect(app?.functions.map(({ slug }) => slug).sort()).toEqual([
      'shop-charge',
      'shop-charge-failure',
    ]);
    expect(registry.functionBySlug('shop-charge')).toMatchObject({
      triggers: [
        { event: 'order/placed', expression: 'event.data.total > 5' },
        { cron: 'TZ=Europe/Paris 0 7 * * 1-5' },
      ],
      retries: 2,
      concurrency: [{ limit: 5, key: 'event.data.tenant', scope: 'fn' }],
      throttle: { limit: 10, period: '1m', burst: 0, key: 'event.data.tenant' },
      cancel: [{ event: 'order/voided', if: 'event.data.id == async.data.id', timeout: '1h' }],
    });
    expect(registry.functionsTriggeredBy('inngest/function.failed')).toMatchObject([
      {
        fn: { slug: 'shop-charge-failure' },
        triggerExpression: expect.stringContaining('shop-charge'),
      },
    ]);
  });

  test('inngest v3 registers its functions with all their options', async () => {
    const outcome = await registerBySdk((baseUrl) => {
      const client = new InngestV3({ id: 'shop', isDev: true, baseUrl });
      const charge = client.createFunction(
        {
          id: 'charge',
          batchEvents: { maxSize: 10, timeout: '10s', key: 'event.data.tenant' },
          concurrency: 3,
          timeouts: { finish: '1h' },
          onFailure: async () => {},
        },
        { event: 'order/placed' },
        async () => 'done',
      );
      const once = client.createFunction(
        {
          id: 'once',
          idempotency: 'event.data.id',
          singleton: { mode: 'skip', key: 'event.data.id' },
        },
        [{ event: 'order/paid' }, { cron: '0 7 * * *' }],
        async () => 'done',
      );
      const calm = client.createFunction(
        {
          id: 'calm',
          debounce: { period: '5s', key: 'event.data.id', timeout: '1m' },
          rateLimit: { limit: 3, period: '1h' },
          priority: { run: 'event.data.plan == "pro" ? 120 : 0' },
          cancelOn: [{ event: 'order/voided', match: 'data.id' }],
        },
        { event: 'order/*' },
        async () => 'done',
      );
      return serveV3({ client, functions: [charge, once, calm] });
    });
    expect(outcome).toMatchObject({ status: 200, body: { modified: true } });
    expect(registry.functionBySlug('shop-charge')).toMatchObject({
      batchEvents: { maxSize: 10, timeout: '10s', key: 'event.data.tenant' },
      concurrency: [{ limit: 3, scope: 'fn' }],
      timeouts: { finish: '1h' },
    });
    expect(registry.functionBySlug('shop-once')).toMatchObject({
      idempotency: 'event.data.id',
      singleton: { mode: 'skip', key: 'event.data.id' },
    });
    expect(registry.functionBySlug('shop-calm')).toMatchObject({
      debounce: { period: '5s', key: 'event.data.id', timeout: '1m' },
      rateLimit: { limit: 3, period: '1h' },
      cancel: [{ event: 'order/voided', if: 'event.data.id == async.data.id' }],
    });
  });

  test('an SDK passes the reason of a refusal on to whoever asked it', async () => {
    const outcome = await registerBySdk((baseUrl) => {
      const client = new InngestV4({ id: 'shop', isDev: true, baseUrl });
      const bad = client.createFunction(
        { id: 'bad', triggers: [{ cron: 'every day' }] },
        async () => 'done',
      );
      return serveV4({ client, functions: [bad] });
    });
    expect(outcome.status).toBe(400);
    expect(outcome.body).toMatchObject({
      message: expect.stringContaining('functions[0].triggers[0].cron'),
    });
  });
});
