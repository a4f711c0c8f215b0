/**
 * The Redis engine: the scripts run on a Redis or Valkey server that several of our servers can share. While it is away
 * everything is refused at once, and goes on by itself when it is back.
 */
import { ErrorReply } from 'redis';
import { type Clock, systemClock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import { luaNumberText } from '../embedded/number_text.ts';
import { defaultPrefix } from '../prefix.ts';
import { loadScripts } from '../scripts.ts';
import {
  type Reply,
  ScriptError,
  type ScriptName,
  type Store,
  StoreUnavailableError,
  type Subscriber,
} from '../store.ts';
import { ClockWatch } from './clock_watch.ts';
import { FlightLog, inFlightBusy } from './flight_log.ts';
import { MasterLink } from './master_link.ts';
import { MessageLink } from './message_link.ts';
import { connectRedis, type RedisAccess } from './redis_access.ts';
import type { RedisConnection } from './redis_connection.ts';
import { type Fault, faultOf, RedisSetupError } from './redis_fault.ts';
import { type Refusal, RefusalWatch } from './refusal_watch.ts';
import { type CachedScript, flagLines, ScriptCache } from './script_cache.ts';
import { checkServer, refuseMoving } from './server_check.ts';

export interface RedisStoreOptions {
  /** As `parseRedisUri` reads it. */
  readonly uri: string;
  /** KEYS[1] of every script. */
  readonly prefix?: string;
  /** Our time, which leases go by; compared with that of Redis. */
  readonly clock: Clock;
  /** The time that waiting for Redis goes by; the real one unless a test says otherwise. */
  readonly linkClock?: Clock;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Told of each script that Redis answered how long that took, in ms. */
  readonly onCommit?: (ms: number) => void;
  /** Scripts besides those of `lua/`, by name; for tests. */
  readonly extraScripts?: Readonly<Record<ScriptName, string>>;
  /** Spreads reconnects; for tests. */
  readonly random?: () => number;
}

export class RedisStore implements Store {
  readonly #access: RedisAccess;
  readonly #prefix: string;
  readonly #log: RedisStoreOptions['log'];
  readonly #onCommit: RedisStoreOptions['onCommit'];
  readonly #linkClock: Clock;
  readonly #scripts: ScriptCache;
  readonly #commands: MasterLink;
  readonly #messages: MessageLink;
  readonly #clocks: ClockWatch;
  readonly #refusals: RefusalWatch;
  readonly #subscribers = new Set<Subscriber>();
  readonly #flights = new FlightLog();
  #wasAway = false;
  #isChecked = false;

  /** Use `openRedisStore`. */
  constructor(options: RedisStoreOptions) {
    const { linkClock = systemClock, random = Math.random, prefix = defaultPrefix } = options;
    const { uri, log, extraScripts = {} } = options;
    this.#access = connectRedis(uri, linkClock);
    if (this.#access.target.kind === 'cluster' && !/\{[^}]+\}/.test(prefix)) {
      throw new RedisSetupError(
        'in a Redis Cluster the key prefix needs braces, for example {inngest}, to keep all keys on one node',
      );
    }
    this.#prefix = prefix;
    this.#log = log;
    this.#onCommit = options.onCommit;
    this.#linkClock = linkClock;
    this.#scripts = new ScriptCache(new Map([...loadScripts(), ...Object.entries(extraScripts)]));
    const link = { access: this.#access, prefix, clock: linkClock, random };
    this.#commands = new MasterLink({
      ...link,
      prepare: (connection) => this.#prepare(connection),
      onReady: (connection) => this.#isReady(connection),
      onAway: (reason) => this.#isAway(reason),
    });
    const canRunScripts = () => this.#commands.connection !== undefined;
    this.#messages = new MessageLink({ ...link, log, tell: this.#tell, canRunScripts });
    const warn = (text: string) => log.warn(text, this.#where());
    this.#clocks = new ClockWatch({ clock: options.clock, linkClock, warn });
    this.#refusals = new RefusalWatch({
      clock: linkClock,
      probe: (refusal) => this.#probe(refusal),
      onStart: ({ text }) =>
        log.error(
          `Redis refuses scripts: ${text}; new events are refused until it runs them`,
          this.#where(),
        ),
      onEnd: () => {
        log.info('Redis runs scripts again', this.#where());
        this.#resync();
      },
    });
  }

  /** Connects, having looked at how the server is set up. */
  async open(): Promise<void> {
    try {
      await this.#commands.start();
      await this.#messages.start();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async #prepare(connection: RedisConnection): Promise<void> {
    if (!this.#isChecked) {
      await refuseMoving(connection, this.#prefix);
      const remarks = await checkServer(connection);
      for (const { level, text } of remarks) this.#log[level](text, this.#where());
      this.#isChecked = true;
    }
    await Promise.all([
      this.#scripts.loadAll(connection, this.#prefix),
      this.#clocks.compare(connection),
    ]);
  }

  async run(name: ScriptName, args: readonly (string | number)[]): Promise<Reply> {
    const script = this.#scripts.get(name);
    if (!script) throw new ScriptError(name, 'there is no script of this name in lua/');
    const connection = this.#commands.connection;
    if (!connection || this.#flights.isFull) throw this.#unavailable();
    const command = ['EVALSHA', script.sha, '1', this.#prefix];
    for (const arg of args) command.push(typeof arg === 'string' ? arg : luaNumberText(arg));
    const flight = this.#flights.start(sizeOf(command));
    const sentMs = performance.now();
    try {
      const reply = await connection.sendCommand(command);
      this.#onCommit?.(performance.now() - sentMs);
      this.#refusals.noteSuccess();
      return withoutErrors(reply);
    } catch (error) {
      return await this.#recover(connection, script, command, error);
    } finally {
      this.#flights.end(flight);
    }
  }

  /** What Redis has answered is as durable as Redis makes it; what it has not answered is waited for. */
  async settled(): Promise<void> {
    if (!this.#commands.connection) throw this.#unavailable();
    if (this.#flights.count > 0) await this.#flights.landed();
  }

  subscribe(subscriber: Subscriber): () => void {
    // The same function may be given twice; each subscription is its own.
    const own: Subscriber = (channel, message) => subscriber(channel, message);
    this.#subscribers.add(own);
    return () => this.#subscribers.delete(own);
  }

  trouble(): string | null {
    const { shown } = this.#access.target;
    const absence = this.#commands.absence;
    if (absence) {
      const seconds = Math.max(0, Math.round((this.#linkClock.now() - absence.sinceMs) / 1000));
      return (
        `Redis at ${shown} has been away for ${seconds} s: ${absence.reason}. New events are refused; ` +
        'work goes on by itself when it is back'
      );
    }
    const { refusal } = this.#refusals;
    if (refusal) {
      return `Redis at ${shown} takes no writes: ${refusal.text}. New events are refused until it does`;
    }
    if (!this.#flights.isBusy) return null;
    return (
      `Redis at ${shown} does not keep up: ${this.#flights.count} scripts wait for its answer ` +
      `(more than ${inFlightBusy}, or too many bytes). New events are refused until it has caught up`
    );
  }

  async close(): Promise<void> {
    // What Redis is working on is still answered; a Redis that is away is not waited for.
    if (this.#commands.connection) await this.#flights.landed().catch(() => {});
    this.#flights.fail('this server closes its connection to Redis');
    this.#commands.close();
    this.#messages.close();
    this.#clocks.stop();
    this.#refusals.stop();
    this.#subscribers.clear();
  }

  /** A command failed: the script is taught and run again, or the caller is told what it means. */
  async #recover(
    connection: RedisConnection,
    script: CachedScript,
    command: readonly string[],
    error: unknown,
  ): Promise<Reply> {
    const fault = faultOf(error);
    if (fault.kind !== 'refused' || fault.code !== 'NOSCRIPT') {
      throw this.#explain(connection, script.name, fault, error);
    }
    try {
      // The script goes ahead on the same connection: Redis has it when the command arrives.
      const loaded = this.#scripts.reload(connection, script);
      const [reply] = await Promise.all([connection.sendCommand(command), loaded]);
      return withoutErrors(reply);
    } catch (again) {
      throw this.#explain(connection, script.name, faultOf(again), again);
    }
  }

  #explain(connection: RedisConnection, name: ScriptName, fault: Fault, cause: unknown): Error {
    if (cause instanceof ScriptError) return cause;
    if (fault.kind === 'script') return new ScriptError(name, messageOf(name, fault));
    const { shown } = this.#access.target;
    if (fault.kind === 'broken') {
      return new StoreUnavailableError(
        `the connection to Redis at ${shown} broke (${fault.text}); whether script ${name} ran is not known`,
        { cause },
      );
    }
    this.#noteRefusal(connection, fault);
    return new StoreUnavailableError(`Redis at ${shown} refused script ${name}: ${fault.text}`, {
      cause,
    });
  }

  #noteRefusal(connection: RedisConnection, refusal: Refusal): void {
    if (refusal.isMisplaced) connection.break(new Error(refusal.text));
    else if (connection === this.#commands.connection) this.#refusals.note(refusal);
  }

  /** Rejects for as long as the refusal lasts. */
  async #probe({ code }: Refusal): Promise<void> {
    const connection = this.#commands.connection;
    if (!connection) throw this.#unavailable();
    try {
      await this.#scripts.probe(connection, this.#prefix, code);
    } catch (error) {
      const fault = faultOf(error);
      if (fault.kind === 'refused') this.#noteRefusal(connection, fault);
      throw error;
    }
  }

  #unavailable(): StoreUnavailableError {
    return new StoreUnavailableError(
      this.trouble() ?? `Redis at ${this.#access.target.shown} cannot be used now`,
    );
  }

  #isReady(connection: RedisConnection): void {
    this.#clocks.start(connection);
    if (!this.#wasAway) return;
    this.#wasAway = false;
    this.#log.info('Redis is back', this.#where());
    this.#resync();
  }

  #isAway(reason: string): void {
    this.#wasAway = true;
    this.#clocks.stop();
    this.#refusals.stop();
    this.#log.error(
      `Redis is away: ${reason}; new events are refused until it is back`,
      this.#where(),
    );
    this.#flights.fail(`Redis at ${this.#access.target.shown} is away: ${reason}`);
  }

  #where() {
    return { redis: this.#access.target.shown };
  }

  /** Whatever is kept alive by writing (leases) was not. */
  #resync(): void {
    this.#tell(`${this.#prefix}:resync`, '');
  }

  readonly #tell: Subscriber = (channel, message) => {
    for (const subscriber of this.#subscribers) subscriber(channel, message);
  };
}

/**
 * Connects to Redis. Throws `RedisUriError` for a URI that cannot be read, `RedisSetupError` for a server that can never
 * be used (wrong password, missing permission, too old), and an error that says why when Redis is not there within 5 s.
 * Before it resolves nobody can hear `resync` or `missed`: whoever starts looks at everything anyway, and gives those
 * whose leases seem to have run out a grace of its own, for they may have found Redis again no sooner.
 */
export async function openRedisStore(options: RedisStoreOptions): Promise<RedisStore> {
  const store = new RedisStore(options);
  await store.open();
  return store;
}

/** Throws the first error in a list: a script that answers one has failed. */
function withoutErrors(reply: Reply): Reply {
  if (reply instanceof ErrorReply) throw reply;
  if (Array.isArray(reply)) for (const item of reply) withoutErrors(item);
  return reply;
}

/** An error as the embedded engine words it: with the script's name and line. */
function messageOf(
  name: ScriptName,
  { message, line }: Extract<Fault, { kind: 'script' }>,
): string {
  const raised = /^ERR user_script:(\d+): ([\s\S]*)$/.exec(message);
  if (raised) return `${name}:${Number(raised[1]) - flagLines}: ${raised[2]}`;
  return line === null ? message : `${message} (${name}:${line - flagLines})`;
}

/** The size of a command in memory, roughly: most text is ASCII. */
function sizeOf(command: readonly string[]): number {
  let bytes = 0;
  for (const arg of command) bytes += arg.length;
  return bytes;
}
