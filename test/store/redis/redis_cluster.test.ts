/** Redis Cluster: the node that holds our hash slot is found, and found again when another one holds it. */
import { beforeAll, describe, expect, test } from 'bun:test';
import { connectRedis } from '../../../src/store/redis/redis_access.ts';
import { StoreUnavailableError } from '../../../src/store/store.ts';
import { eventually } from '../../eventually.ts';
import { RedisCluster } from '../../redis_cluster.ts';
import { hasRedis, type RedisServer } from '../../redis_server.ts';
import { hear, hearWake, RedisBed, rejection, setReplicated } from './redis_bed.ts';

const uriOf = (node: RedisServer | undefined): string => `redis+cluster://127.0.0.1:${node?.port}`;

describe.each((['redis', 'valkey'] as const).filter(hasRedis))('on %s', (flavour) => {
  const bed = new RedisBed();
  let cluster: RedisCluster;

  beforeAll(async () => {
    cluster = bed.keep(await RedisCluster.start({ flavour }));
  }, 20_000);

  test('work goes to the node that holds the slot, whichever was asked, and messages come from it', async () => {
    for (const [index, node] of cluster.masters.entries()) {
      const prefix = `{bed${index}}`;
      const store = await bed.store(uriOf(node), { prefix });
      const heard = hear(store);
      expect(await store.run('bed_call', ['SET', 'x', 'y'])).toBe('OK');
      await store.run('bed_publish', ['wake', 'up']);
      await eventually(() => heard.includes(`${prefix}:wake up`));
      const connection = await connectRedis(uriOf(node)).masterOf(prefix);
      const { master } = await cluster.holderOf(prefix);
      expect(connection.address).toEqual({ host: '127.0.0.1', port: master.port });
      const scan = ['SCAN', '0', 'MATCH', `${prefix}*`];
      expect(await connection.sendCommand(scan)).toEqual(['0', [`${prefix}:x`]]);
      connection.close();
    }
  });

  test('work follows its slot to another node', async () => {
    const store = await bed.store(uriOf(cluster.masters[0]));
    const { master } = await cluster.holderOf('{bed}');
    const other = cluster.masters.find((node) => node !== master);
    const heard = hear(store);
    await store.run('bed_one', []);
    await moveSlot(master, other);
    const error = await eventually(async () => {
      const outcome = await store.run('bed_one', []).catch((failure: unknown) => failure);
      return outcome instanceof Error && outcome;
    });
    expect(error).toBeInstanceOf(StoreUnavailableError);
    expect(await eventually(() => store.run('bed_call', ['SET', 'x', 'y']))).toBe('OK');
    await eventually(() => heard.includes('{bed}:resync '));
    await hearWake(store, heard);
  }, 20_000);
});

describe('with replicas', () => {
  const bed = new RedisBed();

  test('when a master dies, work goes on with its replica by itself', async () => {
    const cluster = bed.keep(await RedisCluster.start({ hasReplicas: true }));
    const { master, replica } = await cluster.holderOf('{bed}');
    const store = await bed.store(uriOf(master));
    await setReplicated(uriOf(master), '{bed}:x', 'y');
    await master.kill();
    await eventually(() => store.trouble());
    expect(await rejection(store.run('bed_one', []))).toBeInstanceOf(StoreUnavailableError);
    // The node of the URI is dead: the others were learnt from it.
    await eventually(() => store.trouble() === null, { deadlineMs: 20_000 });
    expect(await store.run('bed_call', ['GET', 'x'])).toBe('y');
    const connection = await connectRedis(uriOf(replica)).masterOf('{bed}');
    expect(connection.address).toEqual({ host: '127.0.0.1', port: replica?.port ?? 0 });
    connection.close();
  }, 30_000);
});

/** Gives the slot of `{bed}`, which is empty, to another node. */
async function moveSlot(from: RedisServer, to: RedisServer | undefined): Promise<void> {
  if (!to) throw new Error('there is no other node');
  const ask = async (node: RedisServer, ...command: string[]): Promise<string> => {
    const connection = await connectRedis(node.url).masterOf('{bed}');
    const reply = await connection.sendCommand(command);
    connection.close();
    return String(reply);
  };
  const slot = await ask(to, 'CLUSTER', 'KEYSLOT', '{bed}');
  const id = await ask(to, 'CLUSTER', 'MYID');
  const setSlot = (node: RedisServer, ...what: string[]) =>
    ask(node, 'CLUSTER', 'SETSLOT', slot, ...what);
  // In this order no claim of the old owner can undo what was told the new one.
  await setSlot(to, 'IMPORTING', await ask(from, 'CLUSTER', 'MYID'));
  await setSlot(from, 'MIGRATING', id);
  await setSlot(to, 'NODE', id);
  await setSlot(from, 'NODE', id);
}
