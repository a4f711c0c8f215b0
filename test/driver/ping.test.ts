import { afterEach, describe, expect, test } from 'bun:test';
import { pingApp } from '../../src/driver/ping.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { verify } from '../../src/lib/signature.ts';
import { manualClock } from './manual_clock.ts';

const stops: Array<() => unknown> = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

function app(fetch: (request: Request) => Response | Promise<Response>): string {
  const server = Bun.serve({ port: 0, fetch });
  stops.push(() => server.stop(true));
  return `http://127.0.0.1:${server.port}/api/inngest`;
}

const clock = systemClock;
const dev = { clock, serverKind: 'dev' } as const;
const sdk = { 'x-inngest-sdk': 'go:v0.16.0' };

describe('a ping', () => {
  test('PUTs the URL with the kind of this server, signed when there is a key', async () => {
    const seen: Array<{ method: string; headers: Headers; body: string }> = [];
    const url = app(async (request) => {
      seen.push({ method: request.method, headers: request.headers, body: await request.text() });
      return new Response('', { headers: sdk });
    });
    expect(await pingApp(url, dev)).toEqual({ kind: 'synced', isSdk: true, status: 200 });
    await pingApp(url, { clock, serverKind: 'cloud', signingKey: 'signkey-prod-ab12' });
    const [plain, signed] = seen;
    expect(plain?.method).toBe('PUT');
    expect(plain?.body).toBe(JSON.stringify({ url }));
    expect(plain?.headers.get('x-inngest-server-kind')).toBe('dev');
    expect(plain?.headers.has('x-inngest-signature')).toBe(false);
    expect(plain?.headers.has('x-inngest-sync-kind')).toBe(false);
    const signature = signed?.headers.get('x-inngest-signature') ?? '';
    expect(verify(signature, [signed?.body ?? ''], 'ab12')).toBe(true);
  });

  test('keeps method and body when redirected', async () => {
    const url = app(async (request) => {
      if (new URL(request.url).pathname !== '/moved') return Response.redirect('/moved', 302);
      return new Response(`${request.method}${await request.text()}`, {
        status: 400,
        headers: sdk,
      });
    });
    expect(await pingApp(url, dev)).toMatchObject({ kind: 'failed', isSdk: true, status: 400 });
  });

  test('tells a web server that is no SDK from an SDK', async () => {
    expect(
      await pingApp(
        app(() => new Response('hello')),
        dev,
      ),
    ).toMatchObject({ isSdk: false });
  });

  test.each([
    [{ 'x-inngest-sync-kind': 'in_band' }, { functions: [] }],
    [{}, { app_id: 'shop', functions: [] }],
  ])('recognises an in-band answer by %j and %j', async (headers, body) => {
    const url = app(() => Response.json(body, { headers: { ...sdk, ...headers } }));
    expect(await pingApp(url, dev)).toMatchObject({ kind: 'synced', inBand: body });
  });

  test('does not take an out-of-band answer or a stranger for in-band', async () => {
    const outOfBand = app(() => Response.json({ message: 'ok', modified: true }, { headers: sdk }));
    expect(await pingApp(outOfBand, dev)).not.toHaveProperty('inBand');
    const stranger = app(() => Response.json({ app_id: 'x', functions: [] }));
    expect(await pingApp(stranger, dev)).not.toHaveProperty('inBand');
  });

  test.each([
    [400, 'Your signing key is invalid', 'invalid_signing_key'],
    [400, 'Error: No functions registered within your app', 'no_functions'],
    [400, 'A function is invalid: no name', 'invalid_function'],
    [400, "You didn't specify your workspace's signing key.", 'missing_signing_key'],
    [400, 'No INNGEST_ENV branch name found', 'missing_branch_env_name'],
    [400, 'something new', 'something new'],
    [401, '', 'unauthorized'],
    [403, '', 'forbidden'],
    [404, '', 'url_not_found'],
    [500, '', 'internal_server_error'],
    [503, '', 'internal_server_error'],
    [418, '', 'unexpected HTTP status 418'],
  ])('%d %s is %s', async (status, message, error) => {
    const url = app(() => Response.json({ message }, { status, headers: sdk }));
    expect(await pingApp(url, dev)).toMatchObject({ kind: 'failed', error, isSdk: true, status });
  });

  test('that reaches nobody says why', async () => {
    const url = app(() => new Response(''));
    expect(await pingApp(url.replace('http:', 'https:'), dev)).toMatchObject({
      error: 'unsupported_protocol',
    });
    expect(await pingApp('ftp://host/', dev)).toMatchObject({ error: 'unsupported_protocol' });
    await stops.pop()?.();
    const outcome = await pingApp(`${url}?token=secret`, dev);
    expect(outcome).toMatchObject({ kind: 'failed', error: 'unreachable', isSdk: false });
    expect(JSON.stringify(outcome)).toContain('nothing listens there');
    expect(JSON.stringify(outcome)).not.toContain('secret');
  });

  test('is not sent by a server that needs a key and has none', async () => {
    const outcome = await pingApp('http://127.0.0.1:1', { ...dev, isKeyRequired: true });
    expect(outcome).toMatchObject({ error: 'missing_server_signing_key' });
  });

  test('ends after ten seconds', async () => {
    const waiting = manualClock();
    const called = Promise.withResolvers<void>();
    const url = app(() => {
      called.resolve();
      return new Promise<Response>(() => {});
    });
    const outcome = pingApp(url, { clock: waiting, serverKind: 'dev' });
    await called.promise;
    waiting.moveTo(waiting.now() + 10_000);
    expect(await outcome).toMatchObject({
      error: 'unreachable',
      detail: expect.stringContaining('10 s'),
    });
  });
});
