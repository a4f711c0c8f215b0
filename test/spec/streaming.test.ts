/** §11 Streaming. */
import { describe, expect, test } from 'bun:test';
import { done, type Reply, raw, stepRun } from './reply.ts';
import { useServer } from './spec_server.ts';

const spec = useServer();

/** A streamed answer: heartbeats, then the envelope. */
function streamed(envelope: unknown, { heartbeats = 2, everyMs = 200 } = {}): Reply {
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    async start(controller) {
      for (let beat = 0; beat < heartbeats; beat++) {
        controller.enqueue(encoder.encode(beat % 2 ? '\n' : ' '));
        await Bun.sleep(everyMs);
      }
      controller.enqueue(encoder.encode(JSON.stringify(envelope)));
      controller.close();
    },
  });
  return { ...raw(201, ''), body };
}

describe('streaming', () => {
  const headers = { 'x-inngest-sdk': 'inngest-js:v4.24.0', 'x-inngest-req-version': '1' };

  test.concurrent('SDK-9a a stream is unwrapped: string and JSON bodies, inner status and headers', async () => {
    const sdk = spec.sdk();
    sdk
      .define('text', ({ memo }) =>
        memo('a') === undefined
          ? streamed({ status: 206, headers, body: JSON.stringify([stepRun('a', 1)]) })
          : streamed({ status: 200, headers, body: JSON.stringify({ streamed: true }) }),
      )
      .define('json', ({ memo }) =>
        memo('a') === undefined
          ? streamed({ status: 206, headers: null, body: [stepRun('a', 1)] })
          : streamed({ status: 200, headers: null, body: { streamed: true } }),
      )
      .define('failing', () =>
        streamed({
          status: 500,
          headers: { ...headers, 'x-inngest-no-retry': 'true' },
          body: '{"name":"Inner","message":"inside"}',
        }),
      )
      .define('broken', () => streamed('not an envelope'), { retries: 0 });
    await sdk.mustRegister();
    for (const name of ['text', 'json'])
      expect((await sdk.play(name)).output).toEqual({ streamed: true });
    expect(sdk.callsOf('text')[1]?.body.version).toBe(1);
    const failed = await sdk.play('failing');
    expect(failed.status).toBe('Failed');
    expect(failed.output).toMatchObject({ name: 'Inner', message: 'inside' });
    expect(sdk.callsOf('failing')).toHaveLength(1);
    expect((await sdk.play('broken')).status).toBe('Failed');
  }, 30_000);

  test.concurrent('SDK-9b a stream with a heartbeat every five seconds is not cut off', async () => {
    const sdk = spec
      .sdk()
      .define('f', () =>
        streamed({ status: 200, headers, body: '"patience"' }, { heartbeats: 3, everyMs: 5_000 }),
      );
    sdk.define('silent', async () => {
      await Bun.sleep(12_000);
      return done('still here');
    });
    await sdk.mustRegister();
    const [beating, silent] = await Promise.all([
      sdk.play('f', {}, 30_000),
      sdk.play('silent', {}, 30_000),
    ]);
    expect(beating.output).toBe('patience');
    expect(silent.output).toBe('still here');
    expect(sdk.calls).toHaveLength(2);
  }, 60_000);
});
