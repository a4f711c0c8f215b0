import { afterEach, describe, expect, test } from 'bun:test';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { type DagDriverParts, dagDriver } from '../../../src/driver/dag/dag_driver.ts';
import type { CallRequest } from '../../../src/driver/request.ts';
import type { CallOutcome } from '../../../src/driver/response.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { verify } from '../../../src/lib/signature.ts';
import { freePort } from '../../free_port.ts';
import { manualClock } from '../manual_clock.ts';
import {
  type BriefStep,
  dagOf,
  done,
  failed,
  nowMs,
  opIdOf,
  requestOf,
  runId,
  type Situation,
} from './brief_dag.ts';

const stops: Array<() => unknown> = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

function service(fetch: (request: Request) => Response | Promise<Response>): string {
  const server = Bun.serve({ port: 0, idleTimeout: 0, fetch });
  stops.push(() => server.stop(true));
  return `http://127.0.0.1:${server.port}`;
}

interface Setting extends Situation {
  readonly parts?: Partial<DagDriverParts>;
  readonly step?: BriefStep;
  readonly signal?: AbortSignal;
}

/** Calls step `s` at the URL. */
function run(
  url: string,
  { parts, step, signal, ...situation }: Setting = {},
): Promise<CallOutcome> {
  const driver = dagDriver({ clock: systemClock, loadSteps: async () => null, ...parts });
  const dag = dagOf({ before: {}, 'with "quotes"': {}, s: { after: ['before'], ...step, url } });
  const request = requestOf({ memos: [done('before')], target: 's', ...situation });
  return driver(dag).call(request, signal);
}

/** The one opcode of an answer. */
async function op(url: string, setting?: Setting) {
  const outcome = await run(url, setting);
  if (outcome.kind !== 'opcodes') throw new Error(`unexpected: ${JSON.stringify(outcome)}`);
  const [only] = outcome.ops;
  if (only === undefined || outcome.ops.length > 1) throw new Error('not one opcode');
  return { ...only, retryAtMs: outcome.retryAtMs, response: outcome.response };
}

const answering = (body: BodyInit | null, init?: ResponseInit): string =>
  service(() => new Response(body, init));

async function requestSeen(setting: Setting = {}) {
  let seen: { method: string; url: string; headers: Headers; text: string } | undefined;
  const url = service(async (request) => {
    const { method, headers } = request;
    seen = { method, url: request.url, headers, text: await request.text() };
    return new Response(null);
  });
  await run(`${url}/step?x=1`, setting);
  if (seen === undefined) throw new Error('no request came');
  return seen;
}

describe('the request of a step', () => {
  test('is a POST of context, event and outputs, in canonical JSON', async () => {
    const seen = await requestSeen({
      memos: [done('before', { b: 1, a: [] }, { s: { taken: true } }), failed('with "quotes"')],
      request: { attempt: 1 },
      event: { name: 'test/go', data: { z: 1, a: 2 } },
    });
    expect(seen.method).toBe('POST');
    expect(new URL(seen.url).search).toBe('?x=1');
    expect(seen.headers.get('content-type')).toBe('application/json');
    expect(seen.text).toBe(
      `{"ctx":{"attempt":1,"env":"local","fn_id":"5d0f2a7e-3c5e-5f0a-9a57-0d2a3b1c4e5f","run_id":"${runId}",` +
        '"stack":{"current":1,"stack":["before","with \\"quotes\\""]},"step_id":"s"},' +
        '"event":{"data":{"a":2,"z":1},"name":"test/go"},' +
        '"steps":{"before":{"body":{"a":[],"b":1},"status":200}}}',
    );
  });

  test('says which of the finished steps led to it', async () => {
    const current = async (join: 'any' | 'all', ...finished: string[]): Promise<unknown> => {
      const step = { join, after: ['before', 'with "quotes"'] };
      const { text } = await requestSeen({ step, memos: finished.map((id) => done(id)) });
      return JSON.parse(text).ctx.stack.current;
    };
    expect(await current('any', 'with "quotes"', 'before')).toBe(1);
    expect(await current('all', 'with "quotes"', 'before')).toBe(2);
    const fromTrigger = await requestSeen({ step: { after: ['$trigger'] } });
    expect(JSON.parse(fromTrigger.text).ctx.stack).toEqual({ current: 0, stack: ['before'] });
  });

  test('says which run, step and job it belongs to', async () => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    const { headers } = await requestSeen({ request: { traceparent, tracestate: 'a=b' } });
    expect(headers.get('x-run-id')).toBe(runId);
    expect(headers.get('x-inngest-step-id')).toBe(opIdOf('s'));
    expect(headers.get('x-inngest-job-id')).toBe('f3b1');
    expect(headers.get('traceparent')).toBe(traceparent);
    expect(headers.get('tracestate')).toBe('a=b');
    expect(headers.has('x-inngest-signature')).toBe(false);
  });

  test('is signed when there is a key', async () => {
    const signingKey = `signkey-test-${'ab'.repeat(32)}`;
    const { headers, text } = await requestSeen({ parts: { signingKey } });
    expect(verify(headers.get('x-inngest-signature') ?? '', [text], signingKey)).toBe(true);
  });

  test('has all events of a batch', async () => {
    const events = '[{"name":"a"},{"name":"b"}]';
    const { text } = await requestSeen({ request: { event: '{"name":"a"}', events } });
    expect(JSON.parse(text)).toMatchObject({ event: { name: 'a' }, events: JSON.parse(events) });
    const one = { event: '{"name":"a"}', events: '[{"name":"a"}]' };
    const alone = await requestSeen({ request: { ...one, isBatch: true } });
    expect(JSON.parse(alone.text).events).toEqual([{ name: 'a' }]);
    expect(JSON.parse((await requestSeen({ request: one })).text)).not.toHaveProperty('events');
  });

  test('has outputs that did not come with the call', async () => {
    const { steps } = requestOf({ memos: [done('before', 'large')] });
    const asked: string[] = [];
    const loadSteps = async (id: string): Promise<CallRequest['steps']> => {
      asked.push(id);
      return steps;
    };
    const request = { stepsTooLarge: true, steps: [] };
    const { text } = await requestSeen({ parts: { loadSteps }, request });
    expect(asked).toEqual([runId]);
    expect(JSON.parse(text).steps).toEqual({ before: { status: 200, body: 'large' } });
  });

  test('is not made for a run that has ended meanwhile', async () => {
    const request = { stepsTooLarge: true, steps: [] };
    expect(await op('http://127.0.0.1:1/', { request })).toMatchObject({ op: 'None' });
  });

  test('is not made for a step that has ended or has left the document', async () => {
    const ended = { memos: [done('before'), done('s')] };
    expect(await op('http://127.0.0.1:1/', ended)).toMatchObject({ op: 'None' });
    expect(await op('http://127.0.0.1:1/', { target: 'gone' })).toMatchObject({
      op: 'StepFailed',
      id: opIdOf('gone'),
      error: { name: 'StepRemoved' },
    });
  });
});

describe('the output of a step', () => {
  const rows: readonly [what: string, body: BodyInit | null, output: unknown][] = [
    ['an object', '{"b":1,"a":[true]}', { b: 1, a: [true] }],
    ['an array', '[1,2]', [1, 2]],
    ['a number', '12.50', 12.5],
    ['a JSON string', '"text"', 'text'],
    ['null', 'null', null],
    ['nothing', null, null],
    ['white space', ' \r\n', null],
    ['text', 'plain text', 'plain text'],
    ['broken JSON', '{"a":', '{"a":'],
    ['a body with a byte order mark', '\ufeff{"a":1}', { a: 1 }],
    ['bytes that are not UTF-8', new Uint8Array([0x61, 0xff, 0x62]), 'a\ufffdb'],
  ];
  for (const [what, body, output] of rows) {
    test(`is the body: ${what}`, async () => {
      const ran = await op(answering(body));
      expect(ran).toMatchObject({ op: 'StepRun', data: { status: 200, body: output } });
      expect(JSON.parse(ran.dataText ?? '')).toEqual({ status: 200, body: output });
    });
  }

  for (const status of [200, 202, 204, 206, 299]) {
    test(`has the status ${status}`, async () => {
      const ran = await op(answering(status === 204 ? null : '1', { status }));
      expect(ran).toMatchObject({ op: 'StepRun', data: { status } });
    });
  }

  test('is what is in the envelope of a 201', async () => {
    const url = (body: unknown) => answering(JSON.stringify(body), { status: 201 });
    expect(await op(url({ status: 202, body: { a: 1 } }))).toMatchObject({
      data: { status: 202, body: { a: 1 } },
    });
    expect(await op(url({ status: 500, body: 'broken' }))).toMatchObject({
      op: 'StepError',
      error: { message: 'invalid status code: 500', data: { body: 'broken' } },
    });
  });

  for (const body of [{ id: 1 }, { status: 'new', body: 1 }, { status: 200 }, null]) {
    test(`of a 201 that is no envelope is the body ${JSON.stringify(body)}`, async () => {
      const url = answering(JSON.stringify(body), { status: 201 });
      expect(await op(url)).toMatchObject({ op: 'StepRun', data: { status: 201, body } });
    });
  }

  test('may be compressed', async () => {
    for (const [encoding, bytes] of [
      ['gzip', gzipSync('{"a":1}')],
      ['br', brotliCompressSync('{"a":1}')],
    ] as const) {
      const url = answering(new Uint8Array(bytes), { headers: { 'content-encoding': encoding } });
      expect(await op(url)).toMatchObject({ data: { status: 200, body: { a: 1 } } });
    }
  });

  test('may come from where a redirect leads, which gets the same request', async () => {
    const target = service(
      async (request) => new Response(`${request.method} ${(await request.json()).ctx.step_id}`),
    );
    const url = service(() => Response.redirect(`${target}/there`, 302));
    expect(await op(url)).toMatchObject({ data: { status: 200, body: 'POST s' } });
  });

  test('may be as large as 4 MiB, whatever is decided about the edges after it', async () => {
    const url = answering(JSON.stringify('x'.repeat(4 * 1024 * 1024 - 200)));
    const driver = dagDriver({ clock: systemClock, loadSteps: async () => null });
    const after = Array.from({ length: 20 }, (_, n) => [
      `b${n}`,
      { after: [{ from: 's', if: 'response.status == 200' }] },
    ]);
    const dag = dagOf({ s: { url }, ...Object.fromEntries(after) });
    expect(await driver(dag).call(requestOf({ target: 's' }))).toMatchObject({
      ops: [{ op: 'StepRun', data: { edges: { b0: { taken: true }, b19: { taken: true } } } }],
    });
  });

  test('carries when the step ran, and what answered', async () => {
    const before = Date.now();
    const ran = await op(answering('1', { headers: { 'x-served-by': 'me' } }));
    expect(Math.floor((ran.timing?.a ?? 0) / 1e6)).toBeGreaterThanOrEqual(before - 1);
    expect(ran.response).toMatchObject({ status: 200, bytes: 1, headers: { 'x-served-by': 'me' } });
    expect(ran).toMatchObject({ id: opIdOf('s'), displayName: 's', userland: { id: 's' } });
    expect(ran.parallelMode).toBe('race');
  });

  test('is refused for good above 4 MiB, however it was sent', async () => {
    const large = JSON.stringify('x'.repeat(4 * 1024 * 1024));
    const huge = 'x'.repeat(9 * 1024 * 1024);
    const packed = new Uint8Array(gzipSync('x'.repeat(64 * 1024 * 1024)));
    for (const url of [
      answering(large),
      answering(huge),
      answering(packed, { headers: { 'content-encoding': 'gzip' } }),
    ]) {
      const { op: kind, error } = await op(url);
      expect(kind).toBe('StepFailed');
      expect(error?.name).toBe('output_too_large');
      expect(error?.message).toContain('larger than the 4 MiB a step may have');
    }
  });

  test('is refused for good when it is nested too deeply to be passed on', async () => {
    const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;
    expect(await op(answering(nested(492)))).toMatchObject({ op: 'StepRun' });
    for (const depth of [493, 500, 600, 100_000]) {
      const refused = await op(answering(nested(depth)));
      expect(refused).toMatchObject({ op: 'StepFailed', error: { name: 'output_too_deep' } });
    }
    const failed = await op(answering(nested(600), { status: 400 }));
    expect(failed.error?.data).toEqual({ status: 400, body: null });
  });
});

describe('a failed attempt', () => {
  for (const status of [500, 502, 503, 408, 429]) {
    test(`with ${status} is tried again`, async () => {
      expect(await op(answering('{"why":1}', { status }))).toMatchObject({
        op: 'StepError',
        error: {
          name: `invalid status code: ${status}`,
          message: `invalid status code: ${status}`,
          data: { status, body: { why: 1 } },
        },
      });
    });
  }

  for (const status of [400, 401, 404, 409, 422, 304]) {
    test(`with ${status} is final`, async () => {
      expect(await op(answering(status === 304 ? null : 'no', { status }))).toMatchObject({
        op: 'StepFailed',
        error: { message: `invalid status code: ${status}` },
      });
    });
  }

  test('keeps 4 KiB of what was answered', async () => {
    const { error } = await op(answering('ü'.repeat(10_000), { status: 500 }));
    expect(error?.data).toEqual({ status: 500, body: 'ü'.repeat(2048) });
  });

  test('is tried again when Retry-After says, where trying again makes sense', async () => {
    const headers = { 'retry-after': '120' };
    const parts = { clock: manualClock(nowMs) };
    const retryAtMs = nowMs + 120_000;
    expect(await op(answering('', { status: 503, headers }), { parts })).toMatchObject({
      retryAtMs,
    });
    expect(
      (await op(answering('', { status: 404, headers }), { parts })).retryAtMs,
    ).toBeUndefined();
  });

  test('is the last one when the attempts of the step are used up', async () => {
    const url = answering('', { status: 500 });
    const kinds: string[] = [];
    for (const attempt of [0, 1, 2]) {
      const answer = await op(url, { step: { attempts: 2 }, request: { attempt } });
      kinds.push(answer.op);
    }
    expect(kinds).toEqual(['StepError', 'StepFailed', 'StepFailed']);
  });

  test('without an answer is tried again, and says what to do', async () => {
    const { op: kind, error } = await op(`http://127.0.0.1:${await freePort()}/?secret=1`);
    expect(kind).toBe('StepError');
    expect(error?.name).toBe('ECONNREFUSED');
    expect(error?.message).toContain('start the app');
    expect(error?.message).not.toContain('secret');
  });

  test('with an answer that breaks off or cannot be decoded is tried again', async () => {
    const damaged = answering('no gzip', { headers: { 'content-encoding': 'gzip' } });
    expect(await op(damaged)).toMatchObject({ op: 'StepError', error: { name: 'encoding' } });
    const broken = Bun.listen({
      hostname: '127.0.0.1',
      port: 0,
      socket: {
        data(socket) {
          socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart');
        },
      },
    });
    stops.push(() => broken.stop(true));
    expect(await op(`http://127.0.0.1:${broken.port}/`)).toMatchObject({ op: 'StepError' });
  });

  test('by a redirect that leads away from HTTP is tried again', async () => {
    const url = answering(null, { status: 302, headers: { location: 'ftp://127.0.0.1/x' } });
    const { op: kind, error } = await op(url);
    expect({ kind, name: error?.name }).toEqual({ kind: 'StepError', name: 'redirect' });
  });

  test('that takes too long is tried again', async () => {
    const clock = manualClock(nowMs);
    const url = service(async () => {
      clock.moveTo(nowMs + 5_000);
      return new Promise<Response>(() => undefined);
    });
    const answer = await op(url, { parts: { clock, callTimeoutMs: 5_000 } });
    expect(answer).toMatchObject({ op: 'StepError', error: { name: 'timeout' } });
  });

  test('because the server stops is no attempt at all', async () => {
    const stopping = new AbortController();
    const url = service(() => {
      stopping.abort();
      return new Promise<Response>(() => undefined);
    });
    const outcome = await run(url, { signal: stopping.signal });
    expect(outcome).toMatchObject({ kind: 'failed', code: 'call_aborted' });
  });

  test('by a URL that is none is final', async () => {
    expect(await op('http://')).toMatchObject({ op: 'StepFailed', error: { name: 'invalid_url' } });
  });
});

describe('a discovery', () => {
  test('runs the only step that is open at once, unless it must not', async () => {
    const url = answering('1');
    const setting = { target: undefined, memos: [done('before'), done('with "quotes"')] };
    expect(await op(url, setting)).toMatchObject({ op: 'StepRun', id: opIdOf('s') });
    const request = { disableImmediateExecution: true };
    expect(await op(url, { ...setting, request })).toMatchObject({ op: 'StepPlanned' });
  });

  test('says that it speaks version 2', async () => {
    const outcome = await run(answering('1'));
    expect(outcome).toMatchObject({ kind: 'opcodes', requestVersion: 2, noRetry: false });
  });
});
