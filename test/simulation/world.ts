/**
 * The simulator: the real registry, delivery, schedules, executor and processor, wired as in src/server.ts, on
 * virtual time and a store in memory, with a fake app in the place of the driver.
 */

import { dagDriver } from '../../src/driver/dag/dag_driver.ts';
import type { Fetch } from '../../src/driver/exchange.ts';
import { performGateway } from '../../src/driver/gateway.ts';
import type { CallRequest } from '../../src/driver/request.ts';
import type { EventPayload } from '../../src/event/event.ts';
import { Executor } from '../../src/executor/executor.ts';
import { ItemFailures } from '../../src/executor/item_failures.ts';
import { RunLimits } from '../../src/executor/limits.ts';
import { SignalSender } from '../../src/executor/signals.ts';
import { Terminator } from '../../src/executor/terminator.ts';
import { accountLimitDefault, functionLimit } from '../../src/flow/concurrency.ts';
import { readRegistration } from '../../src/function/registration.ts';
import type { Fact, RunEndedFact, StepFact } from '../../src/history/fact.ts';
import { createLogger } from '../../src/lib/logger.ts';
import { ulid } from '../../src/lib/ulid.ts';
import { Waiting } from '../../src/pause/waiting.ts';
import type { LeasedItem } from '../../src/queue/item.ts';
import { Processor } from '../../src/queue/processor.ts';
import { peek, rebuild } from '../../src/queue/queue.ts';
import { CronSchedules } from '../../src/runner/cron_schedules.ts';
import { Delivery } from '../../src/runner/delivery.ts';
import { EventIntake } from '../../src/runner/event_intake.ts';
import { FunctionPauses } from '../../src/state/function_pauses.ts';
import { Registry } from '../../src/state/registry.ts';
import { loadRun } from '../../src/state/run_state.ts';
import { type EmbeddedStore, openEmbeddedStore } from '../../src/store/embedded/engine.ts';
import { listenToScripts } from '../../src/store/messages.ts';
import { outward } from '../../src/store/outward.ts';
import { FakeApp } from './fake_app.ts';
import { Mortality, mortalClock, mortalStore } from './mortal.ts';
import { SimClock, settled } from './sim_clock.ts';
import type { Workflow } from './workflow.ts';

const prefix = '{sim}';
const appUrl = 'http://app.test/api/inngest';

/** A function as an SDK registers it; `triggers` may be the name of an event. */
export interface FunctionConfig extends Readonly<Record<string, unknown>> {
  readonly trigger?: string;
  readonly retries?: number;
}

export interface WorldOptions {
  readonly startMs?: number;
  readonly workers?: number;
  /** Jitter and shuffling; 0 makes the backoff exact. */
  readonly random?: () => number;
  readonly retryIntervalMs?: number | null;
}

/** One process of the server. */
class Server {
  private constructor(
    readonly life: Mortality,
    readonly registry: Registry,
    readonly limits: RunLimits,
    readonly terminator: Terminator,
    readonly intake: EventIntake,
    readonly signals: SignalSender,
    readonly pauses: FunctionPauses,
  ) {}

  static async start(world: World): Promise<Server> {
    const life = new Mortality();
    const store = mortalStore(world.store, life);
    const clock = mortalClock(world.clock, life);
    const gate = outward(store);
    const { log, newId, options } = world;
    const registry = new Registry(store, clock);
    await registry.load();
    const functions = {
      functionById: (id: string) => registry.functionById(id) ?? registry.removedFunctionById(id),
    };
    const pauses = new FunctionPauses({ store, clock, functions });
    await pauses.refresh();
    const isPaused = (id: string): boolean => pauses.isPaused(id);
    const limits = new RunLimits();
    const terminator = new Terminator({ store, clock, functions, newId });
    const random = options.random ?? (() => 0);
    const loadSteps = async (runId: string) =>
      (await loadRun(store, runId, { withSteps: true }))?.steps ?? null;
    const fetch: Fetch = (url, init) => world.stepFetch(url, init);
    const dags = dagDriver({ clock, fetch, loadSteps });
    const executor = new Executor({
      store,
      clock,
      log,
      functions,
      driverOf: ({ dag }) => {
        const driver = dag === undefined ? world.app : dags(dag);
        return { call: gate((request: CallRequest) => driver.call(request)) };
      },
      gateway: gate(performGateway),
      limits,
      terminator,
      newId,
      random,
      retryIntervalMs: options.retryIntervalMs ?? null,
      stopping: new AbortController().signal,
    });
    const waiting = new Waiting(store, clock);
    const delivery = new Delivery({
      ...{ store, clock, log, registry, waiting, terminator, newId, isPaused },
    });
    const crons = new CronSchedules({ store, clock, log, registry, newId, isPaused });
    const retryIntervalMs = options.retryIntervalMs ?? null;
    const failures = new ItemFailures({ store, clock, log, terminator, retryIntervalMs, random });
    const handlerOf = (item: LeasedItem): Promise<void> => {
      if (item.kind === 'events') return delivery.handle(item);
      if (item.kind === 'cron') return crons.handle(item);
      return executor.handle(item);
    };
    const handle = (item: LeasedItem): Promise<void> =>
      handlerOf(item).catch((error: unknown) => failures.handle(item, error));
    const processor = new Processor({
      store,
      clock,
      log,
      process: newId(),
      workers: options.workers ?? 100,
      isShared: false,
      limitsOf: (partition) => {
        const fn = functions.functionById(partition);
        return { function: fn === null ? 0 : functionLimit(fn), account: accountLimitDefault };
      },
      newToken: newId,
      random,
      handle,
    });
    listenToScripts(store, {
      wake: (partition, atMs) => processor.wake(partition, atMs),
      facts: () => undefined,
      unpaused: (eventName, pauseId) => waiting.forget(eventName, pauseId),
    });
    await crons.reconcile();
    registry.onChange(() => void crons.reconcile());
    processor.start();
    const intake = new EventIntake(store);
    const signals = new SignalSender(store, clock);
    return new Server(life, registry, limits, terminator, intake, signals, pauses);
  }
}

export interface EventExtras {
  /** The sender's. */
  readonly id?: string;
  /** Made from a seed header. */
  readonly seededId?: string;
  readonly ts?: number;
}

export interface EndedRun {
  readonly runId: string;
  readonly status: RunEndedFact['status'];
  readonly output: unknown;
}

export class World {
  readonly clock: SimClock;
  readonly app: FakeApp;
  /** Answers the steps of functions that are declared in documents. */
  stepFetch: Fetch = (url) => Promise.reject(new Error(`nothing answers at ${url}`));
  logged = '';
  readonly log = createLogger({
    level: 'debug',
    format: 'text',
    write: (line) => {
      this.logged += line;
    },
  });
  readonly newId = (): string => ulid(this.clock.now());
  #server: Server | undefined;
  #store: EmbeddedStore | undefined;
  #config: { id: string; config: FunctionConfig }[] = [];

  private constructor(readonly options: WorldOptions) {
    this.clock = new SimClock(options.startMs);
    this.app = new FakeApp(this.clock);
  }

  static async create(options: WorldOptions = {}): Promise<World> {
    const world = new World(options);
    const extraScripts = {
      test_call: "ARGV[2] = KEYS[1] .. ':' .. ARGV[2] return redis.call(unpack(ARGV))",
    };
    world.#store = await openEmbeddedStore({
      dataDir: null,
      prefix,
      clock: world.clock,
      extraScripts,
    });
    world.#server = await Server.start(world);
    return world;
  }

  get store(): EmbeddedStore {
    if (this.#store === undefined) throw new Error('the world has no store yet');
    return this.#store;
  }

  get server(): Server {
    if (this.#server === undefined) throw new Error('the world has no server yet');
    return this.#server;
  }

  async close(): Promise<void> {
    this.server.life.isDead = true;
    await this.store.close();
  }

  // --- the app

  /** Registers functions beside those that there are; one that there is is replaced. */
  async register(functions: Readonly<Record<string, FunctionConfig>>): Promise<void> {
    for (const [id, config] of Object.entries(functions)) {
      this.#config = [...this.#config.filter((known) => known.id !== id), { id, config }];
    }
    const document = {
      v: '0.1',
      url: appUrl,
      deployType: 'ping',
      sdk: 'js:v4.18.1',
      framework: 'test',
      appName: 'app',
      functions: this.#config.map(({ id, config }) => documentOf(id, config)),
    };
    const read = readRegistration(document);
    if (!read.ok) throw new Error(JSON.stringify(read.errors));
    await this.server.registry.sync(read.registration);
    await this.settle();
  }

  /** Registers one function, `app-<id>`, with its workflow. */
  async define(id: string, config: FunctionConfig, workflow: Workflow): Promise<void> {
    this.app.workflow(`app-${id}`, workflow);
    await this.register({ [id]: config });
  }

  // --- what happens

  /** Accepts an event and lets everything happen that follows at once. */
  async send(
    name: string,
    data: Record<string, unknown> = {},
    more: EventExtras = {},
  ): Promise<string> {
    const internalId = await this.accept(name, data, more);
    await this.settle();
    return internalId;
  }

  /** Accepts an event; its delivery is still to come. */
  async accept(
    name: string,
    data: Record<string, unknown> = {},
    more: EventExtras = {},
  ): Promise<string> {
    const internalId = more.seededId ?? this.newId();
    const nowMs = this.clock.now();
    const payload: EventPayload = {
      name,
      data,
      user: {},
      id: more.id ?? internalId,
      ts: more.ts ?? nowMs,
    };
    const idempotencyKey = more.id ?? more.seededId ?? '';
    await this.server.intake.accept([{ internalId, receivedAtMs: nowMs, payload, idempotencyKey }]);
    return internalId;
  }

  async signal(name: string, data: unknown): Promise<{ runId: string } | null> {
    const sent = await this.server.signals.send(name, JSON.stringify(data));
    await this.settle();
    return sent;
  }

  /** Until nothing more happens without time or the test moving on. */
  settle(): Promise<void> {
    return settled(() => this.server.life.scriptsRun + this.app.activity);
  }

  /**
   * Moves time on. What falls due happens at its own time; between, with no call under way, an idle server's look at
   * its queue every 30 s is left out.
   */
  async advance(ms: number): Promise<void> {
    const untilMs = this.clock.now() + ms;
    for (;;) {
      const nextMs = this.app.isHolding ? this.clock.nextMs : await this.nextDueMs();
      if (nextMs === null || nextMs > untilMs) break;
      this.clock.goTo(nextMs);
      await this.settle();
    }
    this.clock.goTo(untilMs);
    await this.settle();
  }

  private async nextDueMs(): Promise<number | null> {
    const { nextMs } = await peek(this.store, this.clock.now(), 1);
    return nextMs;
  }

  // --- death and return

  /** The process is gone, with all that it knew. */
  kill(): void {
    this.server.life.isDead = true;
  }

  /** The process dies when it has run this many more scripts. */
  killAfter(scripts: number): void {
    this.server.life.scriptsLeft = scripts;
  }

  get isDead(): boolean {
    return this.server.life.isDead;
  }

  /** Another process takes over: after a restart from disk, or beside the dead one's leases. */
  async restart(how: 'from_disk' | 'beside'): Promise<void> {
    this.kill();
    if (how === 'from_disk') {
      const ids: string[] = [];
      for (const key of this.keys()) {
        if (key.startsWith('x:')) this.store.runSync('test_call', ['DEL', key]);
        if (key.startsWith('item:')) ids.push(key.slice('item:'.length));
      }
      await rebuild(this.store, ids);
    }
    this.#server = await Server.start(this);
    // The old process's leases end, and the next look at the queue finds what it had.
    if (how === 'beside') this.clock.goTo(this.clock.now() + 61_000);
    await this.settle();
  }

  // --- what came of it

  /** All keys without the prefix. */
  keys(pattern = /./): string[] {
    const all = this.store.keys().map((key) => key.slice(prefix.length + 1));
    return all.filter((key) => pattern.test(key));
  }

  /** What a run that goes on has stored. */
  steps(runId: string): Record<string, unknown> {
    const flat = this.store.runSync('test_call', ['HGETALL', `run:${runId}:steps`]);
    const steps: Record<string, unknown> = {};
    if (Array.isArray(flat)) {
      for (let i = 0; i < flat.length; i += 2)
        steps[String(flat[i])] = JSON.parse(String(flat[i + 1]));
    }
    return steps;
  }

  facts(): Fact[] {
    const texts = this.store.runSync('test_call', ['LRANGE', 'outbox', 0, -1]);
    // Written by factText.
    return Array.isArray(texts) ? texts.map((text) => JSON.parse(String(text)) as Fact) : [];
  }

  ended(): EndedRun[] {
    return this.facts().flatMap((fact) =>
      fact.t === 'run.ended'
        ? [
            {
              runId: fact.runId,
              status: fact.status,
              output: JSON.parse(fact.output ?? 'null') as unknown,
            },
          ]
        : [],
    );
  }

  /** Runs of a function that were created. */
  runsOf(id: string): string[] {
    return this.facts().flatMap((fact) =>
      fact.t === 'run.scheduled' && fact.functionSlug === `app-${id}` ? [fact.runId] : [],
    );
  }

  stepFacts(stepId: string): StepFact[] {
    return this.facts().flatMap((fact) =>
      fact.t === 'step' && fact.stepId === stepId ? [fact] : [],
    );
  }

  /** Events as history has them. */
  events(name: string): EventPayload[] {
    return this.facts()
      .flatMap((fact) => (fact.t === 'event' ? [JSON.parse(fact.payload) as EventPayload] : []))
      .filter((event) => event.name === name);
  }

  /** When the calls were made, in ms since the first. */
  callTimes: number[] = [];
  recordCallTimes(): void {
    const startMs = this.clock.now();
    const call = this.app.call.bind(this.app);
    this.app.call = (request: CallRequest) => {
      this.callTimes.push(this.clock.now() - startMs);
      return call(request);
    };
  }
}

function documentOf(id: string, { trigger, retries = 0, ...config }: FunctionConfig): object {
  const slug = `app-${id}`;
  const url = `${appUrl}?fnId=${slug}&stepId=step`;
  return {
    id: slug,
    name: id,
    triggers: [{ event: trigger ?? 'test/go' }],
    steps: {
      step: {
        id: 'step',
        name: 'step',
        runtime: { type: 'http', url },
        retries: { attempts: retries },
      },
    },
    ...config,
  };
}

/** What may be in the store when every run has ended. */
export const mayRemain =
  /^(apps.*|outbox|outbox-trimmed|pause-sequence|once:.*|item:cron\..*|x:.*)$/;
