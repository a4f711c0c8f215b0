/** §11 Headers and auth. */
import { describe, expect, test } from 'bun:test';
import canonicalize from 'canonicalize';
import { eventually } from '../eventually.ts';
import type { Call, Received } from './fake_sdk.ts';
import { answer, done, failure, notAnSdk, ops, opsV1, stepRun } from './reply.ts';
import { eventKey, hashedToken, serverWithApp, signingKey, useServer } from './spec_server.ts';

const signaturePattern = /^t=(\d{10})&s=([0-9a-f]{64})$/;

/** Checks the signature the way SDKs do: HMAC of the body as sent, then the timestamp. */
function expectSigned(request: Received): number {
  const [, timestamp = '', signature] =
    signaturePattern.exec(request.headers.get('x-inngest-signature') ?? '') ?? [];
  const hmac = new Bun.CryptoHasher('sha256', signingKey);
  expect(signature).toBe(hmac.update(request.text + timestamp).digest('hex'));
  return Number(timestamp);
}

describe('in dev', () => {
  const spec = useServer();

  test.concurrent('SDK-4.1.1a every API response names the kind of server', async () => {
    const paths: [string, RequestInit][] = [
      ['/health', {}],
      ['/dev', {}],
      ['/v1/events', {}],
      ['/v1/runs/nonsense', {}],
      ['/e/key', { method: 'POST', body: JSON.stringify({ name: 'a/b' }) }],
      ['/e/key', { method: 'POST', body: '{' }],
      ['/fn/register', { method: 'POST', body: '{}' }],
    ];
    for (const [path, init] of paths) {
      const response = await fetch(spec.url + path, init);
      expect([path, response.headers.get('x-inngest-server-kind')]).toEqual([path, 'dev']);
    }
  });

  test.concurrent('SDK-4.1.1c a registration that expects another kind of server is refused', async () => {
    const sdk = spec.sdk().define('f', () => done());
    const refused = await sdk.register(
      {},
      { headers: { 'x-inngest-expected-server-kind': 'cloud' } },
    );
    expect(refused.status).toBe(400);
    expect(refused.body.error).toContain('dev');
    const accepted = await sdk.register(
      {},
      { headers: { 'x-inngest-expected-server-kind': 'dev' } },
    );
    expect(accepted.status).toBe(200);
  });

  test.concurrent('SDK-4.1.1d Retry-After is read as seconds, RFC 3339 and an HTTP date', async () => {
    const sdk = spec.sdk();
    const forms: Record<string, () => string> = {
      seconds: () => '3',
      rfc3339: () => new Date(Date.now() + 3_000).toISOString(),
      httpdate: () => new Date(Date.now() + 4_000).toUTCString(),
    };
    for (const [name, retryAfter] of Object.entries(forms)) {
      sdk.define(name, ({ index }) =>
        index === 0 ? failure('busy', { retryAfter: retryAfter() }) : done(),
      );
    }
    await sdk.mustRegister();
    await Promise.all(
      Object.keys(forms).map(async (name) => {
        await sdk.send(name);
        const [first, second] = await sdk.whenCalled(name, 2, { deadlineMs: 15_000 });
        // The server's own interval is one second: a longer gap is the header's doing.
        expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeWithin(2_000, 8_000);
      }),
    );
  }, 30_000);

  test.concurrent('SDK-4.1.2a an answer without x-inngest-sdk never completes a run', async () => {
    const sdk = spec.sdk().define('f', () => notAnSdk(200, '"looks fine"'), { retries: 1 });
    await sdk.mustRegister();
    const run = await sdk.play('f');
    expect(run.status).toBe('Failed');
    expect(JSON.stringify(run.output)).toContain('SDK');
    expect(sdk.callsOf('f')).toHaveLength(2);
  }, 30_000);

  test.concurrent('SDK-4.1.2b the request version of the first generator answer is sent back', async () => {
    const sdk = spec.sdk();
    for (const version of ['1', '2']) {
      sdk.define(`v${version}`, ({ memo }) =>
        memo('a') === undefined
          ? answer(206, [stepRun('a', 1)], { 'x-inngest-req-version': version })
          : done(),
      );
    }
    await sdk.mustRegister();
    for (const version of [1, 2]) {
      await sdk.play(`v${version}`);
      const [first, second] = sdk.callsOf(`v${version}`);
      expect(first?.headers.get('x-inngest-req-version')).toBe('-1');
      expect(second?.headers.get('x-inngest-req-version')).toBe(String(version));
      expect(second?.body.version).toBe(version);
    }
  }, 30_000);

  test.concurrent('SDK-4.1.3c without a signing key no signature is sent', async () => {
    const sdk = spec.sdk().define('f', () => done());
    await sdk.mustRegister();
    await sdk.play('f');
    expect(sdk.callsOf('f')[0]?.headers.has('x-inngest-signature')).toBeFalse();
  });

  test.concurrent('SDK-4.1.3d bodies are canonical JSON', async () => {
    const sdk = spec
      .sdk()
      .define('f', ({ memo }) =>
        memo('é') === undefined ? opsV1(stepRun('é', { z: 1, a: [1e21, 0.000001, 1e-7] })) : done(),
      );
    await sdk.mustRegister();
    const awkward = {
      zebra: 1.0,
      Apple: -0,
      ключ: '\u0007 "quoted" \u2028 €',
      deep: { b: 1e30, a: 333333333.3 },
    };
    await sdk.play('f', awkward);
    for (const call of sdk.callsOf('f')) {
      expect(call.text).toBe(canonicalize(JSON.parse(call.text)) ?? '');
    }
    expect(sdk.callsOf('f')).toHaveLength(2);
  });

  test.concurrent('SDK-4.2a in dev no credentials are needed and malformed ones do no harm', async () => {
    const sdk = spec.sdk().define('f', () => done());
    for (const authorization of [
      'Bearer undefined',
      'Bearer ',
      'nonsense',
      `Bearer ${'0'.repeat(64)}`,
    ]) {
      const { status } = await sdk.register({}, { headers: { authorization } });
      expect(status).toBe(200);
      const events = await fetch(`${spec.url}/v1/events`, { headers: { authorization } });
      expect(events.status).toBe(200);
    }
  });

  test.concurrent('SDK-4.2b GET /dev answers with JSON', async () => {
    const response = await fetch(`${spec.url}/dev`);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ version: expect.any(String), authed: false });
  });
});

describe('with a signing key', () => {
  const spec = useServer({ mode: 'start' });

  test.concurrent('SDK-4.1.1a the kind of a server with keys is cloud', async () => {
    const response = await fetch(`${spec.url}/health`);
    expect(response.headers.get('x-inngest-server-kind')).toBe('cloud');
    const refused = await fetch(`${spec.url}/v1/events`);
    expect(refused.headers.get('x-inngest-server-kind')).toBe('cloud');
  });

  test.concurrent('SDK-4.1.1b SDK-4.1.3a calls are signed and the header has exactly two members', async () => {
    const sdk = spec
      .sdk()
      .define('f', ({ memo }) =>
        memo('a') === undefined ? ops(stepRun('a', { text: 'naïve €' })) : done(),
      );
    await sdk.mustRegister();
    await sdk.play('f', { b: 1, a: 'ü' });
    expect(sdk.callsOf('f')).toHaveLength(2);
    for (const call of sdk.callsOf('f')) {
      expect(call.headers.get('x-inngest-signature')).toMatch(signaturePattern);
      expectSigned(call);
    }
  });

  test.concurrent('SDK-4.1.3b a retried call is signed with the time at which it is sent', async () => {
    const sdk = spec
      .sdk()
      .define('f', ({ index }) => (index === 0 ? failure('again', { retryAfter: '3' }) : done()));
    await sdk.mustRegister();
    await sdk.play('f');
    const times = sdk.callsOf('f').map((call: Call) => [expectSigned(call), call.atMs / 1_000]);
    expect(times).toHaveLength(2);
    for (const [signed = 0, arrived = 0] of times)
      expect(Math.abs(signed - arrived)).toBeLessThan(2);
    expect((times[1]?.[0] ?? 0) - (times[0]?.[0] ?? 0)).toBeGreaterThanOrEqual(2);
  }, 30_000);

  test.concurrent('SDK-4.1.4a the hashed key is accepted and the environment in its prefix ignored', async () => {
    for (const prefix of ['signkey-prod-', 'signkey-branch-', '']) {
      const authorization = `Bearer ${hashedToken(prefix)}`;
      const sdk = spec.sdk({ authorization, eventKey }).define('f', () => done());
      expect((await sdk.register()).status).toBe(200);
      const lower = await fetch(`${spec.url}/v1/events`, {
        headers: { authorization: authorization.replace('Bearer', 'bearer') },
      });
      expect(lower.status).toBe(200);
    }
  });

  test.concurrent('SDK-4.1.4b the key itself is accepted too', async () => {
    for (const token of [signingKey, `signkey-prod-${signingKey}`]) {
      const sdk = spec
        .sdk({ authorization: `Bearer ${token}`, eventKey })
        .define('f', () => done());
      expect((await sdk.register()).status).toBe(200);
    }
  });

  test.concurrent('SDK-4.1.4c a wrong or missing token is answered with 401', async () => {
    const paths: [string, string][] = [
      ['POST', '/fn/register'],
      ['GET', '/v1/events'],
      ['GET', '/v0/runs/01JV8W3R9V2Y7M6S6S3F2K4N5P/actions'],
      ['GET', '/v0/runs/01JV8W3R9V2Y7M6S6S3F2K4N5P/batch'],
      ['POST', '/v1/checkpoint/01JV8W3R9V2Y7M6S6S3F2K4N5P/async'],
      ['POST', '/v1/signals'],
    ];
    const wrong = [
      null,
      `Bearer ${'0'.repeat(64)}`,
      `Bearer signkey-prod-${'f'.repeat(64)}`,
      'Bearer undefined',
    ];
    for (const [method, path] of paths) {
      for (const authorization of wrong) {
        const response = await fetch(spec.url + path, {
          method,
          headers: authorization ? { authorization } : {},
          ...(method === 'POST' ? { body: '{}' } : {}),
        });
        expect([path, authorization, response.status]).toEqual([path, authorization, 401]);
      }
    }
  });
});

test('SDK-4.1.3a a sync is signed when the server has a key', async () => {
  await using started = await serverWithApp((sdk) => sdk.define('f', () => done()), {
    mode: 'start',
  });
  const [put] = await eventually(() => started.sdk.puts().length > 0 && started.sdk.puts(), {
    deadlineMs: 20_000,
    what: 'a PUT to the app',
  });
  if (!put) throw new Error('unreachable: the list is not empty');
  expectSigned(put);
}, 60_000);
