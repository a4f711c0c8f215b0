/** A master, a replica and a Sentinel of a test's own; the Sentinel makes the replica the master when the master dies. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from 'redis';
import { eventually } from './eventually.ts';
import { freePort } from './free_port.ts';
import { RedisServer } from './redis_server.ts';

export const masterName = 'mymaster';

/** How soon the Sentinel takes a silent master for dead; below its own interval of a second it sees ghosts. */
const downAfterMs = 1_000;

export class RedisSentinel {
  private constructor(
    readonly master: RedisServer,
    readonly replica: RedisServer,
    private readonly directory: string,
    private readonly child: Bun.Subprocess,
    readonly port: number,
  ) {}

  /** Resolves once the replica follows the master and the Sentinel knows both. */
  static async start(password?: string): Promise<RedisSentinel> {
    const auth = password ? ['--requirepass', password, '--masterauth', password] : [];
    const prompt = ['--repl-diskless-sync-delay', '0'];
    const urlOf = (at: number): string =>
      `redis://${password ? `:${password}@` : ''}127.0.0.1:${at}`;
    const master = await RedisServer.start({ args: [...auth, ...prompt], urlOf });
    const replica = await RedisServer.start({
      args: [...auth, ...prompt, '--replicaof', '127.0.0.1', String(master.port)],
      urlOf,
    });
    // A Sentinel that finds the replica at its first look need not wait ten seconds for the next.
    await eventually(() => isFollowing(replica), { what: 'a replica that follows its master' });
    const directory = await mkdtemp(join(tmpdir(), 'inngest-sentinel-'));
    const port = await freePort();
    const config = join(directory, 'sentinel.conf');
    await Bun.write(
      config,
      [
        `port ${port}`,
        'bind 127.0.0.1',
        `dir ${directory}`,
        `sentinel monitor ${masterName} 127.0.0.1 ${master.port} 1`,
        `sentinel down-after-milliseconds ${masterName} ${downAfterMs}`,
        `sentinel failover-timeout ${masterName} 5000`,
        ...(password ? [`sentinel auth-pass ${masterName} ${password}`] : []),
        '',
      ].join('\n'),
    );
    const log = Bun.file(join(directory, 'sentinel.log'));
    const child = Bun.spawn(['redis-server', config, '--sentinel'], {
      stdin: 'ignore',
      stdout: log,
      stderr: log,
    });
    process.once('exit', () => child.kill('SIGKILL'));
    const sentinel = new RedisSentinel(master, replica, directory, child, port);
    try {
      await eventually(() => sentinel.knowsReplica(), {
        what: 'a Sentinel that knows the replica',
      });
    } catch (error) {
      await sentinel.dispose();
      throw error;
    }
    return sentinel;
  }

  /** Has the replica made the master, with both alive; resolves once it is. */
  async switchMaster(): Promise<void> {
    await ask(this.url, ['SENTINEL', 'FAILOVER', masterName]);
    await eventually(
      async () =>
        (await ask<string>(this.replica.url, ['INFO', 'replication'])).includes('role:master'),
      { deadlineMs: 20_000 },
    );
  }

  async dispose(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.child.exited;
    await Promise.all([this.master.dispose(), this.replica.dispose()]);
    await rm(this.directory, { recursive: true, force: true });
  }

  private get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  private async knowsReplica(): Promise<boolean> {
    const reply = await ask<string[][]>(this.url, ['SENTINEL', 'REPLICAS', masterName]);
    const [fields = []] = reply;
    return fields[fields.indexOf('master-link-status') + 1] === 'ok';
  }
}

async function isFollowing(replica: RedisServer): Promise<boolean> {
  return (await ask<string>(replica.url, ['INFO', 'replication'])).includes('link_status:up');
}

async function ask<T>(url: string, command: string[]): Promise<T> {
  const client = createClient({ url, RESP: 2 });
  client.on('error', () => {});
  try {
    await client.connect();
    return await client.sendCommand<T>(command);
  } finally {
    if (client.isOpen) client.destroy();
  }
}
