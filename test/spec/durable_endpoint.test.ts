/** §11 Checkpointing: durable endpoints. */
import { describe, expect, test } from 'bun:test';
import { eventually } from '../eventually.ts';
import { type FakeSdk, hashed } from './fake_sdk.ts';
import { type Opcode, runComplete, sleep, stepRun } from './reply.ts';
import { useServer } from './spec_server.ts';

const spec = useServer();

const ulidOf = (): string => {
  const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
  let time = Date.now();
  let text = '';
  for (let digit = 0; digit < 10; digit++) {
    text = (alphabet[time % 32] ?? '0') + text;
    time = Math.floor(time / 32);
  }
  for (const byte of crypto.getRandomValues(new Uint8Array(16))) text += alphabet[byte % 32] ?? '0';
  return text;
};

interface EndpointRun {
  readonly run_id: string;
  readonly fn_id: string;
  readonly app_id: string;
  readonly token?: string;
  readonly realtime_token: string;
}

describe('durable endpoints', () => {
  async function post(
    path: string,
    body: unknown,
  ): Promise<{ status: number; body: Record<string, unknown> }> {
    const response = await fetch(`${spec.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, body: text.startsWith('{') ? JSON.parse(text) : {} };
  }

  async function newRun(
    sdk: FakeSdk,
    steps: readonly Opcode[],
    prefix = '/v1/checkpoint',
    method = 'POST',
  ) {
    const domain = `http://localhost:${sdk.port}`;
    const data = {
      domain,
      method,
      path: '/api/buy',
      query_params: 'a=1&b=2',
      content_type: 'application/json',
      ip: '203.0.113.9',
      body: '{"n":1}',
      fn: '',
    };
    const request = {
      run_id: ulidOf(),
      event: { name: 'inngest/http.request', data },
      steps,
      ts: Date.now(),
      request_version: 2,
      retries: 3,
    };
    const { status, body } = await post(prefix, request);
    return { status, body, request, run: body.data as EndpointRun };
  }

  const apiResult = {
    status: 201,
    headers: { 'content-type': 'text/plain', 'x-mine': 'yes' },
    body: 'bought',
    version: 2,
  };

  test.concurrent('SDK-10.3.2a a new run is answered with all ids, and a token when steps were given', async () => {
    const sdk = spec.sdk();
    for (const prefix of ['/v1/checkpoint', '/v1/http/runs']) {
      const empty = await newRun(sdk, [], prefix);
      expect(empty.status).toBe(200);
      expect(empty.run.run_id).toBe(empty.request.run_id);
      for (const member of [empty.run.fn_id, empty.run.app_id, empty.run.realtime_token]) {
        expect(member).toBeString();
        expect(member.length).toBeGreaterThan(0);
      }
      expect(empty.run.token ?? '').toBe('');
      const stepped = await newRun(sdk, [stepRun('a', 1)], prefix);
      expect(stepped.run.token).toBeString();
      expect(stepped.run.token?.split('.')).toHaveLength(3);
      // A repeated request is the SDK's retry: only a run that is over refuses it.
      expect((await post(prefix, stepped.request)).status).toBe(200);
      const { run_id } = stepped.run;
      const last = { ...stepped.run, steps: [runComplete(apiResult)], ts: Date.now() };
      expect((await post(`${prefix}/${run_id}/steps`, last)).status).toBe(200);
      expect((await post(prefix, stepped.request)).status).toBe(409);
    }
  });

  test.concurrent('SDK-10.3.2b an asynchronous opcode makes the run go on by calling the original request', async () => {
    const sdk = spec.sdk();
    const { run } = await newRun(sdk, [stepRun('a', 1)]);
    const { status } = await post(`/v1/checkpoint/${run.run_id}/steps`, {
      ...run,
      steps: [sleep('nap', '1s')],
      ts: Date.now(),
    });
    expect(status).toBe(200);
    const reentered = await eventually(
      () => sdk.received.find((request) => request.url.pathname === '/api/buy'),
      { what: 'a call to the original URL' },
    );
    expect(reentered.method).toBe('POST');
    expect(reentered.url.search).toBe('?a=1&b=2');
    expect(reentered.text).toBe('{"n":1}');
    expect(reentered.headers.get('x-run-id')).toBe(run.run_id);
    expect(reentered.headers.has('x-inngest-signature')).toBeTrue();
    const actions = await (await fetch(`${spec.url}/v0/runs/${run.run_id}/actions`)).json();
    expect(actions).toEqual({ [hashed('a')]: { data: 1 }, [hashed('nap')]: null });
  }, 30_000);

  test.concurrent('SDK-10.3.2c the output endpoint waits for the run and replays status, headers and body', async () => {
    const sdk = spec.sdk();
    const { run } = await newRun(sdk, [stepRun('a', 1)]);
    const output = fetch(`${spec.url}/v1/http/runs/${run.run_id}/output?token=${run.token}`);
    await post(`/v1/checkpoint/${run.run_id}/steps`, {
      ...run,
      steps: [runComplete(apiResult)],
      ts: Date.now(),
    });
    const response = await output;
    expect(response.status).toBe(201);
    expect(response.headers.get('x-mine')).toBe('yes');
    expect(await response.text()).toBe('bought');
    const refused = await fetch(`${spec.url}/v1/checkpoint/${run.run_id}/output?token=nonsense`);
    expect(refused.status).toBe(401);
    expect((await sdk.client.run(run.run_id)).status).toBe('Completed');
  }, 30_000);
});
