/** Durable endpoints with the real SDK: runs that begin in the app's own HTTP handler. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { Inngest, NonRetriableError, step } from 'inngest';
import { endpointAdapter } from 'inngest/edge';
import { eventually } from '../eventually.ts';
import { type ServerOptions, ServerProcess } from '../server_process.ts';
import { hasEnded, type Run, ServerClient } from './server_client.ts';

const bootDeadlineMs = 180_000;
const testDeadlineMs = 60_000;
const retries = 3;

/** Bare hex, as `start` wants it. */
const signingKey = 'abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789';
const silent = { info() {}, warn() {}, error() {}, debug() {} };

/** What the endpoints have done, by the `key` of the request. */
const done = new Map<string, string[]>();
const runIds = new Map<string, string>();

function note(key: string, what: string): void {
  done.set(key, [...(done.get(key) ?? []), what]);
}

function times(key: string, what: string): number {
  return (done.get(key) ?? []).filter((other) => other === what).length;
}

function keyOf(request: Request): string {
  return new URL(request.url).searchParams.get('key') ?? '';
}

/** Endpoints of an app that talks to the server; each notes what it runs. */
function endpoints(server: ServerProcess, isSigned: boolean) {
  const client = new Inngest({
    id: 'endpoints',
    baseUrl: server.url,
    isDev: !isSigned,
    ...(isSigned && { signingKey, eventKey: 'event-key' }),
    logger: silent,
    fetch: Object.assign(noteRun, { preconnect: fetch.preconnect }),
    endpointAdapter: endpointAdapter.withOptions({ retries }),
  });
  const inline = client.endpoint(async (request: Request) => {
    const key = keyOf(request);
    const one = await step.run('one', () => note(key, 'one') ?? 1);
    const two = await step.run('two', () => note(key, 'two') ?? one + 1);
    return new Response(`two is ${two}`, { status: 201, headers: { 'x-mine': 'yes' } });
  });
  const sleeper = client.endpoint(async (request: Request) => {
    const key = keyOf(request);
    const before = await step.run('before', () => note(key, 'before') ?? 'b');
    await step.sleep('nap', new URL(request.url).searchParams.get('for') ?? '1s');
    const after = await step.run('after', () => note(key, 'after') ?? `${before}a`);
    return Response.json({ after, method: request.method });
  });
  const flaky = client.endpoint(async (request: Request) => {
    const key = keyOf(request);
    const value = await step.run('flaky', () => {
      note(key, 'flaky');
      if (times(key, 'flaky') < 3) throw new Error('not yet');
      return 'at last';
    });
    return new Response(value);
  });
  const doomed = client.endpoint(async (request: Request) => {
    const key = keyOf(request);
    try {
      await step.run('doomed', () => {
        note(key, 'doomed');
        throw new NonRetriableError('never');
      });
    } catch (error) {
      note(key, 'caught');
      return Response.json({ caught: error instanceof Error ? error.message : '' });
    }
    return new Response('not reached');
  });
  const parallel = client.endpoint(async (request: Request) => {
    const key = keyOf(request);
    const values = await Promise.all([
      step.run('left', () => note(key, 'left') ?? 'l'),
      step.run('right', () => note(key, 'right') ?? 'r'),
    ]);
    const last = await step.run('last', () => note(key, 'last') ?? values.join('+'));
    return Response.json({ last });
  });
  const broken = client.endpoint(async (request: Request) => {
    const key = keyOf(request);
    await step.run('fine', () => note(key, 'fine') ?? 1);
    note(key, 'body');
    throw new Error('the body is broken');
  });
  return { inline, sleeper, flaky, doomed, parallel, broken };
}

/** The SDK makes the run ids; the request that creates a run tells which. */
function noteRun(url: URL | RequestInfo, init?: RequestInit): Promise<Response> {
  if (String(url).endsWith('/v1/checkpoint') && typeof init?.body === 'string') {
    const body = JSON.parse(init.body) as {
      run_id: string;
      event: { data: { query_params: string } };
    };
    const key = new URLSearchParams(body.event.data.query_params).get('key') ?? '';
    runIds.set(key, body.run_id);
  }
  return fetch(url, init);
}

/** A server and an app with endpoints. */
class Stage {
  private constructor(
    readonly server: ServerProcess,
    private readonly app: Bun.Server<undefined>,
    private readonly client: ServerClient,
  ) {}

  static async open(options: ServerOptions, isSigned: boolean): Promise<Stage> {
    const server = await ServerProcess.start(options);
    const routes = Object.entries(endpoints(server, isSigned));
    const app = Bun.serve({
      port: 0,
      idleTimeout: 0,
      routes: Object.fromEntries(routes.map(([name, endpoint]) => [`/${name}`, endpoint])),
    });
    const headers = { authorization: `Bearer ${signingKey}` };
    return new Stage(server, app, new ServerClient(server.url, 'event-key', headers));
  }

  async close(): Promise<void> {
    await this.app.stop(true);
    await this.server.dispose();
  }

  request(name: string, key: string, init: RequestInit & { query?: string } = {}) {
    const { query = '', ...rest } = init;
    const url = `${this.app.url.origin}/${name}?key=${key}${query}`;
    return fetch(url, { redirect: 'manual', ...rest });
  }

  run(key: string): Promise<Run> {
    return eventually(
      async () => {
        const run = await this.client.run(runIds.get(key) ?? '');
        return hasEnded(run) && run;
      },
      { deadlineMs: 45_000, what: `the end of the run of ${key}` },
    );
  }

  /** What the caller gets where it is sent when the run goes on in the background. */
  output(answer: Response): Promise<Response> {
    expect(answer.status).toBe(302);
    const location = answer.headers.get('location') ?? '';
    expect(location).toStartWith(`${this.server.url}/v1/http/runs/`);
    return fetch(location);
  }
}

let stage: Stage;

describe('a durable endpoint', () => {
  beforeAll(async () => {
    stage = await Stage.open({}, false);
  }, bootDeadlineMs);
  afterAll(() => stage?.close(), bootDeadlineMs);

  test.concurrent(
    'whose steps all run in line answers its caller itself, and its run is kept',
    async () => {
      const answer = await stage.request('inline', 'inline');
      expect(answer.status).toBe(201);
      expect(answer.headers.get('x-mine')).toBe('yes');
      expect(await answer.text()).toBe('two is 2');
      const run = await stage.run('inline');
      expect(run.status).toBe('Completed');
      expect(done.get('inline')).toEqual(['one', 'two']);
    },
    testDeadlineMs,
  );

  test.concurrent(
    'that sleeps sends its caller to the output, which replays the answer',
    async () => {
      const answer = await stage.request('sleeper', 'sleeper');
      const output = await stage.output(answer);
      expect(output.status).toBe(200);
      expect(output.headers.get('content-type')).toContain('application/json');
      // On re-entry this SDK serialises the text of the response once more.
      expect(JSON.parse(await output.json())).toEqual({ after: 'ba', method: 'GET' });
      expect(done.get('sleeper')).toEqual(['before', 'after']);
      expect((await stage.run('sleeper')).status).toBe('Completed');
      const again = await stage.output(answer);
      expect(again.status).toBe(200);
    },
    testDeadlineMs,
  );

  test.concurrent(
    'may be a POST with a JSON body',
    async () => {
      const body = '{"n":1}';
      const headers = { 'content-type': 'application/json' };
      const answer = await stage.request('sleeper', 'posted', { method: 'POST', body, headers });
      const output = await stage.output(answer);
      expect(JSON.parse(await output.json())).toEqual({ after: 'ba', method: 'POST' });
    },
    testDeadlineMs,
  );

  test.concurrent(
    'whose step throws is tried again in the background',
    async () => {
      const answer = await stage.request('flaky', 'flaky');
      expect(times('flaky', 'flaky')).toBe(1);
      const output = await stage.output(answer);
      expect(await output.json()).toBe('at last');
      expect(times('flaky', 'flaky')).toBe(3);
      expect((await stage.run('flaky')).status).toBe('Completed');
    },
    testDeadlineMs,
  );

  test.concurrent(
    'whose step cannot be tried again may catch its error',
    async () => {
      const output = await stage.output(await stage.request('doomed', 'doomed'));
      expect(JSON.parse(await output.json())).toEqual({ caught: 'never' });
      expect(done.get('doomed')).toEqual(['doomed', 'caught']);
    },
    testDeadlineMs,
  );

  test.concurrent(
    'runs steps in parallel, each once',
    async () => {
      const output = await stage.output(await stage.request('parallel', 'parallel'));
      expect(JSON.parse(await output.json())).toEqual({ last: 'l+r' });
      expect(done.get('parallel')?.toSorted()).toEqual(['last', 'left', 'right']);
    },
    testDeadlineMs,
  );

  test.concurrent(
    'whose own code throws fails once its retries are used, and runs no step twice',
    async () => {
      const output = await stage.output(await stage.request('broken', 'broken'));
      expect(await output.text()).toContain('the body is broken');
      expect((await stage.run('broken')).status).toBe('Failed');
      expect(times('broken', 'fine')).toBe(1);
      expect(times('broken', 'body')).toBe(retries + 1);
    },
    testDeadlineMs,
  );

  test(
    'goes on after the server was killed and started again',
    async () => {
      const answer = await stage.request('sleeper', 'killed', { query: '&for=2s' });
      expect(answer.status).toBe(302);
      await stage.server.kill();
      await stage.server.restart();
      expect((await stage.run('killed')).status).toBe('Completed');
      expect(done.get('killed')).toEqual(['before', 'after']);
    },
    testDeadlineMs,
  );
});

describe('a durable endpoint with a signing key', () => {
  let signed: Stage;
  beforeAll(async () => {
    const args = ['--signing-key', signingKey, '--event-key', 'event-key'];
    signed = await Stage.open({ mode: 'start', args }, true);
  }, bootDeadlineMs);
  afterAll(() => signed?.close(), bootDeadlineMs);

  test.concurrent(
    'accepts its own GET request when the server sends it again',
    async () => {
      const output = await signed.output(await signed.request('sleeper', 'signed-get'));
      expect(JSON.parse(await output.json())).toEqual({ after: 'ba', method: 'GET' });
    },
    testDeadlineMs,
  );

  test.concurrent(
    'accepts its own POST request when the server sends it again',
    async () => {
      const body = '{"b": 2, "a": "\u00fc"}';
      const headers = { 'content-type': 'application/json' };
      const init = { method: 'POST', body, headers };
      const output = await signed.output(await signed.request('sleeper', 'signed-post', init));
      expect(JSON.parse(await output.json())).toEqual({ after: 'ba', method: 'POST' });
    },
    testDeadlineMs,
  );
});
