/** The steps that the examples call. */
import { afterEach, describe, expect, test } from 'bun:test';
import { type StepServer, startStepServer } from '../../examples/cue/step-server.ts';
import { sign } from '../../src/lib/signature.ts';

const key = 'signkey-test-0123456789abcdef';
const body = '{"event":{"data":{"amount":2000}},"steps":{}}';
const nowMs = Date.now();
let server: StepServer | undefined;
afterEach(() => server?.close());

async function post(path: string, headers: Record<string, string> = {}, text = body) {
  const answer = await fetch(`${server?.url}${path}`, { method: 'POST', headers, body: text });
  return { status: answer.status, body: await answer.json() };
}

describe('a step of the examples', () => {
  test('answers what a later step reads, and is remembered', async () => {
    server = await startStepServer({ port: 0, signingKey: null });
    expect(await post('/claims/assess?x=1')).toEqual({ status: 200, body: { risk: 80 } });
    expect(await post('/anything')).toEqual({ status: 200, body: { done: true } });
    expect(server.calls.map(({ path }) => path)).toEqual(['/claims/assess?x=1', '/anything']);
    expect(server.calls[0]?.request.event.data).toEqual({ amount: 2000 });
  });

  test('can be given another answer', async () => {
    const answers = { '/claims/assess': () => ({ status: 503, body: 'busy' }) };
    server = await startStepServer({ port: 0, signingKey: null, answers });
    expect(await post('/claims/assess')).toEqual({ status: 503, body: 'busy' });
  });

  test('answers 500 when its answer cannot be made', async () => {
    const answers = {
      '/a': () => {
        throw new Error('no');
      },
    };
    server = await startStepServer({ port: 0, signingKey: null, answers });
    expect(await post('/a')).toEqual({ status: 500, body: { error: 'Error: no' } });
  });

  test('is no place for anything but JSON', async () => {
    server = await startStepServer({ port: 0, signingKey: null });
    expect((await post('/a', {}, 'x')).status).toBe(400);
    expect((await fetch(server.url)).status).toBe(405);
  });

  test('takes only what the server has signed, lately and with the same key', async () => {
    server = await startStepServer({ port: 0, signingKey: key });
    const signed = (text: string, by: string, atMs: number) => ({
      'X-Inngest-Signature': sign(text, by, atMs),
    });
    expect((await post('/a', signed(body, key, nowMs))).status).toBe(200);
    expect((await post('/a')).status).toBe(401);
    expect((await post('/a', signed(body, 'signkey-test-ff', nowMs))).status).toBe(401);
    expect((await post('/a', signed(`${body} `, key, nowMs))).status).toBe(401);
    expect((await post('/a', signed(body, key, nowMs - 3_600_000))).status).toBe(401);
    expect(server.calls.length).toBe(1);
  });
});
