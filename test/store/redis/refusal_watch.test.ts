/** A Redis that answers and takes no writes: without replicas, disk or memory, or busy. */
import { expect, test } from 'bun:test';
import { connectRedis } from '../../../src/store/redis/redis_access.ts';
import { RefusalWatch } from '../../../src/store/redis/refusal_watch.ts';
import { StoreUnavailableError } from '../../../src/store/store.ts';
import { eventually } from '../../eventually.ts';
import { FakeClock } from '../../fake_clock.ts';
import { hear, RedisBed, rejection, tell } from './redis_bed.ts';

const bed = new RedisBed();

test('the end of a refusal is told within a second and a half, without any script', async () => {
  const server = await bed.server();
  const store = await bed.store(server.url);
  const heard = hear(store);
  await tell(server, 'CONFIG', 'SET', 'min-replicas-to-write', '1');
  const refused = await Promise.all([1, 2, 3].map(() => rejection(store.run('bed_one', []))));
  for (const error of refused) expect(error).toBeInstanceOf(StoreUnavailableError);
  expect(store.trouble()).toContain('takes no writes: Redis has fewer replicas than');
  await tell(server, 'CONFIG', 'SET', 'min-replicas-to-write', '0');
  await eventually(() => heard.includes('{bed}:resync '), { deadlineMs: 1_500 });
  expect(store.trouble()).toBeNull();
  expect(await store.run('bed_one', [])).toBe(1);
  expect(heard).toEqual(['{bed}:resync ']);
});

test('a refusal is remembered for as long as it lasts, and said once', async () => {
  const server = await bed.server();
  const linkClock = new FakeClock();
  const store = await bed.store(server.url, { linkClock });
  const heard = hear(store);
  bed.lines.length = 0;
  await tell(server, 'CONFIG', 'SET', 'min-replicas-to-write', '1');
  await rejection(store.run('bed_one', []));
  for (let second = 0; second < 10; second += 1) {
    linkClock.advance(1_000);
    // Answered after the probe, which went ahead of it.
    await rejection(store.run('bed_one', []));
    expect(store.trouble()).toContain('min-replicas-to-write');
  }
  expect(heard).toEqual([]);
  await tell(server, 'CONFIG', 'SET', 'min-replicas-to-write', '0');
  linkClock.advance(1_000);
  await eventually(() => heard.length > 0);
  expect(heard).toEqual(['{bed}:resync ']);
  expect(bed.lines.map(({ level, text }) => `${level} ${text.slice(0, 28)}`)).toEqual([
    'error Redis refuses scripts: Redis',
    'info Redis runs scripts again',
  ]);
  // Nothing is probed any more.
  linkClock.advance(3_000);
  await store.run('bed_one', []);
  expect(heard).toEqual(['{bed}:resync ']);
});

test('a permission that is taken away refuses until it is given back', async () => {
  const server = await bed.server({
    args: ['--user', 'ann', 'on', '>x', '+@all', '~*', '&*'],
  });
  const linkClock = new FakeClock();
  const store = await bed.store(`redis://ann:x@127.0.0.1:${server.port}`, { linkClock });
  const heard = hear(store);
  await tell(server, 'ACL', 'SETUSER', 'ann', '-evalsha');
  for (let second = 0; second < 3; second += 1) {
    await rejection(store.run('bed_one', []));
    expect(store.trouble()).toContain('lacks a permission');
    linkClock.advance(1_000);
  }
  await rejection(store.run('bed_one', []));
  expect(heard).toEqual([]);
  await tell(server, 'ACL', 'SETUSER', 'ann', '+evalsha');
  linkClock.advance(1_000);
  await eventually(() => heard.length > 0);
  expect([store.trouble(), ...heard]).toEqual([null, '{bed}:resync ']);
});

test('the end of a refusal of everything is told, although intake is refused still', async () => {
  const told: string[] = [];
  const watch = new RefusalWatch({
    clock: new FakeClock(),
    probe: () => Promise.reject(new Error('refused')),
    onStart: ({ code }) => void told.push(code),
    onEnd: () => void told.push('end'),
  });
  const refusal = (code: string) =>
    ({ kind: 'refused', code, text: code, isMisplaced: false }) as const;
  watch.note(refusal('OOM'));
  watch.noteSuccess();
  watch.note(refusal('NOREPLICAS'));
  watch.note(refusal('OOM'));
  watch.note(refusal('NOREPLICAS'));
  watch.noteSuccess();
  expect(told).toEqual(['OOM', 'NOREPLICAS', 'end']);
  watch.note(refusal('OOM'));
  watch.noteSuccess();
  expect(watch.refusal?.code).toBe('OOM');
  watch.stop();
});

test('a connection that is lost while Redis refuses tells its return once', async () => {
  const server = await bed.server();
  const linkClock = new FakeClock();
  const store = await bed.store(server.url, { linkClock });
  const heard = hear(store);
  await tell(server, 'CONFIG', 'SET', 'min-replicas-to-write', '1');
  await rejection(store.run('bed_one', []));
  await server.kill();
  await eventually(() => store.trouble()?.includes('has been away'));
  await server.resume();
  await eventually(() => {
    linkClock.advance(100);
    return store.trouble() === null;
  });
  linkClock.advance(3_000);
  await store.run('bed_one', []);
  expect(heard.filter((line) => line === '{bed}:resync ')).toHaveLength(1);
});

test('a Redis that is full refuses new work, lets other work go on, and takes it when it has room', async () => {
  const server = await bed.server();
  const linkClock = new FakeClock();
  const store = await bed.store(server.url, {
    linkClock,
    extraScripts: {
      event_accept: "return redis.call('SET', KEYS[1] .. ':event', 'x')",
      work: "return redis.call('SET', KEYS[1] .. ':work', 'x')",
    },
  });
  const heard = hear(store);
  await tell(server, 'CONFIG', 'SET', 'maxmemory', '1');
  const error = await rejection(store.run('event_accept', []));
  expect(error).toBeInstanceOf(StoreUnavailableError);
  expect(error.message).toContain('maxmemory');
  expect(store.trouble()).toContain('takes no writes: Redis has used all its memory');
  expect(await store.run('work', [])).toBe('OK');
  linkClock.advance(1_000);
  expect(await store.run('work', [])).toBe('OK');
  expect(store.trouble()).toContain('maxmemory');
  await tell(server, 'CONFIG', 'SET', 'maxmemory', '0');
  expect(heard).toEqual([]);
  // Nobody takes new work in while there is trouble.
  linkClock.advance(1_000);
  await eventually(() => heard.length > 0);
  expect([store.trouble(), ...heard]).toEqual([null, '{bed}:resync ']);
  expect(await store.run('event_accept', [])).toBe('OK');
});

test('a Redis with too few replicas refuses scripts whole, and says why', async () => {
  const server = await bed.server();
  const store = await bed.store(server.url);
  await tell(server, 'CONFIG', 'SET', 'min-replicas-to-write', '1');
  const error = await rejection(store.run('bed_call', ['SET', 'x', '1']));
  expect(error).toBeInstanceOf(StoreUnavailableError);
  expect(store.trouble()).toContain('min-replicas-to-write');
  await tell(server, 'CONFIG', 'SET', 'min-replicas-to-write', '0');
  expect(await store.run('bed_call', ['GET', 'x'])).toBeNull();
  expect(store.trouble()).toBeNull();
});

test('a Redis that cannot save its data refuses scripts, and says why', async () => {
  const server = await bed.server();
  const store = await bed.store(server.url);
  const heard = hear(store);
  // Snapshots go to a folder that is a file by now.
  await tell(server, 'CONFIG', 'SET', 'save', '3600 1');
  await tell(server, 'CONFIG', 'SET', 'rdbcompression', 'yes');
  await Bun.write(`${server.directory}/dump.rdb/in-the-way`, '');
  await store.run('bed_call', ['SET', 'x', '1']);
  await tell(server, 'BGSAVE');
  const error = await eventually(async () => {
    const outcome = await store.run('bed_one', []).catch((failure: unknown) => failure);
    return outcome instanceof Error && outcome;
  });
  expect(error).toBeInstanceOf(StoreUnavailableError);
  expect(store.trouble()).toContain('cannot save its data to disk');
  await tell(server, 'CONFIG', 'SET', 'stop-writes-on-bgsave-error', 'no');
  expect(await store.run('bed_one', [])).toBe(1);
  expect([store.trouble(), ...heard]).toEqual([null, '{bed}:resync ']);
});

test("a Redis that is busy with somebody's script refuses ours until that one ends", async () => {
  const server = await bed.server({ args: ['--busy-reply-threshold', '10'] });
  const store = await bed.store(server.url);
  const heard = hear(store);
  const other = await connectRedis(server.url).masterOf('{bed}');
  const endless = rejection(other.sendCommand(['EVAL', 'while true do end', '0']));
  const error = await eventually(async () => {
    const outcome = await store.run('bed_one', []).catch((failure: unknown) => failure);
    return outcome instanceof Error && outcome;
  });
  expect(error).toBeInstanceOf(StoreUnavailableError);
  expect(error.message).toContain('SCRIPT KILL');
  await tell(server, 'SCRIPT', 'KILL');
  expect((await endless).message).toContain('killed');
  expect(await eventually(() => store.run('bed_one', []))).toBe(1);
  expect([store.trouble(), ...heard]).toEqual([null, '{bed}:resync ']);
  other.close();
});
