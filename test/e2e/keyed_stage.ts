/** A server with keys and an app on the official SDK in this process: what clients that are not ours talk to. */
import { Inngest } from 'inngest';
import { serve } from 'inngest/bun';
import { z } from 'zod';
import { eventually } from '../eventually.ts';
import { openSdkApi, type SdkApi } from '../sdk_api.ts';
import { ServerProcess } from '../server_process.ts';
import { hasEnded, type Run, ServerClient } from './server_client.ts';

const runDeadlineMs = 30_000;

/** Bare hex, as `start` wants it. */
export const signingKey = 'abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789';
export const eventKey = 'event-key';
const authorization = { authorization: `Bearer ${signingKey}` };
export const silent = { info() {}, warn() {}, error() {}, debug() {} };

/** As `fetch`; `asked` gets what was asked of the server: `POST /v1/… 200`. */
function listener(asked: string[]): typeof fetch {
  const listened = async (url: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const answer = await fetch(url, init);
    const { pathname } = new URL(url instanceof Request ? url.url : url);
    asked.push(`${init?.method ?? 'GET'} ${pathname} ${answer.status}`);
    return answer;
  };
  return Object.assign(listened, { preconnect: fetch.preconnect });
}

function functionsOf(client: Inngest.Any) {
  const options = { retries: 0, checkpointing: false } as const;
  return [
    client.createFunction(
      { id: 'parked', triggers: [{ event: 'client/parked' }], ...options },
      async ({ event, step }) => {
        const one = await step.run('one', () => ({ n: 1 }));
        const signal = await step.waitForSignal('wait', {
          signal: `go ${event.data.key}`,
          timeout: '10m',
          onConflict: 'fail',
        });
        return { one, word: signal?.data };
      },
    ),
    client.createFunction(
      {
        id: 'batched',
        triggers: [{ event: 'client/batched' }],
        batchEvents: { maxSize: 2, timeout: '60s', key: 'event.data.key' },
        ...options,
      },
      async ({ events, step }) => {
        await step.waitForSignal('wait', {
          signal: `go ${events[0]?.data.key}`,
          timeout: '10m',
          onConflict: 'fail',
        });
        return events.length;
      },
    ),
    client.createFunction(
      { id: 'checkpointed', triggers: [{ event: 'client/checkpointed' }], retries: 0 },
      async ({ step }) => {
        const one = await step.run('one', () => 1);
        return await step.run('two', () => one + 1);
      },
    ),
  ];
}

const answerSchema = z.object({ data: z.unknown(), errors: z.array(z.unknown()).optional() });

const resumedSchema = z.object({ value: z.object({ runId: z.string().optional() }) });

export class KeyedStage {
  private constructor(
    readonly server: ServerProcess,
    private readonly app: Bun.Server<undefined>,
    readonly sdk: Inngest.Any,
    /** What the SDK itself asked of the server. */
    readonly asked: readonly string[],
    readonly api: SdkApi,
    readonly client: ServerClient,
  ) {}

  static async open(): Promise<KeyedStage> {
    const args = ['--signing-key', signingKey, '--event-key', eventKey];
    const server = await ServerProcess.start({ mode: 'start', args });
    const { url } = server;
    const asked: string[] = [];
    const sdk = new Inngest({
      ...{ id: 'client', baseUrl: url, isDev: false, signingKey, eventKey, logger: silent },
      ...{ checkpointing: true, fetch: listener(asked) },
    });
    const handler = serve({ client: sdk, functions: functionsOf(sdk) });
    const app = Bun.serve({ port: 0, idleTimeout: 0, routes: { '/api/inngest': handler } });
    const api = await openSdkApi({ url, signingKey, fetch });
    const client = new ServerClient(url, eventKey, authorization);
    const stage = new KeyedStage(server, app, sdk, asked, api, client);
    const synced = await fetch(stage.appUrl, { method: 'PUT' });
    if (synced.ok) return stage;
    await stage.close();
    throw new Error(`registering the app: ${synced.status} ${await synced.text()}`);
  }

  get appUrl(): string {
    return `${this.app.url.origin}/api/inngest`;
  }

  async close(): Promise<void> {
    await this.app.stop(true);
    await this.server.dispose();
  }

  /** What a GraphQL document answers. Throws when there is an error in it. */
  async query(text: string, variables: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    const response = await fetch(`${this.server.url}/v0/gql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...authorization },
      body: JSON.stringify({ query: text, variables }),
    });
    const { data, errors } = answerSchema.parse(await response.json());
    if (response.status !== 200 || errors !== undefined) {
      throw new Error(`${response.status}: ${JSON.stringify(errors)}`);
    }
    return data;
  }

  /** Sends one event; the run that it starts. */
  async started(name: string, key: string): Promise<Run> {
    const { ids } = await this.sdk.send({ name: `client/${name}`, data: { key } });
    return this.runOf(ids[0] ?? '');
  }

  runOf(eventId: string): Promise<Run> {
    return eventually(async () => (await this.client.runsOf(eventId))[0], {
      deadlineMs: runDeadlineMs,
      what: `a run of event ${eventId}`,
    });
  }

  ended(runId: string): Promise<Run> {
    return eventually(
      async () => {
        const run = await this.client.run(runId);
        return hasEnded(run) && run;
      },
      { deadlineMs: runDeadlineMs, what: `the end of run ${runId}` },
    );
  }

  /** The run that the signal resumed; sent again until the function has come to its wait. */
  signalled(key: string, data: unknown): Promise<string> {
    const signal = `go ${key}`;
    return eventually(
      async () => resumedSchema.parse(await this.api.sendSignal({ signal, data })).value.runId,
      { deadlineMs: runDeadlineMs, what: `a run that waits for ${signal}` },
    );
  }
}
