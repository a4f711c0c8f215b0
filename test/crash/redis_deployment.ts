/**
 * Servers on a Redis or Valkey of their own, which keeps everything on disk (AOF, always): either one of two servers is
 * killed again and again, or Redis is, and the one server stays up.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from 'redis';
import type { HistoryOptions } from '../../src/history/open_history.ts';
import { eventually } from '../eventually.ts';
import { PostgresServer } from '../postgres_server.ts';
import { type RedisFlavour, RedisServer } from '../redis_server.ts';
import { ServerProcess } from '../server_process.ts';
import { type Battlefield, type Deployment, untilBusy } from './deployment.ts';
import type { Random } from './random.ts';
import { leftoversOf } from './remains.ts';

const prefix = 'crash';
/** From a sign of work to a death, on average. */
const lifeMs = 200;
const awayMsMax = 1_000;
/** A lease of the last killed server's, a look for leases that ran out, and some more. */
const takeOverMs = 70_000;
/** One in so many times, Redis stays away until the server says so. */
const noticedOneIn = 4;

/** Enough for a server: one writes, one searches, one reads. */
const historyConnections = 3;
/** One in so many kills of a server, its PostgreSQL goes with it. */
const historyGoesOneIn = 5;

interface Parts {
  readonly redis: RedisServer;
  /** Null where history is in SQLite. */
  readonly postgres: PostgresServer | null;
  readonly postgresUri: string;
  readonly servers: readonly ServerProcess[];
  readonly dataDir: string;
}

async function openParts(
  flavour: RedisFlavour,
  count: number,
  isOnPostgres = false,
): Promise<Parts> {
  const redis = await RedisServer.start({ flavour, isDurable: true });
  const postgres = isOnPostgres ? await PostgresServer.start() : null;
  const postgresUri = (await postgres?.createDatabase('crash')) ?? '';
  const dataDir = await mkdtemp(join(tmpdir(), 'inngest-crash-'));
  const servers: ServerProcess[] = [];
  const history =
    postgres === null
      ? []
      : ['--postgres-uri', postgresUri, '--postgres-max-open-conns', String(historyConnections)];
  const parts = { redis, postgres, postgresUri, servers, dataDir };
  try {
    for (let number = 0; number < count; number += 1) {
      const args = ['--redis-uri', redis.url, '--redis-prefix', prefix, '--log-level', 'info'];
      servers.push(await ServerProcess.start({ dataDir, args: [...args, ...history] }));
    }
    return parts;
  } catch (error) {
    await disposeParts(parts);
    throw error;
  }
}

async function disposeParts({ redis, postgres, servers, dataDir }: Parts): Promise<void> {
  await Promise.all(servers.map((server) => server.dispose()));
  await redis.dispose();
  await postgres?.dispose();
  await rm(dataDir, { recursive: true, force: true });
}

/** A random instant, mostly one at which there is something to hit. */
async function instant(random: Random, field: Battlefield): Promise<void> {
  if (!random.isOneIn(4)) await untilBusy(field);
  // The instant of the kill is what is under test: nothing is waited for.
  await Bun.sleep(random.exponential(lifeMs));
}

abstract class RedisDeployment implements Deployment {
  abstract readonly name: string;

  constructor(protected readonly parts: Parts) {}

  get history(): HistoryOptions {
    const { postgres, postgresUri: uri, dataDir } = this.parts;
    return postgres === null
      ? { kind: 'sqlite', path: join(dataDir, 'history.db') }
      : { kind: 'postgres', uri, connectionsMax: historyConnections };
  }

  serverUrl(): string {
    const { servers } = this.parts;
    const server = servers[Math.floor(Math.random() * servers.length)];
    if (server === undefined) throw new Error('a deployment without a server');
    return server.url;
  }

  abstract strike(random: Random, field: Battlefield): Promise<void>;

  async recover(): Promise<void> {
    for (const server of this.parts.servers) {
      if (!server.isRunning) server.spawn();
      await server.whenHealthy();
    }
  }

  /** While servers run, leases and pointers go as their work does; then nothing may be left when they have ended. */
  async end(): Promise<readonly string[]> {
    const isClear = async () => {
      const { leaked, lingering } = leftoversOf(await this.#keys());
      return leaked.length + lingering.length === 0;
    };
    await eventually(isClear, { deadlineMs: takeOverMs, intervalMs: 500 }).catch(() => undefined);
    for (const server of this.parts.servers) {
      const code = await server.stop();
      if (code !== 0) throw new Error(`a server ended with ${code}, asked to by SIGTERM`);
    }
    return this.#keys();
  }

  async logs(): Promise<string> {
    const logs = await Promise.all(this.parts.servers.map((server) => server.logs()));
    return logs.join('\n--- the other server ---\n');
  }

  dispose(): Promise<void> {
    return disposeParts(this.parts);
  }

  /** The Redis is this suite's alone: whatever is in it is the servers'. */
  async #keys(): Promise<string[]> {
    const client = createClient({ url: this.parts.redis.url });
    await client.connect();
    try {
      const keys: string[] = [];
      for await (const found of client.scanIterator({ COUNT: 1_000 })) keys.push(...found);
      return [...new Set(keys)].map((key) => key.replace(/^\{?crash\}?:/, ''));
    } finally {
      client.destroy();
    }
  }
}

/** Two servers share a Redis; one of them dies. */
export class PairDeployment extends RedisDeployment {
  readonly name: string;
  readonly #comingBack = new Set<Promise<void>>();

  private constructor(parts: Parts, flavour: RedisFlavour) {
    super(parts);
    this.name = `two servers on ${flavour}${parts.postgres === null ? '' : ' and PostgreSQL'}`;
  }

  static async open(flavour: RedisFlavour = 'redis', isOnPostgres = false): Promise<Deployment> {
    return new PairDeployment(await openParts(flavour, 2, isOnPostgres), flavour);
  }

  async strike(random: Random, field: Battlefield): Promise<void> {
    await instant(random, field);
    const victim = this.parts.servers[random.between(0, 1)];
    if (!victim?.isRunning) return;
    field.onKill();
    await victim.kill();
    if (this.parts.postgres !== null && random.isOneIn(historyGoesOneIn)) {
      await this.parts.postgres.stop();
      await this.parts.postgres.resume();
    }
    const back = Bun.sleep(random.between(0, awayMsMax)).then(() => victim.spawn());
    this.#comingBack.add(back);
    void back.then(() => this.#comingBack.delete(back));
  }

  override async recover(): Promise<void> {
    await Promise.all(this.#comingBack);
    await super.recover();
  }
}

/** Redis dies under a server that stays up. */
export class RedisRestartDeployment extends RedisDeployment {
  readonly name: string;
  private constructor(parts: Parts, flavour: RedisFlavour) {
    super(parts);
    this.name = `a server on ${flavour}, which restarts`;
  }

  static async open(flavour: RedisFlavour = 'redis'): Promise<Deployment> {
    return new RedisRestartDeployment(await openParts(flavour, 1), flavour);
  }

  async strike(random: Random, field: Battlefield): Promise<void> {
    const { redis } = this.parts;
    await instant(random, field);
    field.onKill();
    await redis.kill();
    if (random.isOneIn(noticedOneIn)) await this.#noticed();
    else await Bun.sleep(random.between(0, awayMsMax / 2));
    await redis.resume();
  }

  /** The server is up, says that it is not ready, and why. */
  async #noticed(): Promise<void> {
    await eventually(
      async () => {
        const answer = await fetch(`${this.serverUrl()}/ready`);
        const text = await answer.text();
        return answer.status === 503 && /redis/i.test(text);
      },
      { what: 'a server that says that it is not ready because of Redis' },
    );
  }
}
