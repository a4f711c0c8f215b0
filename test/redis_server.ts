/**
 * A real Redis or Valkey server of a test's own: a free port, a folder of its own, and the ways a server goes away
 * (asked to, killed, frozen) and comes back.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createClient } from 'redis';
import { eventually } from './eventually.ts';
import { freePort } from './free_port.ts';

export type RedisFlavour = 'redis' | 'valkey';

const executables = { redis: 'redis-server', valkey: 'valkey-server' } as const;

export interface RedisServerOptions {
  readonly flavour?: RedisFlavour;
  /** Everything is on disk before it is answered, as a restart in the middle of a test needs it. */
  readonly isDurable?: boolean;
  /** Further arguments of the server, for example `--requirepass secret`. */
  readonly args?: readonly string[];
  /** How a test reaches it; for servers that want a password or TLS. */
  readonly urlOf?: (port: number, directory: string) => string;
}

/** Whether this machine has the server. `npm test` installs both where it may. */
export function hasRedis(flavour: RedisFlavour): boolean {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.some((folder) => existsSync(join(folder, executables[flavour])));
}

export class RedisServer {
  private child: Bun.Subprocess | undefined;

  private constructor(
    private readonly options: RedisServerOptions,
    readonly port: number,
    readonly directory: string,
  ) {}

  /** Resolves once the server takes connections. */
  static async start(options: RedisServerOptions = {}): Promise<RedisServer> {
    const directory = await mkdtemp(join(tmpdir(), 'inngest-redis-'));
    const server = new RedisServer(options, await freePort(), directory);
    try {
      await server.resume();
    } catch (error) {
      await server.dispose();
      throw error;
    }
    return server;
  }

  get url(): string {
    return this.options.urlOf?.(this.port, this.directory) ?? `redis://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    if (!this.child) throw new Error('the Redis server is not running');
    return this.child.pid;
  }

  /** Starts the server again, on the same port and folder, after `kill`. */
  async resume(): Promise<void> {
    const { flavour = 'redis', isDurable = false, args = [] } = this.options;
    const durable = ['--appendonly', 'yes', '--appendfsync', 'always'];
    const log = Bun.file(join(this.directory, 'server.log'));
    const child = Bun.spawn(
      [
        executables[flavour],
        ...['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.directory],
        ...['--save', '', ...(isDurable ? durable : ['--appendonly', 'no'])],
        ...args,
      ],
      { cwd: this.directory, stdin: 'ignore', stdout: log, stderr: log },
    );
    this.child = child;
    const end = () => child.kill('SIGKILL');
    process.once('exit', end);
    void child.exited.then(() => process.off('exit', end));
    await eventually(() => child.exitCode !== null || isAnswering(this.url), {
      intervalMs: 5,
      what: 'a Redis server that answers',
    });
    if (child.exitCode !== null) {
      throw new Error(`the Redis server ended with ${child.exitCode}: ${await log.text()}`);
    }
  }

  /** Ends the server at once (SIGKILL). */
  async kill(): Promise<void> {
    const child = this.child;
    this.child = undefined;
    child?.kill('SIGKILL');
    await child?.exited;
  }

  /** Keeps its connections open and answers nothing any more. */
  freeze(): void {
    process.kill(this.pid, 'SIGSTOP');
  }

  thaw(): void {
    process.kill(this.pid, 'SIGCONT');
  }

  async dispose(): Promise<void> {
    await this.kill();
    await rm(this.directory, { recursive: true, force: true });
  }
}

async function isAnswering(url: string): Promise<boolean> {
  const client = createClient({
    url,
    disableClientInfo: true,
    socket: {
      reconnectStrategy: false,
      connectTimeout: 1_000,
      // Tests with TLS sign their own certificates.
      ...(url.startsWith('rediss:') && { tls: true as const, rejectUnauthorized: false }),
    },
  });
  client.on('error', () => {});
  try {
    await client.connect();
    // While it loads its file it takes connections and refuses commands.
    await client.ping();
    return true;
  } catch {
    return false;
  } finally {
    if (client.isOpen) client.destroy();
  }
}
