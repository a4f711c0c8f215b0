/**
 * The app under test, inside the test's own process: the official SDK behind a door that writes down every call, every
 * execution and every reported step. It outlives the servers that call it.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { Inngest } from 'inngest';
import { serve } from 'inngest/bun';
import { z } from 'zod';
import { ulidTime } from '../../src/lib/ulid.ts';
import { freePort } from '../free_port.ts';
import { crashFunctions, type StepResult } from './functions.ts';
import { type Call, type Checkpoint, type Execution, hashedId } from './observation.ts';

const appId = 'crash';
const path = '/api/inngest';
const callDeadlineMs = 10_000;

const callBody = z.object({
  ctx: z.object({
    run_id: z.string(),
    attempt: z.number(),
    max_attempts: z.number(),
    request_id: z.string(),
  }),
  event: z.object({ data: z.object({ eid: z.string(), lane: z.string().optional() }) }),
  steps: z.record(z.string(), z.unknown()),
});
const checkpointBody = z.object({
  run_id: z.string(),
  steps: z.array(z.object({ id: z.string() })),
});

const silence = { info() {}, warn() {}, error() {}, debug() {} };

export interface CrashAppOptions {
  /** A server that the app may turn to now. */
  readonly serverUrl: () => string;
  readonly isCheckpointing: boolean;
}

export class CrashApp {
  readonly calls: Call[] = [];
  readonly executions: Execution[] = [];
  readonly checkpoints: Checkpoint[] = [];
  readonly #handle: (request: Request) => Response | Promise<Response>;
  readonly #server: Bun.Server<undefined>;
  /** The call that the code at hand works for. */
  readonly #current = new AsyncLocalStorage<Call>();
  /** `<function> of <eid>`. */
  readonly #returned = new Set<string>();
  readonly #runIds = new Map<string, Set<string>>();
  /** `<eid> <hashed step>`. */
  readonly #saved = new Set<string>();
  /** `<run> <step>`. */
  readonly #executed = new Set<string>();
  readonly #open = new Set<Call>();

  private constructor(
    private readonly options: CrashAppOptions,
    port: number,
  ) {
    const client = new Inngest({
      id: appId,
      isDev: true,
      baseUrl: options.serverUrl(),
      checkpointing: options.isCheckpointing,
      fetch: this.#fetch(),
      logger: silence,
    });
    const functions = crashFunctions(client, (...execution) => this.#execute(...execution));
    this.#handle = serve({ client, functions });
    this.#server = Bun.serve({
      port,
      hostname: '127.0.0.1',
      idleTimeout: 0,
      fetch: (request) => this.#answer(request),
    });
  }

  static async start(options: CrashAppOptions): Promise<CrashApp> {
    return new CrashApp(options, await freePort());
  }

  /** Makes the app register itself. */
  async register(): Promise<void> {
    const url = `http://127.0.0.1:${this.#server.port}${path}`;
    const answer = await fetch(url, { method: 'PUT' });
    const text = await answer.text();
    if (answer.status !== 200) throw new Error(`registering the app: ${answer.status} ${text}`);
  }

  stop(): Promise<void> {
    return this.#server.stop(true);
  }

  /** Calls under way that were built after that time. */
  openCalls(sinceMs: number): number {
    return [...this.#open].filter(({ builtAtMs }) => builtAtMs > sinceMs).length;
  }

  /** Runs of a function for an event that the app has been called for. */
  runIds(fn: string, eid: string): string[] {
    return [...(this.#runIds.get(`${fn} of ${eid}`) ?? [])];
  }

  /** Whether a function has come to its end, though the server may not know yet. */
  hasReturned(fn: string, eid: string): boolean {
    return this.#returned.has(`${fn} of ${eid}`);
  }

  /** Whether a call for the event's run carried the step's result. */
  hasMemo(eid: string, stepId: string): boolean {
    return this.#saved.has(`${eid} ${hashedId(stepId)}`);
  }

  hasExecuted(runId: string, stepId: string): boolean {
    return this.#executed.has(`${runId} ${stepId}`);
  }

  #execute(runId: string, stepId: string, attempt: number, hasThrown: boolean): StepResult {
    const call = this.#current.getStore();
    if (call === undefined) throw new Error(`${stepId} of ${runId} is executed outside of a call`);
    const nonce = `x${this.executions.length}`;
    const { requestId } = call;
    const atMs = Date.now();
    this.#executed.add(`${runId} ${stepId}`);
    this.executions.push({ requestId, runId, stepId, attempt, nonce, atMs, hasThrown });
    return { attempt, nonce };
  }

  async #answer(request: Request): Promise<Response> {
    if (request.method !== 'POST') return this.#handle(request);
    const body = await request.text();
    const { ctx, event, steps } = callBody.parse(JSON.parse(body));
    const slug = new URL(request.url).searchParams.get('fnId') ?? '';
    const call: Call = {
      requestId: ctx.request_id,
      builtAtMs: ulidTime(ctx.request_id),
      receivedAtMs: Date.now(),
      runId: ctx.run_id,
      fn: slug.slice(appId.length + 1),
      eid: event.data.eid,
      lane: event.data.lane ?? null,
      attempt: ctx.attempt,
      memos: new Map(Object.entries(steps).map(([id, memo]) => [id, JSON.stringify(memo)])),
      answeredAtMs: null,
    };
    this.#note(call);
    this.#open.add(call);
    try {
      const { method, headers } = request;
      const inner = new Request(request.url, { method, headers, body });
      const response = await this.#current.run(call, async () => this.#handle(inner));
      const text = await response.text();
      const isLast = ctx.attempt + 1 >= ctx.max_attempts;
      if (isEnd(response, isLast)) this.#returned.add(`${call.fn} of ${call.eid}`);
      return new Response(text, { status: response.status, headers: response.headers });
    } finally {
      call.answeredAtMs = Date.now();
      this.#open.delete(call);
    }
  }

  #note(call: Call): void {
    this.calls.push(call);
    const name = `${call.fn} of ${call.eid}`;
    const runIds = this.#runIds.get(name) ?? new Set();
    this.#runIds.set(name, runIds.add(call.runId));
    for (const id of call.memos.keys()) this.#saved.add(`${call.eid} ${id}`);
  }

  /** The SDK's way to the server: to any that may be there, and with an eye on what is reported. */
  #fetch(): typeof fetch {
    const send = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
      const asked = new URL(input instanceof Request ? input.url : input);
      const url = new URL(`${asked.pathname}${asked.search}`, this.options.serverUrl());
      const signal = AbortSignal.timeout(callDeadlineMs);
      const answer = await fetch(url, { ...init, signal });
      const isReport = url.pathname.startsWith('/v1/checkpoint/');
      if (isReport && answer.status === 200 && typeof init?.body === 'string') {
        const { run_id: runId, steps } = checkpointBody.parse(JSON.parse(init.body));
        const hashedIds = steps.map(({ id }) => id);
        this.checkpoints.push({ runId, hashedIds, savedAtMs: Date.now() });
      }
      return answer;
    };
    return Object.assign(send, { preconnect: fetch.preconnect });
  }
}

/** Whether nothing of the run comes after this answer. */
function isEnd({ status, headers }: Response, isLast: boolean): boolean {
  if (status === 200) return true;
  if (status === 206) return false;
  return isLast || headers.get('x-inngest-no-retry') === 'true';
}
