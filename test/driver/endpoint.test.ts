import { afterEach, describe, expect, test } from 'bun:test';
import { endpointDriver } from '../../src/driver/endpoint.ts';
import { parseEndpointRequest } from '../../src/driver/endpoint_request.ts';
import type { CallRequest } from '../../src/driver/request.ts';
import { canonicalJson } from '../../src/lib/canonical_json.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { verify } from '../../src/lib/signature.ts';
import { sampleRequest } from './sample_request.ts';

const sdk = { 'x-inngest-sdk': 'inngest-js:v4.24.0' };
const goSdk = { 'x-inngest-sdk': 'inngest-go:v0.16.0' };
const signingKey = 'signkey-test-abcdef0123456789';
const clock = systemClock;
const stops: Array<() => unknown> = [];

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

interface Seen {
  readonly method: string;
  readonly url: URL;
  readonly headers: Headers;
  readonly bytes: Uint8Array;
}

/** An app with one endpoint, and the requests that reached it. */
function app(answer: () => Response): { readonly domain: string; readonly seen: Seen[] } {
  const seen: Seen[] = [];
  const server = Bun.serve({
    port: 0,
    async fetch(request) {
      const { method, headers } = request;
      seen.push({ method, url: new URL(request.url), headers, bytes: await request.bytes() });
      return answer();
    },
  });
  stops.push(() => server.stop(true));
  return { domain: `http://127.0.0.1:${server.port}`, seen };
}

const steps = (): Response =>
  new Response('[{"op":"StepRun","id":"a","data":1}]', { status: 206, headers: sdk });

interface Original {
  readonly domain: string;
  readonly name?: string;
  readonly method?: string;
  readonly path?: string;
  readonly body?: string;
  readonly content_type?: string;
}

function request(original: Original, changes: Partial<CallRequest> = {}): CallRequest {
  const { name = 'inngest/http.request', ...given } = original;
  const data = {
    method: 'POST',
    path: '/api/buy',
    query_params: 'a=1&b=x%20y',
    content_type: 'application/json',
    ip: '203.0.113.9',
    body: '{"n": 1}',
    fn: '',
    ...given,
  };
  const event = canonicalJson({ name, data, id: 'e', ts: 1, user: {} });
  return sampleRequest({ event, events: `[${event}]`, ...changes });
}

describe('a durable endpoint that is called again', () => {
  test('gets the original method, URL, query and body, and the id of its run', async () => {
    const { domain, seen } = app(steps);
    const outcome = await endpointDriver({ clock }).call(request({ domain }));
    expect(outcome).toMatchObject({ kind: 'opcodes', ops: [{ op: 'StepRun', id: 'a' }] });
    const [first] = seen;
    expect(first?.method).toBe('POST');
    expect(first?.url.pathname).toBe('/api/buy');
    expect(first?.url.search).toBe('?a=1&b=x%20y');
    expect(Buffer.from(first?.bytes ?? []).toString()).toBe('{"n": 1}');
    expect(first?.headers.get('content-type')).toBe('application/json');
    expect(first?.headers.get('x-run-id')).toBe('01JV8W3R9V2Y7M6S6S3F2K4N5P');
    expect(first?.headers.get('x-request-id')).toBe('01JV8W3R9V2Y7M6S6S3F2K4N5Q');
    expect(first?.headers.get('x-inngest-job-id')).toBe('f3b1');
    expect(first?.headers.get('x-inngest-req-version')).toBe('-1');
    expect(first?.headers.get('x-inngest-signature')).toBe('');
    expect(first?.headers.has('x-inngest-step-id')).toBe(false);
    expect(first?.headers.has('x-inngest-force-step-plan')).toBe(false);
    expect(first?.headers.has('x-inngest-generation-id')).toBe(false);
  });

  test('is told the planned step, the forced plan and the generation', async () => {
    const { domain, seen } = app(steps);
    const changes = { stepId: 'abc', disableImmediateExecution: true, generation: 2 };
    await endpointDriver({ clock }).call(request({ domain }, changes));
    const headers = seen[0]?.headers;
    expect(headers?.get('x-inngest-step-id')).toBe('abc');
    expect(headers?.get('x-inngest-force-step-plan')).toBe('true');
    expect(headers?.get('x-inngest-generation-id')).toBe('2');
  });

  test('gets no body when the method allows none', async () => {
    const { domain, seen } = app(steps);
    await endpointDriver({ clock }).call(request({ domain, method: 'get' }));
    expect(seen[0]?.method).toBe('GET');
    expect(seen[0]?.bytes.byteLength).toBe(0);
  });

  test('of Go gets the bytes that its event holds in base64', async () => {
    const { domain, seen } = app(steps);
    const bytes = Uint8Array.of(0, 255, 16, 128);
    const body = Buffer.from(bytes).toString('base64');
    const name = 'http/run.started';
    await endpointDriver({ clock }).call(request({ domain, name, body }));
    await endpointDriver({ clock }).call(request({ domain, name, body: 'plain text' }));
    expect(seen.map(({ bytes }) => [...bytes])).toEqual([
      [...bytes],
      [...Buffer.from('plain text')],
    ]);
  });

  test('of JS gets a body that only looks like base64 as it is', async () => {
    const { domain, seen } = app(steps);
    await endpointDriver({ clock }).call(request({ domain, body: 'aGVsbG8=' }));
    expect(Buffer.from(seen[0]?.bytes ?? []).toString()).toBe('aGVsbG8=');
  });

  test('gets a signature over what its SDK verifies', async () => {
    const { domain, seen } = app(steps);
    const driver = endpointDriver({ clock, signingKey });
    await driver.call(request({ domain }));
    await driver.call(request({ domain, method: 'GET' }));
    await driver.call(request({ domain, name: 'http/run.started' }));
    const signed = ['{"n":1}', '', '01JV8W3R9V2Y7M6S6S3F2K4N5P'];
    expect(seen).toHaveLength(signed.length);
    for (const [index, text] of signed.entries()) {
      const header = seen[index]?.headers.get('x-inngest-signature') ?? '';
      expect(verify(header, [text], signingKey)).toBe(true);
    }
  });

  test.each(['@other.example/x', '.other.example/x'])(
    'is not looked for at another host: path %s',
    async (path) => {
      const { domain, seen } = app(steps);
      const outcome = await endpointDriver({ clock }).call(request({ domain, path }));
      expect(outcome).toMatchObject({ kind: 'failed', code: 'unreachable' });
      expect(seen).toHaveLength(0);
    },
  );
});

describe('the request of a durable endpoint', () => {
  const parse = (domain: string) =>
    parseEndpointRequest({ name: 'x', data: { domain, method: 'GET', path: '/p' } });

  test('has a domain without the slashes at its end', () => {
    for (const domain of ['http://a', 'http://a/', 'http://a///']) {
      expect(parse(domain)).toMatchObject({ ok: true, request: { domain: 'http://a' } });
    }
    expect(parse('///')).toMatchObject({ ok: false });
  });

  test('is refused when its domain is longer than any can be, before anything searches it', () => {
    const longest = `http://a${'/'.repeat(2_040)}`;
    expect(parse(longest)).toMatchObject({ ok: true });
    const outcome = parse(`${longest}x`);
    if (outcome.ok) throw new Error('it was read');
    expect(outcome.message).toStartWith('event.data.domain: ');
  });
});

describe('the answer of a durable endpoint', () => {
  const answerOf = (answer: () => Response) =>
    endpointDriver({ clock }).call(request({ domain: app(answer).domain }));

  test('may be one opcode object', async () => {
    const op = { op: 'RunComplete', id: 'c', data: { status: 200, headers: {}, body: 'x' } };
    const outcome = await answerOf(
      () => new Response(JSON.stringify(op), { status: 206, headers: sdk }),
    );
    expect(outcome).toMatchObject({ kind: 'opcodes', ops: [op] });
  });

  test.each([200, 201, 202])('without opcodes and with status %d is the result', async (status) => {
    const headers = { ...goSdk, 'content-type': 'text/plain', 'x-mine': 'yes' };
    const outcome = await answerOf(() => new Response('{"status":404}', { status, headers }));
    if (outcome.kind !== 'completed') throw new Error(`the outcome is ${outcome.kind}`);
    const { data } = JSON.parse(outcome.resultText) as { data: Record<string, unknown> };
    expect(data.status).toBe(status);
    expect(data.body).toBe('{"status":404}');
    expect(data.headers).toMatchObject({ 'content-type': 'text/plain', 'x-mine': 'yes' });
    expect(data.headers).not.toHaveProperty('x-inngest-sdk');
  });

  test('of JS may be streamed', async () => {
    const inner = { status: 206, headers: {}, body: '[{"op":"Sleep","id":"s","name":"1s"}]' };
    const outcome = await answerOf(
      () => new Response(`  ${JSON.stringify(inner)}`, { status: 201, headers: sdk }),
    );
    expect(outcome).toMatchObject({ kind: 'opcodes', ops: [{ op: 'Sleep', id: 's' }] });
  });

  test('with another status is an error, tried again unless the SDK says no', async () => {
    const noRetry = { ...sdk, 'x-inngest-no-retry': 'true' };
    const failures = await Promise.all([
      answerOf(() => new Response('{}', { status: 500, headers: sdk })),
      answerOf(() => new Response('{}', { status: 400, headers: noRetry })),
    ]);
    expect(failures).toMatchObject([
      { kind: 'failed', isRetriable: true },
      { kind: 'failed', isRetriable: false },
    ]);
  });

  test('that comes from no SDK is an error', async () => {
    const outcome = await answerOf(() => new Response('hello'));
    expect(outcome).toMatchObject({ kind: 'failed', code: 'not_sdk', isRetriable: true });
  });
});
