import { afterAll, describe, expect, test } from 'bun:test';
import { Inngest, NonRetriableError, RetryAfterError } from 'inngest';
import { serve } from 'inngest/bun';
import { serve as serveStreaming } from 'inngest/remix';
import { httpDriver } from '../../src/driver/http.ts';
import { pingApp } from '../../src/driver/ping.ts';
import { probeSdk } from '../../src/driver/probe.ts';
import { canonicalJson } from '../../src/lib/canonical_json.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { isAuthorized } from '../../src/lib/signature.ts';
import { sampleRequest } from './sample_request.ts';

const signingKey = 'signkey-test-0123456789abcdef0123456789abcdef';
const clock = systemClock;

const handlers: Record<string, (request: Request) => Promise<Response>> = {};

/** The app, and the part of our own server that an app calls. */
const server = Bun.serve({
  port: 0,
  fetch(request) {
    const path = new URL(request.url).pathname;
    if (path === '/fn/register') {
      const isKnown = isAuthorized(request.headers.get('authorization'), signingKey);
      return Response.json({ ok: isKnown, modified: true }, { status: isKnown ? 200 : 401 });
    }
    return handlers[path]?.(request) ?? new Response('not here', { status: 404 });
  },
});

/** The SDK reports thrown errors on the console, which here are part of the tests. */
const silent = { info() {}, warn() {}, error() {}, debug() {} };

const client = new Inngest({
  logger: silent,
  internalLogger: silent,
  baseUrl: server.url.origin,

  id: 'shop',
  isDev: false,
  signingKey,
  eventKey: 'k',
  checkpointing: false,
});
const functions = [
  client.createFunction(
    { id: 'echo', triggers: [{ event: 'order/placed' }] },
    ({ event }) => event.data,
  ),
  client.createFunction({ id: 'steps', triggers: [{ event: 'order/placed' }] }, ({ step }) =>
    step.run('charge', () => ({ paid: true })),
  ),
  client.createFunction({ id: 'sleeps', triggers: [{ event: 'order/placed' }] }, ({ step }) =>
    step.sleep('nap', '1h'),
  ),
  client.createFunction({ id: 'final', triggers: [{ event: 'order/placed' }] }, () => {
    throw new NonRetriableError('never again');
  }),
  client.createFunction({ id: 'later', triggers: [{ event: 'order/placed' }] }, () => {
    throw new RetryAfterError('later', '30s');
  }),
];

handlers['/api'] = serve({ client, functions });
// The Bun adapter does not stream.
const streaming = serveStreaming({ client, functions, streaming: true });
handlers['/stream'] = (request) => streaming({ request });

afterAll(() => server.stop(true));

function call(fn: string, options: { path?: string; key?: string } = {}) {
  const url = `http://localhost:${server.port}${options.path ?? '/api'}?fnId=shop-${fn}`;
  const event = canonicalJson({
    name: 'order/placed',
    data: { zeta: 'é"\u{1f600}', alpha: 1e21, 10: [0.1, -0], 9: null },
    id: '01JV8W3R9V2Y7M6S6S3F2K4N5P',
    ts: 1767225600000,
    user: {},
  });
  const request = { url, event, events: `[${event}]`, steps: [], stack: [], stackCurrent: 0 };
  return httpDriver({ clock, signingKey: options.key ?? signingKey }).call(sampleRequest(request));
}

describe.each(['/api', '/stream'])('the real SDK in cloud mode at %s', (path) => {
  test('accepts our signature, and we accept its own', async () => {
    expect(await call('echo', { path })).toMatchObject({
      kind: 'completed',
      resultText: canonicalJson({ zeta: 'é"\u{1f600}', alpha: 1e21, 10: [0.1, 0], 9: null }),
      headers: { 'x-inngest-signature': expect.stringMatching(/^t=/) },
    });
  });

  test('answers with opcodes that are understood', async () => {
    expect(await call('steps', { path })).toMatchObject({
      kind: 'opcodes',
      requestVersion: 2,
      ops: [{ op: 'StepRun', displayName: 'charge', dataText: '{"paid":true}' }],
    });
    expect(await call('sleeps', { path })).toMatchObject({
      ops: [{ op: 'Sleep', name: '1h', displayName: 'nap', parallelMode: 'wait' }],
    });
  });

  test('says when not to retry, and when', async () => {
    expect(await call('final', { path })).toMatchObject({
      kind: 'failed',
      isRetriable: false,
      error: { error: 'NonRetriableError', message: 'never again' },
    });
    const later = await call('later', { path });
    expect(later).toMatchObject({ kind: 'failed', isRetriable: true, error: { message: 'later' } });
    if (later.kind !== 'failed') throw new Error('unreachable');
    expect((later.retryAtMs ?? 0) - clock.now()).toBeWithin(20_000, 30_001);
  });

  test('refuses another key, and the failure says what to compare', async () => {
    const outcome = await call('echo', { path, key: 'signkey-test-ff' });
    expect(outcome).toMatchObject({ kind: 'failed', isRetriable: true });
    expect(JSON.stringify(outcome)).toContain('INNGEST_SIGNING_KEY');
    expect(JSON.stringify(outcome)).not.toContain('0123456789abcdef0123');
  });
});

describe('the real SDK', () => {
  const url = `http://localhost:${server.port}/api`;

  test('is found by a signed probe and hidden from an unsigned one', async () => {
    expect(await probeSdk(url, { clock, signingKey })).toBe(true);
    expect(await probeSdk(url, { clock })).toBe(false);
    expect(await probeSdk('http://127.0.0.1:1/', { clock })).toBe(false);
    expect(await probeSdk('nowhere', { clock })).toBe(false);
  });

  test('registers when pinged, with a token that is accepted', async () => {
    const outcome = await pingApp(url, { clock, serverKind: 'cloud', signingKey });
    expect(outcome).toEqual({ kind: 'synced', isSdk: true, status: 200 });
  });
});
