/** Where scenarios play: one server, one app and one provider per configuration, and a key per scenario. */
import { eventually } from '../eventually.ts';
import { type RedisFlavour, RedisServer } from '../redis_server.ts';
import { type ServerOptions, ServerProcess } from '../server_process.ts';
import {
  type AppOptions,
  AppProcess,
  type Configuration,
  type ExecutionRecord,
} from './app_process.ts';
import { Provider } from './provider.ts';
import { hasEnded, type Run, type SentEvent, ServerClient } from './server_client.ts';

const endDeadlineMs = 60_000;

/** Where the servers keep their work, and how many of them share it. */
export interface Engine {
  readonly kind: 'embedded' | RedisFlavour;
  readonly servers: number;
}

const embedded: Engine = { kind: 'embedded', servers: 1 };

export class Stage {
  private constructor(
    readonly configuration: Configuration,
    /** The app is registered with the first; clients talk to all in turn. */
    private readonly servers: readonly ServerProcess[],
    readonly app: AppProcess,
    readonly provider: Provider,
    readonly client: ServerClient,
    private readonly redis: RedisServer | null,
  ) {}

  get server(): ServerProcess {
    const [first] = this.servers;
    if (!first) throw new Error('the stage has no server');
    return first;
  }

  static async open(
    configuration: Configuration,
    serverOptions: ServerOptions = {},
    appOptions: Omit<AppOptions, 'serverUrl'> = {},
    { kind, servers: count }: Engine = embedded,
  ): Promise<Stage> {
    const redis = kind === 'embedded' ? null : await RedisServer.start({ flavour: kind });
    const servers: ServerProcess[] = [];
    const provider = new Provider();
    try {
      while (servers.length < count) {
        const shared = redis && { args: ['--redis-uri', redis.url], dataDir: servers[0]?.dataDir };
        servers.push(await ServerProcess.start({ ...serverOptions, ...shared }));
      }
      const urls = servers.map((server) => server.url);
      const app = await AppProcess.start(configuration, {
        serverUrl: urls[0] ?? '',
        providerUrl: provider.url,
        ...appOptions,
      });
      return new Stage(configuration, servers, app, provider, new ServerClient(urls), redis);
    } catch (error) {
      await Promise.all([...servers.map((server) => server.dispose()), provider.stop()]);
      await redis?.dispose();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.app.dispose();
    // The first owns the folder that the others share.
    for (const server of [...this.servers].reverse()) await server.dispose();
    await this.provider.stop();
    await this.redis?.dispose();
  }

  scene(): Scene {
    return new Scene(this);
  }
}

/** One scenario's view of the stage: its events carry its key, and it sees only what they caused. */
export class Scene {
  readonly key = crypto.randomUUID();

  constructor(readonly stage: Stage) {}

  get client(): ServerClient {
    return this.stage.client;
  }

  event(name: string, data: Readonly<Record<string, unknown>> = {}): SentEvent {
    return { name: `e2e/${name}`, data: { key: this.key, ...data } };
  }

  /** Sends an event that starts exactly one function; its run. */
  async start(name: string, data: Readonly<Record<string, unknown>> = {}): Promise<Run> {
    const [eventId] = await this.client.send([this.event(name, data)]);
    const [run] = await this.runsOf(eventId ?? '', 1);
    if (!run) throw new Error(`e2e/${name} started no run`);
    return run;
  }

  /** The runs of an event once there are that many of them. */
  runsOf(eventId: string, count: number): Promise<Run[]> {
    return eventually(
      async () => {
        const runs = await this.client.runsOf(eventId);
        return runs.length >= count && runs;
      },
      { what: `${count} run(s) of event ${eventId}` },
    );
  }

  /** The run once it has ended, however it did. */
  async ended(run: Run, deadlineMs = endDeadlineMs): Promise<Run> {
    let last = run;
    const run_ = await eventually(
      async () => {
        last = await this.client.run(run.run_id);
        return hasEnded(last) && last;
      },
      { deadlineMs, intervalMs: 50, what: `the end of run ${run.run_id}` },
    ).catch(async (error) => {
      const seen = (await this.records()).map((record) => record.name).slice(-20);
      throw new Error(`${error.message}; status ${last.status}, executed ${seen.join(', ')}`);
    });
    return run_;
  }

  /** Starts a function and waits for its end. */
  async play(
    name: string,
    data: Readonly<Record<string, unknown>> = {},
    deadlineMs?: number,
  ): Promise<Run> {
    return this.ended(await this.start(name, data), deadlineMs);
  }

  records(): Promise<ExecutionRecord[]> {
    return this.stage.app.records(this.key);
  }

  /** Names of what executed, in order. */
  async executed(): Promise<string[]> {
    return (await this.records()).map((record) => record.name);
  }

  async recordsNamed(name: string): Promise<ExecutionRecord[]> {
    return (await this.records()).filter((record) => record.name === name);
  }

  /** Resolves once something of that name has executed. */
  async whenExecuted(name: string, deadlineMs?: number): Promise<ExecutionRecord> {
    const found = await eventually(async () => (await this.recordsNamed(name))[0], {
      deadlineMs: deadlineMs ?? 30_000,
      what: `an execution of ${name}`,
    });
    return found;
  }

  /** Resolves once the run only waits: every job it has lies in the future. */
  async whenParked(run: Run): Promise<void> {
    await eventually(
      async () => {
        const jobs = await this.client.jobs(run.run_id);
        return jobs.length > 0 && jobs.every((job) => new Date(job.at).getTime() > Date.now());
      },
      { deadlineMs: 20_000, what: `run ${run.run_id} with nothing but waits` },
    );
  }

  openGate(name: string): Promise<void> {
    return this.stage.app.openGate(`${this.key} ${name}`);
  }
}

/** A scenario: a sentence about behaviour and how it is shown. */
export interface Scenario {
  readonly name: string;
  /** False keeps it out of the configuration. */
  readonly isFor?: (configuration: Configuration) => boolean;
  /** Part of the short matrix's smoke. */
  readonly isSmoke?: boolean;
  readonly deadlineMs?: number;
  readonly play: (scene: Scene) => Promise<void>;
}
