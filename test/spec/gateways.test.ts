/** §11 Steps: calls that the server performs. */
import { describe, expect, test } from 'bun:test';
import { aiGateway, gateway } from './reply.ts';
import { untilMemo } from './scripts.ts';
import { useServer } from './spec_server.ts';

const spec = useServer();

describe('gateways', () => {
  const requests: { method: string; path: string; headers: Headers; text: string }[] = [];
  const provider = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: async (request) => {
      const { pathname, search } = new URL(request.url);
      requests.push({
        method: request.method,
        path: pathname + search,
        headers: request.headers,
        text: await request.text(),
      });
      if (pathname.startsWith('/refuse'))
        return Response.json({ error: 'slow down' }, { status: 429 });
      if (pathname.startsWith('/teapot'))
        return new Response('short and stout', { status: 418, headers: { 'x-kind': 'pot' } });
      return Response.json({ ok: true });
    },
  });
  const url = `http://127.0.0.1:${provider.port}`;
  const requestTo = (path: string) => requests.filter((request) => request.path.startsWith(path));

  test.concurrent('SDK-5.3.6a AIGateway is performed by the server with the auth of the provider', async () => {
    const body = { model: 'm', messages: [{ role: 'user', content: 'hi' }] };
    const formats: Record<string, (request: Headers, path: string) => boolean> = {
      'openai-chat': (headers) => headers.get('authorization') === 'Bearer k-123',
      anthropic: (headers) => headers.get('x-api-key') === 'k-123',
      gemini: (_, path) => path.includes('key=k-123'),
      bedrock: (headers) => headers.get('authorization') === 'k-123',
    };
    const sdk = spec.sdk();
    for (const format of Object.keys(formats)) {
      const opts = {
        url: `${url}/ai/${format}`,
        headers: { 'x-extra': 'e' },
        auth_key: 'k-123',
        format,
        body,
      };
      sdk.define(format, untilMemo('a', aiGateway('a', opts)));
    }
    sdk.define(
      'refused',
      untilMemo('a', aiGateway('a', { url: `${url}/refuse`, auth_key: 'k-123', body })),
      { retries: 1 },
    );
    await sdk.mustRegister();
    for (const [format, isAuthorized] of Object.entries(formats)) {
      expect((await sdk.play(format)).output).toEqual({ memo: { data: { ok: true } } });
      const [request] = requestTo(`/ai/${format}`);
      expect(requestTo(`/ai/${format}`)).toHaveLength(1);
      expect([format, request && isAuthorized(request.headers, request.path)]).toEqual([
        format,
        true,
      ]);
      expect(request?.headers.get('x-extra')).toBe('e');
      expect(JSON.parse(request?.text ?? '')).toEqual(body);
    }
    const { memo } = (await sdk.play('refused')).output as { memo: unknown };
    expect(memo).toMatchObject({
      error: {
        name: 'AIGatewayError',
        message: expect.stringContaining('429'),
        data: { error: 'slow down' },
      },
    });
    expect(requestTo('/refuse')).toHaveLength(2);
    expect(await spec.server.logs()).not.toContain('k-123');
  }, 30_000);

  test.concurrent('SDK-5.3.7a Gateway is performed by the server and any status is data', async () => {
    const sdk = spec
      .sdk()
      .define(
        'get',
        untilMemo(
          'a',
          gateway('a', { url: `${url}/get?x=1`, method: 'GET', headers: { 'x-h': 'v' } }),
        ),
      )
      .define('post', untilMemo('a', gateway('a', { url: `${url}/post`, body: '{"n":1}' })))
      .define('teapot', untilMemo('a', gateway('a', { url: `${url}/teapot`, method: 'GET' })))
      .define(
        'unreachable',
        untilMemo('a', gateway('a', { url: 'http://127.0.0.1:9/', method: 'GET' })),
        { retries: 0 },
      );
    await sdk.mustRegister();
    expect((await sdk.play('get')).output).toMatchObject({
      memo: { data: { status_code: 200, body: '{"ok":true}', url: `${url}/get?x=1` } },
    });
    expect(requestTo('/get')[0]).toMatchObject({ method: 'GET' });
    expect(requestTo('/get')[0]?.headers.get('x-h')).toBe('v');
    await sdk.play('post');
    expect(requestTo('/post')[0]).toMatchObject({ method: 'POST', text: '{"n":1}' });
    const { memo } = (await sdk.play('teapot')).output as {
      memo: { data: Record<string, unknown> };
    };
    expect(memo.data).toMatchObject({ status_code: 418, body: 'short and stout' });
    const headers = Object.entries(memo.data.headers as Record<string, string>);
    expect(headers.map(([key, value]) => [key.toLowerCase(), value])).toContainEqual([
      'x-kind',
      'pot',
    ]);
    expect((await sdk.play('unreachable')).output).toMatchObject({
      memo: { error: { name: 'GatewayError', message: expect.any(String) } },
    });
  }, 30_000);
});
