/** A Redis Cluster of a test's own: three masters, each with a third of the hash slots, and a replica of each if asked. */
import { createClient } from 'redis';
import { eventually } from './eventually.ts';
import { type RedisFlavour, RedisServer } from './redis_server.ts';

const slots = 16_384;
const masterCount = 3;
/** How soon the others take a silent node for dead. */
const nodeTimeoutMs = 500;

export interface RedisClusterOptions {
  readonly flavour?: RedisFlavour;
  readonly hasReplicas?: boolean;
}

export class RedisCluster {
  private constructor(
    readonly masters: readonly RedisServer[],
    readonly replicas: readonly RedisServer[],
  ) {}

  /** Resolves once every node says that the cluster is whole. */
  static async start({
    flavour,
    hasReplicas = false,
  }: RedisClusterOptions = {}): Promise<RedisCluster> {
    const args = ['--cluster-enabled', 'yes', '--cluster-node-timeout', String(nodeTimeoutMs)];
    const count = hasReplicas ? masterCount * 2 : masterCount;
    const starting = Array.from({ length: count }, () =>
      RedisServer.start({ flavour, args: [...args, '--repl-diskless-sync-delay', '0'] }),
    );
    const settled = await Promise.allSettled(starting);
    const nodes = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const cluster = new RedisCluster(nodes.slice(0, masterCount), nodes.slice(masterCount));
    try {
      const failed = settled.find((one) => one.status === 'rejected');
      if (failed) throw failed.reason;
      await cluster.join();
    } catch (error) {
      await cluster.dispose();
      throw error;
    }
    return cluster;
  }

  get nodes(): readonly RedisServer[] {
    return [...this.masters, ...this.replicas];
  }

  /** The master and, if there is one, the replica that hold a key. */
  async holderOf(key: string): Promise<{ master: RedisServer; replica: RedisServer | undefined }> {
    const slot = Number(await command(this.nodes[0], ['CLUSTER', 'KEYSLOT', key]));
    const index = Math.min(masterCount - 1, Math.floor((slot * masterCount) / slots));
    const master = this.masters[index];
    if (!master) throw new Error(`no master holds slot ${slot}`);
    return { master, replica: this.replicas[index] };
  }

  async dispose(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.dispose()));
  }

  private async join(): Promise<void> {
    const [first, ...others] = this.nodes;
    for (const node of others) {
      await command(first, ['CLUSTER', 'MEET', '127.0.0.1', String(node.port)]);
    }
    const edge = (index: number): number => Math.ceil((index * slots) / masterCount);
    await Promise.all(
      this.masters.map((node, index) =>
        command(node, ['CLUSTER', 'ADDSLOTSRANGE', `${edge(index)}`, `${edge(index + 1) - 1}`]),
      ),
    );
    await this.everyNodeSays('cluster_known_nodes', String(this.nodes.length));
    await Promise.all(
      this.replicas.map(async (replica, index) => {
        const id = String(await command(this.masters[index], ['CLUSTER', 'MYID']));
        await eventually(() => command(replica, ['CLUSTER', 'REPLICATE', id]));
      }),
    );
    await this.everyNodeSays('cluster_state', 'ok');
    await Promise.all(
      this.replicas.map((replica) =>
        eventually(async () =>
          String(await command(replica, ['INFO', 'replication'])).includes('master_link_status:up'),
        ),
      ),
    );
  }

  private async everyNodeSays(field: string, value: string): Promise<void> {
    await Promise.all(
      this.nodes.map((node) =>
        eventually(async () =>
          String(await command(node, ['CLUSTER', 'INFO'])).includes(`${field}:${value}\r\n`),
        ),
      ),
    );
  }
}

async function command(node: RedisServer | undefined, args: string[]): Promise<unknown> {
  if (!node) throw new Error('the cluster has no such node');
  const client = createClient({ url: node.url, RESP: 2 });
  client.on('error', () => {});
  try {
    await client.connect();
    return await client.sendCommand(args);
  } finally {
    if (client.isOpen) client.destroy();
  }
}
