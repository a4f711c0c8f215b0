/**
 * One connection to one Redis server. It lives until it breaks and is then replaced, never repaired: what was in
 * flight is rejected at once, and a server that stops answering counts as broken.
 */
import { readFile } from 'node:fs/promises';
import { createClient, DisconnectsClientError } from 'redis';
import type { Clock, Timer } from '../../lib/clock.ts';
import type { Reply, Subscriber } from '../store.ts';
import { RedisSetupError } from './redis_fault.ts';
import type { RedisAddress, RedisLogin, RedisTarget, RedisTls } from './redis_uri.ts';

const connectMsDefault = 5_000;
const tickMs = 1_000;
/** A server that has something to answer and stays silent for this many ticks is gone. */
const silentTicksMax = 5;
/** With nothing to do, a PING this often finds out whether anybody is there. */
const idleMs = 5_000;

export interface ConnectionOptions {
  readonly address: RedisAddress;
  readonly login: RedisLogin;
  readonly tls: RedisTls | null;
  readonly database: number;
  readonly clock: Clock;
  /** How long connecting, TLS and login together may take. */
  readonly connectMsMax?: number;
}

type Client = ReturnType<typeof makeClient>;

export class RedisConnection {
  readonly address: RedisAddress;
  readonly #client: Client;
  readonly #clock: Clock;
  #timer: Timer | undefined;
  #brokenBy: Error | undefined;
  #onBroken: ((reason: Error) => void) | undefined;
  #inFlight = 0;
  #answers = 0;
  #answersAtTick = 0;
  #silentTicks = 0;
  /** Whether the next look is far off, because nothing happens. */
  #isIdle = false;

  private constructor(client: Client, { address, clock }: ConnectionOptions) {
    this.address = address;
    this.#client = client;
    this.#clock = clock;
    client.on('error', (error: Error) => this.break(error));
    this.#watch(tickMs);
  }

  /** Resolves once the server has let us in. Rejects with what it, or the network, said. */
  static async open(options: ConnectionOptions): Promise<RedisConnection> {
    const { clock, connectMsMax = connectMsDefault } = options;
    const client = makeClient(options, await socketOf(options));
    let failed: Error | undefined;
    client.on('error', (error: Error) => {
      failed ??= error;
    });
    const tooLate = Promise.withResolvers<never>();
    const timer = clock.at(clock.now() + connectMsMax, () =>
      tooLate.reject(new Error(`no answer for ${connectMsMax / 1000} s`)),
    );
    try {
      await Promise.race([client.connect(), tooLate.promise]);
    } catch (error) {
      client.destroy();
      throw failed ?? error;
    } finally {
      timer.cancel();
    }
    return new RedisConnection(client, options);
  }

  /** Null while the connection is good. */
  get brokenBy(): Error | null {
    return this.#brokenBy ?? null;
  }

  /** Commands of one turn of the event loop leave together. Rejects with Redis' `ErrorReply` or why it broke. */
  sendCommand(args: readonly string[]): Promise<Reply> {
    if (this.#brokenBy) return Promise.reject(this.#brokenBy);
    this.#takeOff();
    return this.#client.sendCommand<Reply>(args).then(this.#answered, this.#refused);
  }

  /** Hears what is published on channels that match a glob pattern, for as long as the connection lives. */
  async subscribe(pattern: string, subscriber: Subscriber): Promise<void> {
    this.#takeOff();
    await this.#client
      .pSubscribe(pattern, (message, channel) => subscriber(channel, message))
      .then(() => this.#answered(null), this.#refused);
  }

  /** Calls back once, soon, when the connection is or gets broken. `close` does not count. */
  whenBroken(listener: (reason: Error) => void): void {
    const reason = this.#brokenBy;
    if (reason) queueMicrotask(() => listener(reason));
    else this.#onBroken = listener;
  }

  /** Gives the connection up: what is in flight is rejected. */
  break(reason: Error): void {
    if (this.#brokenBy) return;
    const listener = this.#onBroken;
    this.#end(reason);
    listener?.(reason);
  }

  close(): void {
    if (!this.#brokenBy) this.#end(new Error('the connection was closed by this server'));
  }

  #end(reason: Error): void {
    this.#brokenBy = reason;
    this.#onBroken = undefined;
    this.#timer?.cancel();
    this.#client.destroy();
  }

  readonly #answered = (reply: Reply): Reply => {
    this.#inFlight -= 1;
    this.#answers += 1;
    return reply;
  };

  readonly #refused = (error: unknown): never => {
    this.#inFlight -= 1;
    this.#answers += 1;
    // A command that the end of the connection rejected is told why it ended.
    throw error instanceof DisconnectsClientError ? (this.#brokenBy ?? error) : error;
  };

  #takeOff(): void {
    this.#inFlight += 1;
    if (!this.#isIdle) return;
    this.#isIdle = false;
    this.#watch(tickMs);
  }

  #watch(afterMs: number): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.at(this.#clock.now() + afterMs, () => this.#tick());
  }

  /** Counts ticks instead of time: a pause of this process is not held against the server. */
  #tick(): void {
    const isSilent = this.#answers === this.#answersAtTick;
    this.#answersAtTick = this.#answers;
    if (this.#inFlight > 0) {
      this.#silentTicks = isSilent ? this.#silentTicks + 1 : 0;
      if (this.#silentTicks < silentTicksMax) this.#watch(tickMs);
      else this.break(new Error(`no answer for ${(silentTicksMax * tickMs) / 1000} s`));
      return;
    }
    this.#silentTicks = 0;
    if (this.#isIdle) {
      // Refusals are answers, too; a broken connection has told its listener.
      this.sendCommand(['PING']).catch(() => {});
      return;
    }
    this.#isIdle = isSilent;
    this.#watch(isSilent ? idleMs : tickMs);
  }
}

/** Opens a connection as a target's URI asks for it. */
export function connectionTo(
  address: RedisAddress,
  { login, tls, database }: RedisTarget,
  clock: Clock,
  connectMsMax?: number,
): Promise<RedisConnection> {
  return RedisConnection.open({ address, login, tls, database, clock, connectMsMax });
}

function makeClient({ login, database }: ConnectionOptions, socket: SocketOptions) {
  return createClient({
    // Lua's false and nil arrive as null, as they do from the embedded engine.
    RESP: 2,
    socket,
    ...(login.user !== undefined && { username: login.user }),
    ...(login.password !== undefined && { password: login.password }),
    database,
    disableOfflineQueue: true,
    clientInfoTag: 'inngest',
    maintNotifications: 'disabled',
  });
}

type SocketOptions = Awaited<ReturnType<typeof socketOf>>;

async function socketOf({ address, tls }: ConnectionOptions) {
  const life = { reconnectStrategy: false as const, connectTimeout: connectMsDefault };
  if ('path' in address) return { ...life, path: address.path, tls: false as const };
  const { host, port } = address;
  if (!tls) return { ...life, host, port };
  const [ca, cert, key] = await Promise.all([tls.caFile, tls.certFile, tls.keyFile].map(readPem));
  return {
    ...life,
    host,
    port,
    tls: true as const,
    rejectUnauthorized: !tls.isInsecure,
    ...(tls.serverName !== undefined && { servername: tls.serverName }),
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  };
}

async function readPem(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new RedisSetupError(
      `cannot read ${file}, which the Redis URI names; check the path and who may read it`,
      { cause },
    );
  }
}
