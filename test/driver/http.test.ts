import { afterEach, describe, expect, test } from 'bun:test';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { callTimeoutMs, httpDriver } from '../../src/driver/http.ts';
import { responseBytesMax } from '../../src/driver/response.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { eventually } from '../eventually.ts';
import { manualClock } from './manual_clock.ts';
import { sampleRequest } from './sample_request.ts';

const sdk = { 'x-inngest-sdk': 'inngest-js:v4.24.0' };
const stops: Array<() => unknown> = [];

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

function app(fetch: (request: Request) => Response | Promise<Response>): string {
  const server = Bun.serve({ port: 0, idleTimeout: 0, fetch });
  stops.push(() => server.stop(true));
  return `http://127.0.0.1:${server.port}`;
}

/** A peer below HTTP: answers each chunk it gets with what `reply` says, and counts connections. */
function peer(reply: (chunksOnConnection: number) => string | null) {
  const seen = { connections: 0, port: 0 };
  const listener = Bun.listen<{ chunks: number }>({
    hostname: '127.0.0.1',
    port: 0,
    socket: {
      open(socket) {
        seen.connections++;
        socket.data = { chunks: 0 };
      },
      data(socket) {
        const text = reply(socket.data.chunks++);
        if (text === null) socket.end();
        else socket.write(text);
      },
    },
  });
  stops.push(() => listener.stop(true));
  seen.port = listener.port;
  return seen;
}

const clock = systemClock;
const driver = httpDriver({ clock });
const call = (url: string) => driver.call(sampleRequest({ url }));

describe('an HTTP call', () => {
  test('POSTs the built request and reads opcodes', async () => {
    let seen: { method: string; url: URL; headers: Headers; body: unknown } | undefined;
    const url = app(async (request) => {
      const { method, headers } = request;
      seen = { method, url: new URL(request.url), headers, body: await request.json() };
      return new Response('[{"op":"StepRun","id":"a","data":1}]', { status: 206, headers: sdk });
    });
    expect(await call(`${url}/api?fnId=f`)).toMatchObject({ kind: 'opcodes', ops: [{ id: 'a' }] });
    expect(seen?.method).toBe('POST');
    expect(seen?.url.search).toBe('?fnId=f&stepId=step');
    expect(seen?.headers.get('x-run-id')).toBe('01JV8W3R9V2Y7M6S6S3F2K4N5P');
    expect(seen?.headers.get('content-type')).toBe('application/json');
    expect(seen?.headers.get('content-length')).toMatch(/^\d+$/);
    expect(seen?.headers.has('x-inngest-signature')).toBe(false);
    expect(seen?.body).toMatchObject({ ctx: { run_id: '01JV8W3R9V2Y7M6S6S3F2K4N5P' } });
  });

  test('waits through the heartbeats of a streamed answer', async () => {
    const url = app(() => {
      const pieces = [' ', ' ', '{"status":200,"headers":{},', '"body":"\\"done\\""}'];
      const body = new ReadableStream({
        pull(controller) {
          const piece = pieces.shift();
          if (piece === undefined) controller.close();
          else controller.enqueue(new TextEncoder().encode(piece));
        },
      });
      return new Response(body, { status: 201, headers: sdk });
    });
    expect(await call(url)).toMatchObject({ kind: 'completed', resultText: '"done"' });
  });

  test.each([301, 302, 303, 307, 308])(
    'follows a %d with method, body, headers and query',
    async (status) => {
      const url = app(async (request) => {
        const { pathname, searchParams } = new URL(request.url);
        if (pathname === '/old') {
          return new Response(null, { status, headers: { location: '/new?stepId=wrong&added=1' } });
        }
        const { method, headers } = request;
        const { length } = await request.text();
        const told = [method, headers.get('x-run-id') !== null, length > 100];
        return Response.json([...told, searchParams.toString()], { headers: sdk });
      });
      const outcome = await call(`${url}/old?fnId=f`);
      expect(outcome).toMatchObject({
        resultText: '["POST",true,true,"added=1&fnId=f&stepId=step"]',
      });
    },
  );

  test('follows 60 redirects and not one more', async () => {
    const url = app((request) => {
      const left = Number(new URL(request.url).pathname.slice(1));
      if (left === 0) return Response.json('there', { headers: sdk });
      return new Response(null, { status: 307, headers: { location: `/${left - 1}` } });
    });
    expect(await call(`${url}/60`)).toMatchObject({ resultText: '"there"' });
    expect(await call(`${url}/61`)).toMatchObject({ code: 'invalid_redirect', isRetriable: true });
  });

  test('refuses a redirect to another scheme', async () => {
    const url = app(
      () => new Response(null, { status: 302, headers: { location: 'file:///etc/passwd' } }),
    );
    const outcome = await call(url);
    expect(outcome).toMatchObject({ code: 'invalid_redirect' });
    expect(JSON.stringify(outcome)).toContain('file:');
  });

  test.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
  ])('decodes %s', async (encoding, compress) => {
    const headers = { ...sdk, 'content-encoding': encoding };
    const url = app(() => new Response(compress('"packed"'), { headers }));
    expect(await call(url)).toMatchObject({ resultText: '"packed"' });
  });

  test('refuses an encoding it did not ask for, and damaged ones', async () => {
    const deflated = app(
      () => new Response('x', { headers: { ...sdk, 'content-encoding': 'zstd' } }),
    );
    expect(await call(deflated)).toMatchObject({ code: 'unsupported_encoding', isRetriable: true });
    const damaged = app(
      () => new Response('x', { headers: { ...sdk, 'content-encoding': 'gzip' } }),
    );
    expect(await call(damaged)).toMatchObject({ code: 'unsupported_encoding', isRetriable: true });
  });

  test('stops at 8 MiB, whether the length is announced, streamed or packed', async () => {
    const huge = new Uint8Array(responseBytesMax + 1);
    const announced = app(() => new Response(huge, { headers: sdk }));
    expect(await call(announced)).toMatchObject({ code: 'output_too_large' });
    const chunk = new Uint8Array(1024 * 1024);
    const endless = app(() => {
      const body = new ReadableStream({ pull: (controller) => controller.enqueue(chunk) });
      return new Response(body, { headers: sdk });
    });
    expect(await call(endless)).toMatchObject({ code: 'output_too_large' });
    const packed = gzipSync(huge);
    const headers = { ...sdk, 'content-encoding': 'gzip' };
    const bomb = app(() => new Response(packed, { headers }));
    expect(await call(bomb)).toMatchObject({ code: 'output_too_large' });
  });

  test('to a proxy that failed says what came back', async () => {
    const url = app(() => new Response('<h1>Bad Gateway</h1>', { status: 502 }));
    expect(await call(url)).toMatchObject({
      error: { name: 'Server returned a fatal error', stack: '<h1>Bad Gateway</h1>' },
    });
  });
});

describe('an app that cannot be reached', () => {
  test('refuses connections: the failure says so and is retriable', async () => {
    const { port } = peer(() => null);
    await stops.pop()?.();
    const outcome = await call(`http://127.0.0.1:${port}/api?token=secret`);
    expect(outcome).toMatchObject({
      kind: 'failed',
      code: 'unreachable',
      isRetriable: true,
      error: { error: 'Unable to reach SDK URL', cause: { name: 'ECONNREFUSED' } },
    });
    expect(JSON.stringify(outcome)).toContain(
      `http://127.0.0.1:${port}/api: nothing listens there`,
    );
    expect(JSON.stringify(outcome)).not.toContain('secret');
  });

  test('has no valid URL', async () => {
    expect(await call('nowhere')).toMatchObject({ code: 'unreachable', isRetriable: true });
  });

  test('closes a new connection instead of answering: its code may have run, so it is not called again', async () => {
    const seen = peer(() => null);
    expect(await call(`http://127.0.0.1:${seen.port}`)).toMatchObject({
      code: 'unreachable',
      error: { message: 'Unable to reach SDK URL', cause: { name: 'ECONNRESET' } },
    });
    expect(seen.connections).toBe(1);
  });

  test('closes a kept connection under a new call: the call is sent again', async () => {
    const ok = 'HTTP/1.1 200 OK\r\nx-inngest-sdk: js\r\ncontent-length: 4\r\n\r\n"ok"';
    const seen = peer((chunks) => (chunks === 0 ? ok : null));
    const url = `http://127.0.0.1:${seen.port}`;
    for (let calls = 0; calls < 4; calls++) {
      expect(await call(url)).toMatchObject({ resultText: '"ok"' });
    }
    expect(seen.connections).toBeGreaterThan(1);
  });

  test('breaks off in the middle of an answer', async () => {
    const seen = peer(
      () => 'HTTP/1.1 200 OK\r\nx-inngest-sdk: js\r\ncontent-length: 40\r\n\r\n"half',
    );
    const listener = call(`http://127.0.0.1:${seen.port}`);
    await eventually(() => seen.connections > 0);
    await stops.pop()?.();
    expect(await listener).toMatchObject({ code: 'unreachable', isRetriable: true });
  });

  test('does not answer within two hours', async () => {
    const waiting = manualClock();
    let wasCalled = false;
    const url = app(() => {
      wasCalled = true;
      return new Promise<Response>(() => {});
    });
    const outcome = httpDriver({ clock: waiting }).call(sampleRequest({ url }));
    await eventually(() => wasCalled);
    waiting.moveTo(waiting.now() + callTimeoutMs);
    expect(await outcome).toMatchObject({ code: 'call_timeout', isRetriable: true });
  });

  test('does not answer within the time that the server is set up for', async () => {
    const waiting = manualClock();
    let wasCalled = false;
    const url = app(() => {
      wasCalled = true;
      return new Promise<Response>(() => {});
    });
    const outcome = httpDriver({ clock: waiting, timeoutMs: 5_000 }).call(sampleRequest({ url }));
    await eventually(() => wasCalled);
    waiting.moveTo(waiting.now() + 5_000);
    expect(await outcome).toMatchObject({ code: 'call_timeout', isRetriable: true });
  });

  test('is given up when the caller aborts, before or during the call', async () => {
    let calls = 0;
    const url = app(() => {
      calls++;
      return new Promise<Response>(() => {});
    });
    const during = new AbortController();
    const outcome = driver.call(sampleRequest({ url }), during.signal);
    await eventually(() => calls === 1);
    during.abort();
    expect(await outcome).toMatchObject({ code: 'call_aborted', isRetriable: true });
    const before = await driver.call(sampleRequest({ url }), AbortSignal.abort());
    expect(before).toMatchObject({ code: 'call_aborted' });
    expect(calls).toBe(1);
  });
});

test('more calls than Bun allows at a time are all under way at once', async () => {
  let inFlight = 0;
  const gate = Promise.withResolvers<void>();
  const url = app(async (request) => {
    const stepId = new URL(request.url).searchParams.get('stepId');
    inFlight++;
    await gate.promise;
    return Response.json(stepId, { headers: sdk });
  });
  const count = 300;
  const outcomes = Array.from({ length: count }, (_, index) =>
    driver.call(sampleRequest({ url, stepId: `s${index}` })),
  );
  await eventually(() => inFlight === count);
  gate.resolve();
  for (const [index, outcome] of (await Promise.all(outcomes)).entries()) {
    expect(outcome).toMatchObject({ resultText: `"s${index}"` });
  }
  expect(await call(url)).toMatchObject({ resultText: '"step"' });
});
