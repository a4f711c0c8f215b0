/** §11 Sync. */
import { describe, expect, test } from 'bun:test';
import { eventually } from '../eventually.ts';
import { freePort } from '../free_port.ts';
import { ServerProcess } from '../server_process.ts';
import { FakeSdk, type FunctionConfig } from './fake_sdk.ts';
import { done, failure, invoke, ops } from './reply.ts';
import { serverWithApp, useServer } from './spec_server.ts';

const uuidV5 = /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe('registration', () => {
  const spec = useServer();

  /** Registers one function with these settings; the status, and the error text if any. */
  async function tried(config: FunctionConfig): Promise<{ status: number; error: string }> {
    const sdk = spec.sdk().define('f', () => done(), config);
    const { status, body } = await sdk.register();
    return { status, error: JSON.stringify(body) };
  }

  async function expectAccepted(config: FunctionConfig): Promise<void> {
    const { status, error } = await tried(config);
    expect([JSON.stringify(config), status, error]).toEqual([JSON.stringify(config), 200, error]);
  }

  async function expectRefused(config: FunctionConfig): Promise<void> {
    const { status, error } = await tried(config);
    expect([JSON.stringify(config), status, error]).toEqual([JSON.stringify(config), 400, error]);
  }

  test.concurrent('SDK-4.3.2a keys are matched in any case, unknown keys and nulls ignored', async () => {
    const sdk = spec
      .sdk()
      .define('f', () => done('python'), { Singleton: null, surprise: { a: 1 }, debounce: null });
    const { appName, functions, ...rest } = sdk.registration();
    const { status } = await sdk.register(
      {},
      {
        text: JSON.stringify({
          ...rest,
          appname: appName,
          FUNCTIONS: functions,
          deployId: 'x',
          somethingNew: [1],
          featureObservations: null,
        }),
      },
    );
    expect(status).toBe(200);
    expect((await sdk.play('f')).output).toBe('python');
  });

  test.concurrent('SDK-4.3.2b deployId is accepted and never part of a URL', async () => {
    const sdk = spec.sdk();
    sdk.define('f', () => done(), {
      url: `${sdk.url}?deployId=d1&probe=trust&custom=1&fnId=${sdk.slug('f')}&stepId=step`,
    });
    const { status } = await sdk.register(
      { url: `${sdk.url}?deployId=d1` },
      { query: '?deployId=d1' },
    );
    expect(status).toBe(200);
    await sdk.play('f');
    const query = sdk.callsOf('f')[0]?.url.searchParams;
    expect(query?.has('deployId')).toBeFalse();
    expect(query?.has('probe')).toBeFalse();
    expect(query?.get('custom')).toBe('1');
  });

  test.concurrent('SDK-4.3.2c a sync replaces the functions of the app; missing ones no longer start', async () => {
    const sdk = spec
      .sdk()
      .define('stays', () => done())
      .define('goes', () => done());
    await sdk.mustRegister();
    await sdk.play('goes');
    sdk.remove('goes');
    await sdk.mustRegister();
    const ignored = await sdk.send('goes');
    await sdk.play('stays');
    expect(await sdk.client.runsOf(ignored)).toEqual([]);
    expect(sdk.callsOf('goes')).toHaveLength(1);
  });

  test.concurrent('SDK-4.3.2d the id of a function survives re-syncs and a new URL', async () => {
    const sdk = spec.sdk().define('f', () => done());
    await sdk.mustRegister();
    await sdk.play('f');
    sdk.moveTo('/elsewhere/inngest');
    sdk.define('g', () => done());
    await sdk.mustRegister();
    await sdk.play('f');
    const [first, second] = sdk.callsOf('f').map((call) => call.body.ctx.fn_id);
    expect(first).toMatch(uuidV5);
    expect(second).toBe(first ?? '');
    expect(sdk.callsOf('f')[1]?.url.pathname).toBe('/elsewhere/inngest');
  });

  test.concurrent('SDK-4.3.2e the composite id names a function in invoke and in failure expressions', async () => {
    const sdk = spec.sdk();
    sdk
      .define('target', () => failure('target fails', { noRetry: true }))
      .define('invoker', ({ memo }) =>
        memo('call') === undefined ? ops(invoke('call', sdk.slug('target'))) : done(memo('call')),
      )
      .define('on-failure', ({ body }) => done((body.event.data as { run_id: string }).run_id), {
        triggers: [
          {
            event: 'inngest/function.failed',
            expression: `event.data.function_id == '${sdk.slug('target')}'`,
          },
        ],
      });
    await sdk.mustRegister();
    const run = await sdk.play('invoker');
    expect(JSON.stringify(run.output)).toContain('target fails');
    await sdk.whenCalled('on-failure');
    expect(sdk.callsOf('on-failure')).toHaveLength(1);
  });

  test.concurrent('SDK-4.3.2f every setting is parsed in each of its forms', async () => {
    const accepted: FunctionConfig[] = [
      { concurrency: 5 },
      { concurrency: { limit: 5, key: 'event.data.x' } },
      { concurrency: [{ limit: 5 }, { limit: 1, key: 'event.data.x', scope: 'account' }] },
      { concurrency: { fn: [{ limit: 2 }], step: [{ limit: 5, key: '"a"', scope: 'ENV' }] } },
      { concurrency: { limit: 0 } },
      { throttle: { limit: 10, period: '1m', burst: 2, key: 'event.data.x' } },
      { rateLimit: { limit: 1, period: '24h', key: 'event.data.x' } },
      { debounce: { period: '1d2h', key: 'event.data.x', timeout: '3d' } },
      {
        batchEvents: {
          maxSize: 100,
          timeout: '1m30s',
          key: 'event.data.x',
          if: 'event.data.x == 1',
        },
      },
      { priority: { run: 'event.data.x == "a" ? 120 : 0' } },
      { cancel: [{ event: 'a/b', if: 'event.data.id == async.data.id', timeout: '1h' }] },
      { timeouts: { start: '1w', finish: '1w2d3h' } },
      { singleton: { mode: 'skip', key: 'event.data.x' } },
      { singleton: { mode: 'cancel' } },
      { checkpoint: { batch_steps: 1, batch_interval: '1s', max_runtime: 1000000 } },
      { triggers: [] },
    ];
    for (const config of accepted) await expectAccepted(config);
    const refused: FunctionConfig[] = [
      { concurrency: [{ limit: 1 }, { limit: 2 }, { limit: 3 }] },
      { concurrency: { limit: 1, scope: 'env' } },
      { concurrency: { limit: 1, key: 'event.data.' } },
      { concurrency: { limit: 1, key: '"a"', scope: 'galaxy' } },
      { throttle: { limit: 1, period: 'often' } },
      { rateLimit: { limit: 0, period: '1m' } },
      { rateLimit: { limit: 1, period: '25h' } },
      { debounce: { period: '1ms' } },
      { debounce: { period: '8d' } },
      { batchEvents: { maxSize: 1, timeout: '1s' } },
      { batchEvents: { maxSize: 10, timeout: '1d' } },
      { batchEvents: { maxSize: 10, timeout: '10ms' } },
      { priority: { run: 'event.data. + ' } },
      { cancel: Array.from({ length: 6 }, (_, index) => ({ event: `a/${index}` })) },
      { singleton: { mode: 'sometimes' } },
      { name: '' },
    ];
    for (const config of refused) await expectRefused(config);
  }, 30_000);

  test.concurrent('SDK-4.3.2g idempotency takes the place of rateLimit', async () => {
    const sdk = spec.sdk().define('f', () => done(), {
      idempotency: 'event.data.order',
      rateLimit: { limit: 1, period: '1h' },
    });
    await sdk.mustRegister();
    const ids = [];
    for (const order of ['a', 'b', 'a']) ids.push(await sdk.send('f', { order }));
    const [first = '', second = '', third = ''] = ids;
    await sdk.ended(await sdk.runOf(first));
    await sdk.ended(await sdk.runOf(second));
    await sdk.play('f', { order: 'c' });
    expect(await sdk.client.runsOf(third)).toEqual([]);
    expect(sdk.callsOf('f')).toHaveLength(3);
  });

  test.concurrent('SDK-4.3.2h attempts are retries: absent means four, and more than 20 mean 20', async () => {
    const sdk = spec
      .sdk()
      .define('one', () => done(), { retries: 1 })
      .define('none', () => done(), { retries: 0 })
      .define('many', () => done(), { retries: 50 });
    const runtime = { type: 'http', url: `${sdk.url}?fnId=${sdk.slug('default')}&stepId=step` };
    sdk.define('default', () => done(), { steps: { step: { id: 'step', name: 'step', runtime } } });
    await sdk.mustRegister();
    const expected: Record<string, number> = { one: 2, none: 1, many: 21, default: 5 };
    for (const [name, attempts] of Object.entries(expected)) {
      await sdk.play(name);
      expect([name, sdk.callsOf(name)[0]?.body.ctx.max_attempts]).toEqual([name, attempts]);
    }
  });

  test.concurrent('SDK-4.3.2i one invalid function refuses the whole sync and changes nothing', async () => {
    const sdk = spec.sdk().define('old', () => done('still here'));
    await sdk.mustRegister();
    sdk.define('good', () => done()).define('bad', () => done(), { triggers: [{ event: '' }] });
    const functions = sdk.functionConfigs().filter(({ name }) => name !== 'old');
    const { status, body } = await sdk.register({ functions });
    expect(status).toBe(400);
    expect(body.error).toBeString();
    const ignored = await sdk.send('good');
    expect((await sdk.play('old')).output).toBe('still here');
    expect(await sdk.client.runsOf(ignored)).toEqual([]);
  });

  test.concurrent('SDK-4.3.2j several steps, a missing URL and a wrong scheme are invalid', async () => {
    const step = (url: unknown) => ({ id: 'step', name: 'step', runtime: { type: 'http', url } });
    const url = 'http://localhost:1/api/inngest?fnId=f&stepId=step';
    await expectRefused({ steps: {} });
    await expectRefused({ steps: { step: step(url), other: step(url) } });
    await expectRefused({
      steps: { step: { id: 'step', name: 'step', runtime: { type: 'http' } } },
    });
    await expectRefused({ steps: { step: step(7) } });
    await expectRefused({ steps: { step: step('ftp://localhost/x') } });
    await expectRefused({ steps: { step: { ...step(url), name: '' } } });
  });

  test.concurrent('SDK-4.3.2k batching conflicts with cancel, debounce, singleton and priority', async () => {
    const batchEvents = { maxSize: 10, timeout: '5s' };
    await expectAccepted({ batchEvents });
    await expectRefused({ batchEvents, cancel: [{ event: 'a/b' }] });
    await expectRefused({ batchEvents, debounce: { period: '10s' } });
    await expectRefused({ batchEvents, singleton: { mode: 'skip' } });
    await expectRefused({ batchEvents, priority: { run: '1' } });
  });

  test.concurrent('SDK-4.3.2l crons have time zones and bounded jitter, and duplicates are refused', async () => {
    await expectAccepted({ triggers: [{ cron: 'TZ=Europe/Paris 0 7 * * 1-5', jitter: '30s' }] });
    await expectAccepted({ triggers: [{ cron: 'CRON_TZ=America/New_York */5 0-6 1,15 JAN MON' }] });
    await expectAccepted({ triggers: [{ cron: '0 0 1 1 *', jitter: '' }, { event: 'a/b' }] });
    await expectRefused({ triggers: [{ cron: 'TZ=Mars/Olympus 0 7 * * *' }] });
    await expectRefused({ triggers: [{ cron: 'every day' }] });
    await expectRefused({ triggers: [{ cron: '0 7 * *' }] });
    await expectRefused({ triggers: [{ cron: '* * * * * *' }] });
    await expectRefused({ triggers: [{ cron: '@hourly' }] });
    await expectRefused({ triggers: [{ cron: '0 7 * * *', jitter: '500ms' }] });
    await expectRefused({ triggers: [{ cron: '0 7 * * *', jitter: '6m' }] });
    await expectRefused({ triggers: [{ cron: '0 7 * * *', jitter: '-5s' }] });
    await expectRefused({ triggers: [{ cron: '0 7 * * *' }, { cron: '0 7 * * *', jitter: '5s' }] });
    await expectRefused({ triggers: [{ event: 'a/b' }, { event: 'a/b' }] });
    await expectRefused({ triggers: [{ event: 'a/b', cron: '0 7 * * *' }] });
    await expectRefused({ triggers: [{}] });
    await expectRefused({ triggers: [{ event: 'a/b', expression: 'event.data. ==' }] });
    await expectRefused({ triggers: [{ event: 'x'.repeat(256) }] });
    await expectRefused({
      triggers: Array.from({ length: 11 }, (_, index) => ({ event: `a/${index}` })),
    });
  }, 30_000);

  test.concurrent('SDK-4.3.3a refusals are JSON with a string error and a numeric status', async () => {
    const sdk = spec.sdk().define('f', () => done(), { triggers: [{ event: '' }] });
    const refusals = [
      await sdk.register(),
      await sdk.register({ appName: '' }),
      await sdk.register({}, { text: '{"v": ' }),
      await sdk.register({}, { text: '[1, 2]' }),
      await sdk.register({ functions: 'none' }),
      await sdk.register({}, { headers: { 'x-inngest-expected-server-kind': 'cloud' } }),
    ];
    for (const { status, body } of refusals) {
      expect(status).toBe(400);
      expect(body).toMatchObject({ error: expect.any(String), status: 400 });
    }
  });

  test.concurrent('SDK-4.3.4a SDK-4.3.4b success says whether anything was modified', async () => {
    const sdk = spec.sdk().define('f', () => done());
    const first = await sdk.register();
    expect(first.status).toBe(200);
    expect(first.body).toMatchObject({ ok: true, modified: true });
    expect((await sdk.register()).body).toMatchObject({ ok: true, modified: false });
    sdk.define('g', () => done());
    expect((await sdk.register()).body).toMatchObject({ ok: true, modified: true });
    expect(first.body.error ?? 'text').toBeString();
  });
});

/** The body of a PUT answer that carries the configuration itself. */
function inBandAnswer(sdk: FakeSdk): Response {
  const { appName, functions, url } = sdk.registration();
  return Response.json(
    {
      app_id: appName,
      env: null,
      framework: 'fake',
      functions,
      inspection: {},
      platform: null,
      sdk_author: 'inngest',
      sdk_language: 'go',
      sdk_version: 'v0.16.0',
      url,
    },
    { headers: { ...sdk.sdkHeaders, 'x-inngest-sync-kind': 'in_band' } },
  );
}

describe('syncs that the server starts', () => {
  test('SDK-4.3.1a a sync is a PUT with the URL and the kind of the server', async () => {
    await using started = await serverWithApp((sdk) => sdk.define('f', () => done('synced')));
    const { sdk } = started;
    const [put] = await eventually(() => sdk.puts().length > 0 && sdk.puts(), {
      deadlineMs: 20_000,
    });
    expect(JSON.parse(put?.text ?? '')).toMatchObject({ url: sdk.url });
    expect(put?.headers.get('x-inngest-server-kind')).toBe('dev');
    expect(put?.headers.get('content-type')).toContain('application/json');
    const run = await eventually(() => sdk.play('f', {}, 2_000), { deadlineMs: 20_000 });
    expect(run.output).toBe('synced');
  }, 60_000);

  test('SDK-4.3.1b an app that answers a sync with an error is reported with a code', async () => {
    await using started = await serverWithApp((sdk) => {
      sdk.onPut = () => Response.json({ message: 'no' }, { status: 401, headers: sdk.sdkHeaders });
    });
    await eventually(async () => (await started.server.logs()).includes('unauthorized'), {
      deadlineMs: 20_000,
      what: 'the error code in the log',
    });
  }, 60_000);

  test('SDK-4.3.5a a PUT answer that carries the configuration registers the app', async () => {
    await using started = await serverWithApp((sdk) => {
      sdk.define('f', () => done('in band'));
      sdk.onPut = () => inBandAnswer(sdk);
    });
    const { sdk } = started;
    await eventually(() => sdk.puts().length > 0, { deadlineMs: 20_000 });
    const run = await eventually(() => sdk.play('f', {}, 2_000), { deadlineMs: 30_000 });
    expect(run.output).toBe('in band');
  }, 90_000);

  test('SDK-4.3.5b an in-band answer to a signed PUT registers the app', async () => {
    await using started = await serverWithApp(
      (sdk) => {
        sdk.define('f', () => done('signed'));
        sdk.onPut = ({ headers }) =>
          headers.has('x-inngest-signature')
            ? inBandAnswer(sdk)
            : new Response(null, { status: 401 });
      },
      { mode: 'start' },
    );
    const { sdk } = started;
    await eventually(() => sdk.puts().length > 0, { deadlineMs: 20_000 });
    const run = await eventually(() => sdk.play('f', {}, 2_000), { deadlineMs: 30_000 });
    expect(run.output).toBe('signed');
  }, 90_000);

  test('SDK-4.3.D1 discovery tries the known paths and finds an app by its header', async () => {
    const [port, path] = [await freePort(), '/.redwood/functions/inngest'];
    const server = await ServerProcess.start({
      isDiscoveryOn: true,
      isPollingOn: true,
      args: ['--poll-interval', '1'],
      env: { PORT: String(port) },
    });
    const sdk = new FakeSdk(server.url, { port, path }).define('f', () => done('discovered'));
    try {
      sdk.onGet = ({ url }) =>
        url.pathname === path
          ? new Response('not JSON', { status: 403, headers: { 'x-inngest-sdk': 'js:v4' } })
          : new Response(null, { status: 404 });
      const run = await eventually(() => sdk.play('f', {}, 2_000), { deadlineMs: 30_000 });
      expect(run.output).toBe('discovered');
      const probed = sdk.received.filter(({ method }) => method === 'GET');
      expect(new Set(probed.map(({ url }) => url.pathname))).toEqual(
        new Set(['/api/inngest', '/x/inngest', '/.netlify/functions/inngest', path]),
      );
    } finally {
      await sdk.stop();
      await server.dispose();
    }
  }, 90_000);

  test('SDK-4.3.D2 polling brings changed functions and clears an error', async () => {
    let isBroken = true;
    await using started = await serverWithApp((sdk) => {
      sdk.define('f', () => done('first'));
      const register = sdk.onPut;
      sdk.onPut = (request) =>
        isBroken
          ? Response.json({ message: 'broken' }, { status: 500, headers: sdk.sdkHeaders })
          : register(request);
    });
    const { sdk } = started;
    await eventually(() => sdk.puts().length > 0, { deadlineMs: 20_000 });
    isBroken = false;
    await eventually(() => sdk.play('f', {}, 2_000), { deadlineMs: 20_000 });
    sdk.define('g', () => done('second'));
    const run = await eventually(() => sdk.play('g', {}, 2_000), { deadlineMs: 20_000 });
    expect(run.output).toBe('second');
  }, 90_000);
});
