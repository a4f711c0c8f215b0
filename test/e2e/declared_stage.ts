/** A server that runs functions of documents, and the HTTP steps that they call: real processes, one store or the other. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import {
  type AnswerStep,
  examplePort,
  type StepCall,
  type StepServer,
  startStepServer,
} from '../../examples/cue/step-server.ts';
import { eventually } from '../eventually.ts';
import { type RedisFlavour, RedisServer } from '../redis_server.ts';
import { type ServerOptions, ServerProcess } from '../server_process.ts';
import { hasEnded, type Run, type SentEvent, ServerClient } from './server_client.ts';

const examples = resolve(import.meta.dir, '../../examples/cue');
/** The leases of a server that was killed end after half a minute on a shared store. */
const runDeadlineMs = 90_000;
const eventKey = 'event-key';
/** Bare hex, as `start` wants it. */
const signingKey = '0123456789abcdef0123456789abcdef';

export type Engine = 'embedded' | RedisFlavour;

/** Text by the name of its file; ports of the step server are put in. */
export type DocumentTexts = Readonly<Record<string, string>>;

export interface StageOptions extends Pick<ServerOptions, 'retryIntervalS' | 'args'> {
  readonly isKeyed?: boolean;
  /** With which steps check what a server with keys has signed; its own unless given. */
  readonly stepKey?: string;
}

/** A document whose steps are expected at another port than that of the examples. */
export function withPort(text: string, port: number): string {
  return text.replaceAll(`127.0.0.1:${examplePort}`, `127.0.0.1:${port}`);
}

/** An example as it is, but for the pieces of text that a test exchanges. */
export async function exampleText(
  name: string,
  exchanges: Readonly<Record<string, string>> = {},
): Promise<string> {
  let text = await Bun.file(join(examples, name)).text();
  for (const [from, to] of Object.entries(exchanges)) {
    if (!text.includes(from)) throw new Error(`${name} does not say ${from} any more`);
    text = text.replaceAll(from, to);
  }
  return text;
}

const graphqlSchema = z.object({ data: z.unknown(), errors: z.array(z.unknown()).optional() });

export class DeclaredStage {
  /** Steps that are being held, by path: what lets them answer. */
  readonly #held = new Map<string, () => void>();
  readonly #toHold = new Set<string>();

  private constructor(
    readonly server: ServerProcess,
    readonly steps: StepServer,
    readonly directory: string,
    private readonly redis: RedisServer | null,
    readonly client: ServerClient,
  ) {}

  /** On Redis, and embedded when asked, the server is one with keys, so that steps see signed calls. */
  static async open(
    engine: Engine,
    documents: DocumentTexts,
    answers: Readonly<Record<string, AnswerStep>> = {},
    { isKeyed = engine !== 'embedded', stepKey = signingKey, ...rest }: StageOptions = {},
  ): Promise<DeclaredStage> {
    const hold = (call: StepCall): Promise<void> => stage.hold(call);
    const steps = await startStepServer({
      port: 0,
      signingKey: isKeyed ? stepKey : null,
      answers,
      before: hold,
    });
    const directory = await mkdtemp(join(tmpdir(), 'inngest-declared-'));
    const redis =
      engine === 'embedded' ? null : await RedisServer.start({ flavour: engine, isDurable: true });
    const args = [
      ...(redis ? ['--redis-uri', redis.url] : []),
      ...(isKeyed ? ['--signing-key', signingKey, '--event-key', eventKey] : []),
      ...(rest.args ?? []),
    ];
    for (const [name, text] of Object.entries(documents)) {
      const path = join(directory, name);
      await Bun.write(path, withPort(text, steps.port));
      args.push('--functions', path);
    }
    const mode = isKeyed ? 'start' : 'dev';
    const server = await ServerProcess.start({ mode, ...rest, args });
    const authorization = { authorization: `Bearer ${signingKey}` };
    const client = new ServerClient(server.url, eventKey, isKeyed ? authorization : {});
    const stage = new DeclaredStage(server, steps, directory, redis, client);
    return stage;
  }

  async close(): Promise<void> {
    this.releaseAll();
    await this.server.dispose();
    await this.steps.close();
    await this.redis?.dispose();
    await rm(this.directory, { recursive: true, force: true });
  }

  /** Writes a document anew, as an editor that saves it does. */
  async write(name: string, text: string): Promise<void> {
    await Bun.write(join(this.directory, name), withPort(text, this.steps.port));
  }

  /** The next call of this path waits for `release` or `releaseAll`. */
  holdNext(path: string): void {
    this.#toHold.add(path);
  }

  async whenHeld(paths: readonly string[]): Promise<void> {
    await eventually(() => paths.every((path) => this.#held.has(path)), {
      deadlineMs: runDeadlineMs,
      what: `calls of ${paths.join(', ')}`,
    });
  }

  release(path: string): void {
    this.#held.get(path)?.();
    this.#held.delete(path);
  }

  releaseAll(): void {
    this.#toHold.clear();
    for (const release of this.#held.values()) release();
    this.#held.clear();
  }

  /** A run once it has ended, however it was started. */
  endedRun(runId: string): Promise<Run> {
    return eventually(
      async () => {
        const run = await this.client.run(runId);
        return hasEnded(run) && run;
      },
      { deadlineMs: runDeadlineMs, what: `the end of run ${runId}` },
    );
  }

  /** A run of an event, however far it has come. */
  runOf(eventId: string): Promise<Run> {
    return eventually(async () => (await this.client.runsOf(eventId))[0], {
      deadlineMs: runDeadlineMs,
      what: `a run of event ${eventId}`,
    });
  }

  /** What a GraphQL document answers. Throws when there is an error in it. */
  async query(text: string, variables: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    const response = await fetch(`${this.server.url}/v0/gql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: text, variables }),
    });
    const { data, errors } = graphqlSchema.parse(await response.json());
    if (errors !== undefined) throw new Error(JSON.stringify(errors));
    return data;
  }

  /** Ends the server as a crash does, whatever steps it is calling, and starts it again. */
  async crash(): Promise<void> {
    await this.server.kill();
    this.releaseAll();
    await this.server.restart();
  }

  async send(event: SentEvent): Promise<string> {
    const [id = ''] = await this.client.send(event);
    return id;
  }

  /** The runs of an event once that many have ended. */
  ended(eventId: string, count = 1): Promise<Run[]> {
    return eventually(
      async () => {
        const runs = await this.client.runsOf(eventId);
        return runs.length >= count && runs.every(hasEnded) && runs;
      },
      { deadlineMs: runDeadlineMs, what: `${count} ended runs` },
    );
  }

  /** Resolves once a run of the event waits for that many things and nothing else is left to do. */
  async whenWaiting(eventId: string, count: number): Promise<void> {
    await eventually(
      async () => {
        const [run] = await this.client.runsOf(eventId);
        if (run === undefined) return false;
        const jobs = await this.client.jobs(run.run_id);
        return (
          jobs.length === count && jobs.every(({ kind }) => kind === 'pause' || kind === 'timeout')
        );
      },
      { deadlineMs: runDeadlineMs, what: `a run that waits for ${count} things` },
    );
  }

  async endedOne(eventId: string): Promise<Run> {
    const [run] = await this.ended(eventId);
    if (run === undefined) throw new Error('there is no run');
    return run;
  }

  /** Calls on behalf of a run, oldest first. */
  callsOf(run: Pick<Run, 'run_id'>): readonly StepCall[] {
    return this.steps.calls.filter(({ request }) => request.ctx.run_id === run.run_id);
  }

  /** The steps that were called for a run, sorted. */
  stepsOf(run: Pick<Run, 'run_id'>): string[] {
    return this.callsOf(run)
      .map(({ request }) => request.ctx.step_id)
      .sort();
  }

  private async hold(call: StepCall): Promise<void> {
    const path = call.path.split('?')[0] ?? '';
    if (!this.#toHold.delete(path)) return;
    await new Promise<void>((release) => void this.#held.set(path, release));
  }
}
