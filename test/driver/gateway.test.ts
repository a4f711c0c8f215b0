import { afterEach, describe, expect, test } from 'bun:test';
import { gzipSync } from 'node:zlib';
import { performGateway } from '../../src/driver/gateway.ts';
import { type OpName, parseOpcodes } from '../../src/driver/opcode.ts';
import { systemClock } from '../../src/lib/clock.ts';

const stops: Array<() => unknown> = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

function provider(fetch: (request: Request) => Response | Promise<Response>): string {
  const server = Bun.serve({ port: 0, fetch });
  stops.push(() => server.stop(true));
  return `http://127.0.0.1:${server.port}`;
}

const clock = systemClock;
const secret = 'sk-very/secret+key';

function perform(op: OpName, opts: Record<string, unknown>) {
  const parsed = parseOpcodes([{ op, id: 'x', opts }]);
  const opcode = parsed.ok ? parsed.ops[0] : undefined;
  if (opcode === undefined) throw new Error('not an opcode');
  return performGateway(opcode, { clock });
}

async function memo(op: OpName, opts: Record<string, unknown>): Promise<unknown> {
  return JSON.parse((await perform(op, opts)).memoText);
}

/** Answers with what it was asked. */
const echo = async (request: Request): Promise<Response> =>
  Response.json({
    method: request.method,
    search: new URL(request.url).search,
    headers: Object.fromEntries(request.headers),
    body: await request.text(),
  });

describe('step.fetch', () => {
  test('sends method, headers and body as given', async () => {
    const url = provider(echo);
    const opts = { url, method: 'PUT', headers: { 'X-A': 'b' }, body: 'plain text' };
    const { data } = Object(await memo('Gateway', opts));
    expect(data).toMatchObject({ url, status_code: 200 });
    expect(JSON.parse(data.body)).toMatchObject({
      method: 'PUT',
      headers: { 'x-a': 'b' },
      body: 'plain text',
    });
  });

  test('POSTs without a method, and sends no body with a GET', async () => {
    const url = provider(echo);
    const post = Object(await memo('Gateway', { url, body: '{"a":1}' }));
    expect(JSON.parse(post.data.body)).toMatchObject({ method: 'POST', body: '{"a":1}' });
    const get = Object(await memo('Gateway', { url, method: 'get', body: 'x' }));
    expect(JSON.parse(get.data.body)).toMatchObject({ method: 'GET', body: '' });
  });

  test('memoizes any status, with header names as Go and Python look them up', async () => {
    const url = provider(
      () =>
        new Response('nope', {
          status: 404,
          headers: [
            ['x-many', 'a'],
            ['x-many', 'b'],
            ['set-cookie', 'c=1'],
            ['set-cookie', 'd=2'],
          ],
        }),
    );
    const { data } = Object(await memo('Gateway', { url, method: 'GET' }));
    expect(data).toMatchObject({ status_code: 404, body: 'nope' });
    expect(data.headers['X-Many']?.replaceAll(' ', '')).toBe('a,b');
    expect(data.headers['Set-Cookie']?.replaceAll(' ', '')).toBe('c=1,d=2');
    expect(data.headers['Content-Type']).toStartWith('text/plain');
  });

  test('gives the body decoded, without headers that say otherwise', async () => {
    const headers = { 'content-encoding': 'gzip' };
    const url = provider(() => new Response(gzipSync('packed'), { headers }));
    const { data } = Object(await memo('Gateway', { url, method: 'GET' }));
    expect(data.body).toBe('packed');
    expect(data.headers).not.toHaveProperty('Content-Encoding');
    expect(data.headers).not.toHaveProperty('Content-Length');
  });

  test('follows redirects as a browser, keeping credentials at their origin', async () => {
    const elsewhere = provider(echo);
    const url = provider(() => Response.redirect(`${elsewhere}/there?b=1`, 303));
    const headers = { Authorization: 'Bearer x', 'X-Other': 'y' };
    const { data } = Object(await memo('Gateway', { url: `${url}/?a=1`, headers, body: 'x' }));
    const told = JSON.parse(data.body);
    expect(told).toMatchObject({
      method: 'GET',
      search: '?b=1',
      body: '',
      headers: { 'x-other': 'y' },
    });
    expect(told.headers).not.toHaveProperty('authorization');
  });

  test('that reaches nobody is an error with name and message', async () => {
    const outcome = await perform('Gateway', { url: 'http://127.0.0.1:1/x?token=hidden' });
    expect(outcome).toMatchObject({ kind: 'failed', error: { name: 'GatewayError' } });
    expect(outcome.memoText).toContain(
      'Error making gateway request: http://127.0.0.1:1/x: nothing',
    );
    expect(outcome.memoText).not.toContain('hidden');
  });

  test.each([
    [{}, 'opts.url'],
    [{ url: 'file:///etc/passwd' }, 'opts.url'],
    [{ url: 'http://x', headers: 'no' }, 'opts.headers'],
    [{ url: 'http://x', method: 7 }, 'opts.method'],
  ])('with options %j says which is wrong', async (opts, field) => {
    const outcome = await perform('Gateway', opts);
    expect(outcome).toMatchObject({ kind: 'failed' });
    expect(outcome.memoText).toContain(field);
  });

  test('refuses answers above 4 MiB', async () => {
    const url = provider(() => new Response('x'.repeat(4 * 1024 * 1024)));
    expect(await perform('Gateway', { url })).toMatchObject({ kind: 'failed' });
  });

  test('says where a copy of the answer goes', async () => {
    const publish = { channel: 'c', topic: 't' };
    const outcome = await perform('Gateway', { url: provider(() => new Response('hi')), publish });
    expect(outcome).toMatchObject({ kind: 'succeeded', publish: { ...publish, text: 'hi' } });
  });
});

describe('step.ai.infer', () => {
  test.each([
    ['openai-chat', { headers: { authorization: `Bearer ${secret}` }, search: '' }],
    ['something-new', { headers: { authorization: `Bearer ${secret}` }, search: '' }],
    [undefined, { headers: { authorization: `Bearer ${secret}` }, search: '' }],
    ['anthropic', { headers: { 'x-api-key': secret }, search: '' }],
    ['bedrock', { headers: { authorization: secret }, search: '' }],
    ['gemini', { search: `?${new URLSearchParams({ key: secret })}` }],
  ])('presents the key the way %s wants it', async (format, expected) => {
    const opts = { url: provider(echo), format, auth_key: secret, body: { model: 'm' } };
    expect(await memo('AIGateway', opts)).toMatchObject({
      data: { method: 'POST', body: '{"model":"m"}', ...expected },
    });
  });

  test('adds the given headers', async () => {
    const headers = { 'anthropic-version': '2023-06-01' };
    expect(await memo('AIGateway', { url: provider(echo), headers })).toMatchObject({
      data: { headers: { ...headers, 'content-type': 'application/json' } },
    });
  });

  test('fails above 299 with what the provider said, when to retry, and without the key', async () => {
    const url = provider(() =>
      Response.json(
        { error: { message: `Bad key ${secret}, ${encodeURIComponent(secret)}` } },
        { status: 429, headers: { 'retry-after': '20' } },
      ),
    );
    const outcome = await perform('AIGateway', { url, auth_key: secret });
    if (outcome.kind !== 'failed') throw new Error('expected a failure');
    expect(outcome.error).toMatchObject({
      name: 'AIGatewayError',
      message: 'Error making AI request: unsuccessful status code: 429',
      data: { error: { message: 'Bad key [redacted], [redacted]' } },
    });
    expect(outcome.error.stack).toContain('Bad key');
    expect(JSON.stringify(outcome)).not.toContain('very');
    expect((outcome.retryAtMs ?? 0) - clock.now()).toBeWithin(15_000, 20_001);
  });

  test('fails with a body of its own when the provider sent none', async () => {
    const url = provider(() => new Response(null, { status: 500 }));
    expect(await memo('AIGateway', { url })).toMatchObject({
      error: { data: { error: 'Error making AI request' } },
    });
  });

  test('never shows the key when nobody answers, nor takes it along a redirect', async () => {
    const gone = { url: 'http://127.0.0.1:1', format: 'gemini', auth_key: secret };
    expect((await perform('AIGateway', gone)).memoText).not.toContain('very');
    const url = provider(() => Response.redirect('http://127.0.0.1:1/', 307));
    const outcome = await perform('AIGateway', { url, format: 'anthropic', auth_key: secret });
    expect(outcome.memoText).toContain('redirects are not followed here');
  });

  test('keeps an answer that is not JSON as text', async () => {
    const url = provider(() => new Response('plain'));
    expect(await memo('AIGateway', { url })).toEqual({ data: 'plain' });
  });
});
