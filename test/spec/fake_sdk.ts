/**
 * A raw protocol client: an app without an SDK. It registers functions as a test writes them, answers the
 * server's calls as the test scripts them, and keeps every request as it came.
 */
import { createHash } from 'node:crypto';
import { hasEnded, type Run, ServerClient } from '../e2e/server_client.ts';
import { eventually, type Patience } from '../eventually.ts';
import { type Reply, toResponse } from './reply.ts';

/** A request exactly as the server sent it. */
export interface Received {
  readonly method: string;
  readonly url: URL;
  readonly headers: Headers;
  readonly text: string;
  readonly atMs: number;
}

export interface WireEvent {
  readonly name: string;
  readonly data: Record<string, unknown> | null;
  readonly id?: string;
  readonly ts?: number;
  readonly user?: unknown;
  readonly [key: string]: unknown;
}

/** The body of a call (sdk-http-protocol.md §2.3). */
export interface CallBody {
  readonly ctx: {
    readonly attempt: number;
    readonly disable_immediate_execution: boolean;
    readonly fn_id: string;
    readonly max_attempts: number;
    readonly qi_id: string;
    readonly run_id: string;
    readonly request_id?: string;
    readonly generation_id?: number;
    readonly stack: { readonly current: number; readonly stack: readonly string[] };
    readonly use_api: boolean;
    readonly [key: string]: unknown;
  };
  readonly event: WireEvent;
  readonly events: readonly WireEvent[];
  readonly steps: Readonly<Record<string, unknown>>;
  readonly use_api: boolean;
  readonly version?: number;
  readonly [key: string]: unknown;
}

export interface Call extends Received {
  readonly functionName: string;
  /** `step` for a discovery call, the hashed id of a planned step otherwise. */
  readonly stepId: string;
  readonly body: CallBody;
  /** Memo of a step by its plain id, or undefined. */
  memo(id: string): unknown;
  /** Position among the calls of this function, from 0. */
  readonly index: number;
}

export type Script = (call: Call) => Reply | Promise<Reply>;
export type FunctionConfig = Record<string, unknown>;

interface Defined {
  readonly script: Script;
  readonly config: FunctionConfig;
}

export interface Registered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: Record<string, unknown>;
}

/** The id a step has on the wire. */
export function hashed(id: string): string {
  return createHash('sha1').update(id).digest('hex');
}

let appsMade = 0;

export interface FakeSdkOptions {
  readonly authorization?: string;
  readonly eventKey?: string;
  readonly port?: number;
  readonly path?: string;
}

export class FakeSdk {
  readonly appName: string;
  /** Every request to the app, calls included. */
  readonly received: Received[] = [];
  readonly calls: Call[] = [];
  /** Answers a PUT (a sync asked for by the server); by default the app registers itself. */
  onPut: (request: Received) => Response | Promise<Response>;
  /** Answers a GET (introspection, discovery). */
  onGet: (request: Received) => Response | Promise<Response> = () =>
    Response.json(
      { function_count: this.defined.size },
      { headers: { 'x-inngest-sdk': 'js:v4.24.0' } },
    );
  readonly client: ServerClient;

  private readonly defined = new Map<string, Defined>();
  private readonly server: Bun.Server<undefined>;
  private path: string;

  constructor(
    readonly serverUrl: string,
    private readonly options: FakeSdkOptions = {},
  ) {
    this.appName = `app${process.pid}x${++appsMade}`;
    this.path = options.path ?? '/api/inngest';
    this.server = Bun.serve({
      port: options.port ?? 0,
      hostname: '127.0.0.1',
      idleTimeout: 0,
      maxRequestBodySize: 64 * 1024 * 1024,
      fetch: (request) => this.answer(request),
    });
    this.onPut = async () => {
      const { status, body } = await this.register();
      return Response.json({ message: body.error ?? 'ok' }, { status, headers: this.sdkHeaders });
    };
    const headers: Record<string, string> = options.authorization
      ? { authorization: options.authorization }
      : {};
    this.client = new ServerClient(serverUrl, options.eventKey ?? 'test-key', headers);
  }

  get port(): number {
    return this.server.port ?? 0;
  }

  get url(): string {
    return `http://localhost:${this.port}${this.path}`;
  }

  get sdkHeaders(): Record<string, string> {
    return { 'x-inngest-sdk': 'inngest-js:v4.24.0' };
  }

  /** Moves the app to another path of the same port. */
  moveTo(path: string): void {
    this.path = path;
  }

  /** Adds a function that is triggered by the event `<app>/<name>`; `config` overrides its registration. */
  define(name: string, script: Script, config: FunctionConfig = {}): this {
    this.defined.set(name, { script, config });
    return this;
  }

  remove(name: string): void {
    this.defined.delete(name);
  }

  slug(name: string): string {
    return `${this.appName}-${name}`;
  }

  /** The `functions` member of the registration. */
  functionConfigs(): FunctionConfig[] {
    return [...this.defined].map(([name, { config }]) => {
      const { retries = 3, url, ...rest } = config;
      return {
        id: this.slug(name),
        name,
        triggers: [{ event: `${this.appName}/${name}` }],
        steps: {
          step: {
            id: 'step',
            name: 'step',
            runtime: {
              type: 'http',
              url: url ?? `${this.url}?fnId=${this.slug(name)}&stepId=step`,
            },
            retries: { attempts: retries },
          },
        },
        ...rest,
      };
    });
  }

  registration(overrides: Record<string, unknown> = {}): Record<string, unknown> {
    return {
      v: '0.1',
      url: this.url,
      deployType: 'ping',
      sdk: 'js:v4.24.0',
      framework: 'fake',
      appName: this.appName,
      functions: this.functionConfigs(),
      capabilities: { trust_probe: 'v1' },
      ...overrides,
    };
  }

  /** Registers out of band, with any override of the document, its headers or the query. */
  async register(
    overrides: Record<string, unknown> = {},
    {
      headers = {},
      query = '',
      text,
    }: { headers?: Record<string, string>; query?: string; text?: string } = {},
  ): Promise<Registered> {
    const answer = await fetch(`${this.serverUrl}/fn/register${query}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(this.options.authorization ? { authorization: this.options.authorization } : {}),
        ...this.sdkHeaders,
        ...headers,
      },
      body: text ?? JSON.stringify(this.registration(overrides)),
    });
    const body = await answer.text();
    return { status: answer.status, headers: answer.headers, text: body, body: parsedObject(body) };
  }

  /** Registers and complains unless it worked. */
  async mustRegister(): Promise<this> {
    const { status, text } = await this.register();
    if (status !== 200) throw new Error(`registration: ${status} ${text}`);
    return this;
  }

  /** Sends the event that triggers the function; its internal id. */
  async send(
    name: string,
    data: Record<string, unknown> = {},
    more: Record<string, unknown> = {},
  ): Promise<string> {
    const [id] = await this.client.send({ name: `${this.appName}/${name}`, data, ...more });
    return id ?? '';
  }

  /** Sends the event and resolves with the run it started. */
  async start(
    name: string,
    data?: Record<string, unknown>,
    more?: Record<string, unknown>,
  ): Promise<Run> {
    const id = await this.send(name, data, more);
    return this.runOf(id);
  }

  async runOf(eventId: string): Promise<Run> {
    const [run] = await eventually(
      async () => {
        const runs = await this.client.runsOf(eventId);
        return runs.length > 0 && runs;
      },
      { what: `a run of event ${eventId}` },
    );
    if (!run) throw new Error('unreachable: the list is not empty');
    return run;
  }

  /** The run once it has ended. */
  async ended(run: Run, deadlineMs = 20_000): Promise<Run> {
    return eventually(
      async () => {
        const now = await this.client.run(run.run_id);
        return hasEnded(now) && now;
      },
      { deadlineMs, what: `the end of run ${run.run_id} (${this.calls.length} calls so far)` },
    );
  }

  async play(name: string, data?: Record<string, unknown>, deadlineMs?: number): Promise<Run> {
    return this.ended(await this.start(name, data), deadlineMs);
  }

  callsOf(name: string): Call[] {
    return this.calls.filter((call) => call.functionName === name);
  }

  /** The calls of a function once there are that many. */
  async whenCalled(name: string, count = 1, patience: Patience = {}): Promise<Call[]> {
    return eventually(
      () => {
        const calls = this.callsOf(name);
        return calls.length >= count && calls;
      },
      { what: `${count} call(s) of ${name}`, ...patience },
    );
  }

  puts(): Received[] {
    return this.received.filter((request) => request.method === 'PUT');
  }

  async stop(): Promise<void> {
    await this.server.stop(true);
  }

  private async answer(request: Request): Promise<Response> {
    const received: Received = {
      method: request.method,
      url: new URL(request.url),
      headers: request.headers,
      text: await request.text(),
      atMs: Date.now(),
    };
    this.received.push(received);
    if (received.method === 'PUT') return this.onPut(received);
    if (received.method === 'GET') return this.onGet(received);
    const slug = received.url.searchParams.get('fnId') ?? '';
    const name = slug.slice(this.appName.length + 1);
    const defined = this.defined.get(name);
    if (!defined) return Response.json({ message: `no function ${slug}` }, { status: 500 });
    const call = this.callFrom(received, name);
    this.calls.push(call);
    return toResponse(await defined.script(call));
  }

  private callFrom(received: Received, name: string): Call {
    // The server under test wrote this; tests assert on its members before they rely on them.
    const body = JSON.parse(received.text || '{}') as CallBody;
    return {
      ...received,
      functionName: name,
      stepId: received.url.searchParams.get('stepId') ?? '',
      body,
      memo: (id) => body.steps?.[hashed(id)],
      index: this.callsOf(name).length,
    };
  }
}

function parsedObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
