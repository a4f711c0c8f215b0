/** §11 Calls: what the server sends, and what it makes of the answer. */
import { describe, expect, test } from 'bun:test';
import { eventually } from '../eventually.ts';
import { type Call, hashed } from './fake_sdk.ts';
import { answer, done, failure, notAnSdk, ops, stepPlanned, stepRun, toResponse } from './reply.ts';
import { hashedToken, useServer } from './spec_server.ts';

const mebibyte = 'x'.repeat(1 << 20);
const ulid = /^[0-9A-HJKMNP-TV-Z]{26}$/;

describe('the request', () => {
  const spec = useServer();

  test.concurrent('SDK-4.4.1a calls go to the step URL with its own query parameters and stepId', async () => {
    const sdk = spec.sdk();
    const plan = ({ stepId, memo }: Call) => {
      if (stepId === hashed('a')) return ops(stepRun('a', 1));
      return memo('a') === undefined ? ops(stepPlanned('a')) : done();
    };
    sdk.define('js', plan, {
      url: `${sdk.url}?tenant=a%20b&fnId=${sdk.slug('js')}&stepId=step&x=1`,
    });
    sdk.define('go', plan, { url: `${sdk.url}?fnId=${sdk.slug('go')}&step=step` });
    await sdk.mustRegister();
    await sdk.play('js');
    const calls = sdk.callsOf('js');
    expect(calls.map((call) => call.method)).toEqual(['POST', 'POST', 'POST']);
    expect(calls.map((call) => call.url.searchParams.get('tenant'))).toEqual(['a b', 'a b', 'a b']);
    expect(calls.map((call) => call.url.searchParams.get('x'))).toEqual(['1', '1', '1']);
    expect(calls.map((call) => call.stepId)).toEqual(['step', hashed('a'), 'step']);
    expect(calls.map((call) => call.headers.get('x-inngest-step-id'))).toEqual([
      'step',
      hashed('a'),
      'step',
    ]);
    await sdk.play('go');
    expect(sdk.callsOf('go').map((call) => call.url.searchParams.get('step'))).toEqual([
      'step',
      'step',
      'step',
    ]);
    expect(sdk.callsOf('go').map((call) => call.stepId)).toEqual(['step', hashed('a'), 'step']);
  });

  test.concurrent('SDK-4.4.1b body has event, events, steps, ctx, and version and use_api beside it', async () => {
    const sdk = spec
      .sdk()
      .define('f', ({ memo }) => (memo('a') === undefined ? ops(stepRun('a', { n: 1 })) : done()));
    await sdk.mustRegister();
    const run = await sdk.play('f', { hello: 'world' });
    const [first, second] = sdk.callsOf('f').map(({ body }) => body);
    expect(first).toMatchObject({
      event: {
        name: `${sdk.appName}/f`,
        data: { hello: 'world' },
        ts: expect.any(Number),
        id: expect.any(String),
      },
      steps: {},
      use_api: false,
      ctx: {
        run_id: run.run_id,
        attempt: 0,
        disable_immediate_execution: false,
        use_api: false,
        step_id: 'step',
        env: '',
        stack: { stack: [], current: 0 },
      },
    });
    expect(second).toMatchObject({
      steps: { [hashed('a')]: { data: { n: 1 } } },
      ctx: { stack: { stack: [hashed('a')], current: 1 } },
    });
    const headers = sdk.callsOf('f')[0]?.headers;
    expect(headers?.get('content-type')).toBe('application/json');
    expect(headers?.get('x-run-id')).toBe(run.run_id);
    expect(headers?.get('x-request-id')).toMatch(ulid);
  });

  test.concurrent('SDK-4.4.1c events has the event of the run, and event equals the first', async () => {
    const sdk = spec.sdk().define('f', () => done());
    await sdk.mustRegister();
    await sdk.play('f', { n: 1 });
    const body = sdk.callsOf('f')[0]?.body;
    expect(body?.events).toHaveLength(1);
    expect(body?.events[0]).toEqual(body?.event ?? { name: '', data: null });
  });

  test.concurrent('SDK-4.4.1d attempt counts from zero, grows with each retry and starts again for a new item', async () => {
    const sdk = spec.sdk().define('f', ({ memo, body }) => {
      if (memo('a') === undefined)
        return body.ctx.attempt < 2 ? failure('not yet') : ops(stepRun('a', 1));
      return body.ctx.attempt < 1 ? failure('not yet') : done();
    });
    await sdk.mustRegister();
    expect((await sdk.play('f')).status).toBe('Completed');
    expect(sdk.callsOf('f').map(({ body }) => body.ctx.attempt)).toEqual([0, 1, 2, 0, 1]);
  });

  test.concurrent('SDK-4.4.1e the stack is always an array and each of its entries is in steps', async () => {
    const sdk = spec.sdk().define('f', ({ memo }) => {
      for (const id of ['a', 'b', 'c']) if (memo(id) === undefined) return ops(stepRun(id, id));
      return done();
    });
    await sdk.mustRegister();
    await sdk.play('f');
    const calls = sdk.callsOf('f');
    expect(calls).toHaveLength(4);
    for (const { body } of calls) {
      expect(body.ctx.stack.stack).toBeArray();
      for (const id of body.ctx.stack.stack) expect(body.steps).toHaveProperty([id]);
    }
    expect(calls.at(-1)?.body.ctx.stack.stack).toEqual(['a', 'b', 'c'].map(hashed));
  });

  test.concurrent('SDK-4.4.1f the version is -1 or absent first and never 0', async () => {
    const sdk = spec.sdk().define('f', ({ index, memo }) => {
      if (index === 0) return failure('before the first generator answer');
      return memo('a') === undefined ? ops(stepRun('a', 1)) : done();
    });
    await sdk.mustRegister();
    await sdk.play('f');
    const versions = sdk.callsOf('f').map(({ body }) => body.version ?? -1);
    expect(versions).toEqual([-1, -1, 2]);
  });

  test.concurrent('SDK-4.4.1g ctx has fn_id, qi_id and max_attempts', async () => {
    const sdk = spec.sdk().define('f', () => done(), { retries: 2 });
    await sdk.mustRegister();
    await sdk.play('f');
    const ctx = sdk.callsOf('f')[0]?.body.ctx;
    expect(ctx?.fn_id).toMatch(/^[0-9a-f-]{36}$/);
    expect(ctx?.qi_id).toBeString();
    expect(ctx?.qi_id.length).toBeGreaterThan(0);
    expect(ctx?.max_attempts).toBe(3);
  });

  test.concurrent('SDK-4.4.1h user is an object on every event', async () => {
    const sdk = spec.sdk().define('f', () => done());
    await sdk.mustRegister();
    await sdk.ended(await sdk.start('f'));
    await sdk.ended(await sdk.start('f', {}, { user: null }));
    await sdk.ended(await sdk.start('f', {}, { user: { id: 7 } }));
    const users = sdk.callsOf('f').map(({ body }) => [body.event.user, body.events[0]?.user]);
    expect(users).toEqual([
      [{}, {}],
      [{}, {}],
      [{ id: 7 }, { id: 7 }],
    ]);
  });
});

describe('state that does not fit into a request', () => {
  const spec = useServer();

  test.concurrent('SDK-4.4.2a more than 4 MiB of state is left out and use_api says so twice', async () => {
    const sdk = spec.sdk().define('f', ({ body }) => {
      const count = body.ctx.stack.stack.length;
      return count < 5 ? ops(stepRun(`part ${count}`, mebibyte)) : done();
    });
    await sdk.mustRegister();
    expect((await sdk.play('f', { small: 'event' })).status).toBe('Completed');
    const calls = sdk.callsOf('f');
    expect(calls).toHaveLength(6);
    expect(calls[1]?.body).toMatchObject({ use_api: false, ctx: { use_api: false } });
    expect(Object.keys(calls[1]?.body.steps ?? {})).toHaveLength(1);
    const last = calls.at(-1)?.body;
    expect(last).toMatchObject({ steps: {}, use_api: true, ctx: { use_api: true } });
    expect(last?.event.data).toEqual({ small: 'event' });
    expect(last?.ctx.stack.stack).toHaveLength(5);
    for (const call of calls) expect(call.text.length).toBeLessThanOrEqual(4 * 1024 * 1024);
  }, 30_000);

  test.concurrent('SDK-4.4.2b /batch is a bare array and /actions a bare object in memo format', async () => {
    const seen: unknown[] = [];
    const sdk = spec.sdk().define('f', async ({ memo, body }) => {
      if (memo('a') === undefined) return ops(stepRun('a', { n: 1 }));
      for (const path of ['actions', 'batch']) {
        const response = await fetch(`${spec.url}/v0/runs/${body.ctx.run_id}/${path}`);
        seen.push(response.status, await response.json());
      }
      return done();
    });
    await sdk.mustRegister();
    await sdk.play('f', { x: 'y' });
    expect(seen).toEqual([
      200,
      { [hashed('a')]: { data: { n: 1 } } },
      200,
      [expect.objectContaining({ name: `${sdk.appName}/f`, data: { x: 'y' } })],
    ]);
  });

  test.concurrent('SDK-4.4.2c errors of these endpoints are JSON with error and status', async () => {
    const sdk = spec.sdk().define('f', () => done());
    await sdk.mustRegister();
    const run = await sdk.play('f');
    const expected: [string, number][] = [
      ['not-a-run', 400],
      [run.run_id, 410],
      ['01JV8W3R9V2Y7M6S6S3F2K4N5P', 410],
    ];
    for (const [id, status] of expected) {
      for (const path of ['actions', 'batch']) {
        const response = await fetch(`${spec.url}/v0/runs/${id}/${path}`);
        expect([id, path, response.status]).toEqual([id, path, status]);
        expect(await response.json()).toMatchObject({ error: expect.any(String), status });
      }
    }
  });
});

describe('state endpoints with a signing key', () => {
  const spec = useServer({ mode: 'start' });

  test('SDK-4.4.2b the state of a run is given only to who has the key', async () => {
    const statuses: number[] = [];
    const sdk = spec.sdk().define('f', async ({ body }) => {
      const url = `${spec.url}/v0/runs/${body.ctx.run_id}/actions`;
      statuses.push((await fetch(url)).status);
      statuses.push(
        (await fetch(url, { headers: { authorization: `Bearer ${hashedToken()}` } })).status,
      );
      return done();
    });
    await sdk.mustRegister();
    await sdk.play('f');
    expect(statuses).toEqual([401, 200]);
  });
});

describe('the answer', () => {
  const spec = useServer();

  test.concurrent('SDK-4.4.3a 200 completes the run with the body as its result', async () => {
    const results: Record<string, unknown> = {
      object: { a: [1, { b: null }] },
      text: 'plain',
      number: 7,
      nothing: null,
      list: [1, 2],
      no: false,
    };
    const sdk = spec.sdk();
    for (const [name, result] of Object.entries(results))
      sdk.define(name, () => answer(200, result));
    await sdk.mustRegister();
    for (const [name, result] of Object.entries(results)) {
      const run = await sdk.play(name);
      const { status, output = null } = run;
      expect<unknown>([name, status, output]).toEqual([name, 'Completed', result]);
    }
  });

  test.concurrent('SDK-4.4.3b 500 is retried until the attempts are used up', async () => {
    const sdk = spec
      .sdk()
      .define('given', () => failure('always', { noRetry: false }), { retries: 2 })
      .define('absent', () => answer(500, { name: 'Error', message: 'always' }), { retries: 2 })
      .define('client', () => answer(422, { name: 'Error', message: 'always' }), { retries: 2 });
    await sdk.mustRegister();
    await Promise.all(
      ['given', 'absent', 'client'].map(async (name) => {
        expect((await sdk.play(name)).status).toBe('Failed');
        expect([name, sdk.callsOf(name).map(({ body }) => body.ctx.attempt)]).toEqual([
          name,
          [0, 1, 2],
        ]);
      }),
    );
  }, 30_000);

  test.concurrent('SDK-4.4.3c x-inngest-no-retry: true fails the run at once', async () => {
    const sdk = spec
      .sdk()
      .define('js', () => failure('never again', { status: 400, noRetry: true }))
      .define('go', () => failure('never again', { status: 500, noRetry: true }));
    await sdk.mustRegister();
    for (const name of ['js', 'go']) {
      expect((await sdk.play(name)).status).toBe('Failed');
      expect(sdk.callsOf(name)).toHaveLength(1);
    }
  });

  test.concurrent('SDK-4.4.3d Retry-After delays a retry, and by one second at least', async () => {
    const sdk = spec
      .sdk()
      .define('later', ({ index }) => (index === 0 ? failure('busy', { retryAfter: '4' }) : done()))
      .define('past', ({ index }) =>
        index === 0
          ? failure('busy', { retryAfter: new Date(Date.now() - 60_000).toISOString() })
          : done(),
      );
    await sdk.mustRegister();
    await Promise.all([sdk.send('later'), sdk.send('past')]);
    const gapOf = async (name: string) => {
      const [first, second] = await sdk.whenCalled(name, 2, { deadlineMs: 15_000 });
      return (second?.atMs ?? 0) - (first?.atMs ?? 0);
    };
    expect(await gapOf('later')).toBeWithin(3_900, 8_000);
    expect(await gapOf('past')).toBeWithin(900, 4_000);
  }, 30_000);

  test.concurrent('SDK-4.4.3e name, message and stack of an error reach the output and the failure event', async () => {
    const failed: unknown[] = [];
    const sdk = spec
      .sdk()
      .define('f', () => failure('card declined', { name: 'PaymentError', noRetry: true }))
      .define('nested', () =>
        answer(
          500,
          { error: { name: 'Inner', message: 'wrapped', stack: 'at x' } },
          { 'x-inngest-no-retry': 'true' },
        ),
      )
      .define('bare', () => answer(500, {}, { 'x-inngest-no-retry': 'true' }));
    sdk.define(
      'listener',
      ({ body }) => {
        failed.push(body.event.data?.error);
        return done();
      },
      {
        triggers: [
          {
            event: 'inngest/function.failed',
            expression: `event.data.function_id == '${sdk.slug('f')}'`,
          },
        ],
      },
    );
    await sdk.mustRegister();
    const error = {
      name: 'PaymentError',
      message: 'card declined',
      stack: expect.stringContaining('app.js'),
    };
    expect((await sdk.play('f')).output).toMatchObject(error);
    await sdk.whenCalled('listener');
    expect(failed).toEqual([expect.objectContaining(error)]);
    expect((await sdk.play('nested')).output).toMatchObject({ name: 'Inner', message: 'wrapped' });
    expect((await sdk.play('bare')).output).toMatchObject({
      name: 'Error',
      message: expect.any(String),
    });
  });

  test.concurrent('SDK-4.4.3f a connection that breaks is retried like a 500', async () => {
    const port = await brokenPort();
    const sdk = spec.sdk().define('f', () => done());
    const url = `http://localhost:${port}/api/inngest?fnId=${sdk.slug('f')}&stepId=step`;
    sdk.define('refused', () => done(), { url, retries: 1 });
    await sdk.mustRegister();
    const run = await sdk.play('refused');
    expect(run.status).toBe('Failed');
    expect(JSON.stringify(run.output)).toContain('Unable to reach SDK URL');
    await using cutter = cutOffOnce();
    const mended = `http://localhost:${cutter.port}/api/inngest?fnId=x&stepId=step`;
    sdk.define('cut', () => done(), { url: mended, retries: 1 });
    await sdk.mustRegister();
    const second = await sdk.play('cut');
    expect(second.status).toBe('Completed');
    expect(second.output).toBe('at last');
  }, 60_000);

  test.concurrent('SDK-4.4.3g redirects are followed with the method and the body', async () => {
    for (const status of [301, 302, 303, 307, 308]) {
      const sdk = spec.sdk();
      await using bouncer = redirecting(sdk.url, status);
      sdk.define('f', ({ body }) => done(body.event.data), {
        url: `http://localhost:${bouncer.port}/api/inngest?fnId=${sdk.slug('f')}&stepId=step`,
      });
      await sdk.mustRegister();
      expect([status, (await sdk.play('f', { kept: true })).output]).toEqual([
        status,
        { kept: true },
      ]);
      expect(sdk.callsOf('f')[0]?.method).toBe('POST');
    }
  }, 60_000);

  test.concurrent('SDK-4.5a an introspection body with unknown keys does no harm', async () => {
    const sdk = spec.sdk().define('f', () => done());
    sdk.onGet = () =>
      Response.json(
        { surprise: { deep: [1] }, function_count: 'many' },
        { headers: sdk.sdkHeaders },
      );
    await sdk.mustRegister();
    expect((await sdk.play('f')).status).toBe('Completed');
  });

  test.concurrent('SDK-4.1.2a a proxy error page is an error that quotes the page', async () => {
    const sdk = spec.sdk().define('f', () => notAnSdk(502, '<h1>Bad Gateway</h1>'), { retries: 0 });
    await sdk.mustRegister();
    const run = await sdk.play('f');
    expect(run.status).toBe('Failed');
    expect(JSON.stringify(run.output)).toContain('502');
    expect(JSON.stringify(run.output)).toContain('Bad Gateway');
  });
});

/** A port on which nothing listens. */
async function brokenPort(): Promise<number> {
  const listener = Bun.listen({ port: 0, hostname: '127.0.0.1', socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  await eventually(() =>
    fetch(`http://127.0.0.1:${port}`).then(
      () => false,
      () => true,
    ),
  );
  return port;
}

/** An app that closes its first connection in the middle of the request, and then works. */
function cutOffOnce(): { port: number; [Symbol.asyncDispose](): Promise<void> } {
  let connections = 0;
  const text = JSON.stringify('at last');
  const listener = Bun.listen({
    port: 0,
    hostname: '127.0.0.1',
    socket: {
      data(socket) {
        if (++connections === 1) {
          socket.terminate();
          return;
        }
        socket.end(
          `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-inngest-sdk: js:v4\r\nconnection: close\r\ncontent-length: ${text.length}\r\n\r\n${text}`,
        );
      },
    },
  });
  return { port: listener.port, [Symbol.asyncDispose]: async () => listener.stop(true) };
}

/** A front that redirects every request to the same query at another URL. */
function redirecting(
  target: string,
  status: number,
): { port: number; [Symbol.asyncDispose](): Promise<void> } {
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: () => toResponse({ status, headers: { location: target }, body: '' }),
  });
  return { port: server.port ?? 0, [Symbol.asyncDispose]: () => server.stop(true) };
}
