/** Sentinel: the master is found, and found again after a failover. */
import { expect, test } from 'bun:test';
import { connectRedis } from '../../../src/store/redis/redis_access.ts';
import { StoreUnavailableError } from '../../../src/store/store.ts';
import { eventually } from '../../eventually.ts';
import { freePort } from '../../free_port.ts';
import { masterName, RedisSentinel } from '../../redis_sentinel.ts';
import { hear, hearWake, RedisBed, rejection, setReplicated, tell } from './redis_bed.ts';

const bed = new RedisBed();

test('when the master dies, work goes on with the new one by itself', async () => {
  const sentinel = bed.keep(await RedisSentinel.start('secret'));
  // One of the Sentinels is never there.
  const uri = `redis+sentinel://:secret@127.0.0.1:${await freePort()},127.0.0.1:${sentinel.port}/${masterName}`;
  const store = await bed.store(uri);
  const heard = hear(store);
  await setReplicated(uri, '{bed}:kept', 'yes');
  await sentinel.master.kill();
  await eventually(() => store.trouble());
  expect(store.trouble()).toStartWith('Redis at redis+sentinel://127.0.0.1:');
  expect(await rejection(store.run('bed_one', []))).toBeInstanceOf(StoreUnavailableError);

  await eventually(() => store.trouble() === null, { deadlineMs: 20_000 });
  expect(await store.run('bed_call', ['GET', 'kept'])).toBe('yes');
  expect(await store.run('bed_call', ['SET', 'kept', 'on'])).toBe('OK');
  await hearWake(store, heard);
  expect(heard.filter((line) => line === '{bed}:resync ')).toHaveLength(1);
  expect(heard).toContain('{bed}:missed ');
  const connection = await connectRedis(uri).masterOf('{bed}');
  expect(connection.address).toEqual({ host: '127.0.0.1', port: sentinel.replica.port });
  connection.close();

  const unknown = rejection(bed.store(uri.replace(masterName, 'nobody')));
  expect((await unknown).message).toContain('watches no master called nobody');
}, 30_000);

test('when a failover has lost writes, resync is told', async () => {
  const sentinel = bed.keep(await RedisSentinel.start('secret'));
  const uri = `redis+sentinel://:secret@127.0.0.1:${sentinel.port}/${masterName}`;
  const store = await bed.store(uri);
  const heard = hear(store);
  await setReplicated(uri, '{bed}:kept', 'yes');
  // The replica cannot follow its master any more.
  await tell(sentinel.replica, 'CONFIG', 'SET', 'masterauth', 'wrong');
  await tell(sentinel.replica, 'CLIENT', 'KILL', 'TYPE', 'master');
  await store.run('bed_call', ['SET', 'lost', 'yes']);
  expect(heard).toEqual([]);
  await sentinel.master.kill();
  await eventually(() => heard.includes('{bed}:resync '), { deadlineMs: 20_000 });
  expect(store.trouble()).toBeNull();
  expect(await store.run('bed_call', ['GET', 'kept'])).toBe('yes');
  expect(await store.run('bed_call', ['GET', 'lost'])).toBeNull();
}, 30_000);

test('when another server is made the master while all are well, work moves there by itself', async () => {
  const sentinel = bed.keep(await RedisSentinel.start());
  const store = await bed.store(`redis+sentinel://127.0.0.1:${sentinel.port}/${masterName}`);
  const heard = hear(store);
  await store.run('bed_call', ['SET', 'x', '1']);
  await sentinel.switchMaster();
  await eventually(() => heard.includes('{bed}:resync '), { deadlineMs: 20_000 });
  await eventually(() => store.run('bed_call', ['SET', 'x', '2']), { deadlineMs: 20_000 });
  const connection = await connectRedis(sentinel.replica.url).masterOf('{bed}');
  expect(await connection.sendCommand(['GET', '{bed}:x'])).toBe('2');
  connection.close();
}, 30_000);
