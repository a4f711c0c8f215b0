/** A Redis that dies, freezes or becomes a replica, and comes back. */
import { describe, expect, test } from 'bun:test';
import { inFlightBusy, inFlightBytesBusy } from '../../../src/store/redis/flight_log.ts';
import { connectRedis } from '../../../src/store/redis/redis_access.ts';
import type { RedisStore } from '../../../src/store/redis/redis_store.ts';
import { StoreUnavailableError } from '../../../src/store/store.ts';
import { eventually } from '../../eventually.ts';
import { FakeClock } from '../../fake_clock.ts';
import { hear, hearWake, RedisBed, rejection } from './redis_bed.ts';

const bed = new RedisBed();

const isWell = (store: RedisStore) => () => store.trouble() === null;

test('a killed Redis is away at once, and after its restart work goes on with what was there', async () => {
  const server = await bed.server({ isDurable: true });
  const store = await bed.store(server.url);
  await store.run('bed_call', ['SET', 'kept', 'yes']);
  const heard = hear(store);
  const inFlight = Array.from({ length: 50 }, () => rejection(store.run('bed_echo', ['x'])));
  const settled = rejection(store.settled());
  await server.kill();
  for (const error of await Promise.all(inFlight)) {
    expect(error).toBeInstanceOf(StoreUnavailableError);
    expect(error.message).toContain('whether script bed_echo ran is not known');
    expect(error.cause).toBeInstanceOf(Error);
  }
  expect(await settled).toBeInstanceOf(StoreUnavailableError);
  const startMs = performance.now();
  expect(await rejection(store.run('bed_one', []))).toBeInstanceOf(StoreUnavailableError);
  expect(await rejection(store.settled())).toBeInstanceOf(StoreUnavailableError);
  expect(performance.now() - startMs).toBeLessThan(50);
  await eventually(() => store.trouble()?.includes('connection refused'));
  expect(store.trouble()).toMatch(
    /^Redis at redis:\/\/127\.0\.0\.1:\d+ has been away for \d+ s: connection refused\. New events are refused; work goes on by itself when it is back$/,
  );

  await server.resume();
  await eventually(isWell(store));
  expect(await store.run('bed_call', ['GET', 'kept'])).toBe('yes');
  await store.settled();
  await hearWake(store, heard);
  // The connection for messages may have come later, and said so every second.
  expect(new Set(heard)).toEqual(new Set(['{bed}:resync ', '{bed}:missed ', '{bed}:wake up']));
  expect(heard.filter((line) => line === '{bed}:resync ')).toHaveLength(1);
  const said = bed.lines.map(({ level, text }) => `${level} ${text}`);
  const away =
    /^error Redis is away: (it closed the connection|the connection was reset); new events are refused until it is back$/;
  expect(said.filter((line) => away.test(line))).toHaveLength(1);
  expect(said.filter((line) => line === 'info Redis is back')).toHaveLength(1);
});

describe('a Redis that is frozen', () => {
  async function freeze() {
    const server = await bed.server();
    const linkClock = new FakeClock();
    const store = await bed.store(server.url, { linkClock, random: () => 0 });
    server.freeze();
    return { server, linkClock, store };
  }

  test('lets nobody start', async () => {
    const server = await bed.server();
    server.freeze();
    const linkClock = new FakeClock();
    let isOver = false;
    const failure = rejection(bed.store(server.url, { linkClock })).finally(() => {
      isOver = true;
    });
    await eventually(() => {
      linkClock.advance(isOver ? 0 : 1_000);
      return isOver;
    });
    expect((await failure).message).toContain('it does not answer. Tried for 5 s');
  });

  test('is given up when a script has no answer for five seconds, and used again when it answers', async () => {
    const { server, linkClock, store } = await freeze();
    const inFlight = rejection(store.run('bed_one', []));
    linkClock.advance(4_000);
    expect(store.trouble()).toBeNull();
    linkClock.advance(2_000);
    const error = await inFlight;
    expect(error).toBeInstanceOf(StoreUnavailableError);
    expect(error.message).toContain('no answer for 5 s');
    expect(store.trouble()).toContain('no answer for 5 s');
    expect(await rejection(store.run('bed_one', []))).toBeInstanceOf(StoreUnavailableError);
    // It takes connections, and lets nobody in: an attempt ends by itself, too.
    await eventually(() => {
      linkClock.advance(1_000);
      return store.trouble()?.includes('away for 20 s');
    });
    server.thaw();
    await eventually(() => {
      linkClock.advance(100);
      return store.trouble() === null;
    });
    expect(await store.run('bed_one', [])).toBe(1);
  });

  test('is not sent again what a connection that broke had sent', async () => {
    const { server, linkClock, store } = await freeze();
    const inFlight = [1, 2, 3].map(() => rejection(store.run('bed_call', ['APPEND', 'log', 'x'])));
    linkClock.advance(6_000);
    for (const error of await Promise.all(inFlight)) {
      expect(error.message).toContain('is not known');
    }
    server.thaw();
    await eventually(() => {
      linkClock.advance(100);
      return store.trouble() === null;
    });
    // What reached the server before the connection broke may have run: once.
    expect(String(await store.run('bed_call', ['GET', 'log']))).toMatch(/^(xxx|null)$/);
  });

  test('is not given more and more: first new work is refused, then everything', async () => {
    const { linkClock, store } = await freeze();
    const runs = Array.from({ length: inFlightBusy + 1 }, () => store.run('bed_one', []));
    expect(store.trouble()).toContain(`does not keep up: ${inFlightBusy + 1} scripts wait`);
    const large = 'x'.repeat(inFlightBytesBusy);
    for (let count = 0; count < 4; count += 1) runs.push(store.run('bed_echo', [large]));
    const refused = await rejection(store.run('bed_one', []));
    expect(refused).toBeInstanceOf(StoreUnavailableError);
    expect(refused.message).toContain('does not keep up');
    linkClock.advance(7_000);
    const outcomes = await Promise.allSettled(runs);
    expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true);
  });

  test('is found out when there is nothing to do, too', async () => {
    const { linkClock, store } = await freeze();
    linkClock.advance(13_000);
    expect(store.trouble()).toContain('no answer for 5 s');
  });
});

test('a Redis that is well is not given up, however long there is nothing to do', async () => {
  const server = await bed.server();
  const linkClock = new FakeClock();
  const store = await bed.store(server.url, { linkClock });
  for (let second = 0; second < 60; second += 1) {
    linkClock.advance(1_000);
    await store.run('bed_one', []);
  }
  for (let second = 0; second < 60; second += 1) {
    linkClock.advance(1_000);
    // Time for an answer to a PING.
    (await connectRedis(server.url).masterOf('{bed}')).close();
  }
  expect(store.trouble()).toBeNull();
});

test('a Redis that becomes a replica is away until it is a master again', async () => {
  const server = await bed.server();
  const store = await bed.store(server.url);
  const client = await connectRedis(server.url).masterOf('{bed}');
  await client.sendCommand(['REPLICAOF', '127.0.0.1', '1']);
  const error = await rejection(store.run('bed_call', ['SET', 'x', '1']));
  expect(error).toBeInstanceOf(StoreUnavailableError);
  expect(error.message).toContain('read-only replica');
  await eventually(() => store.trouble()?.includes('has been away'));
  expect(store.trouble()).toContain('read-only replica; point the URI at the master');
  await client.sendCommand(['REPLICAOF', 'NO', 'ONE']);
  client.close();
  await eventually(isWell(store));
  expect(await store.run('bed_call', ['SET', 'x', '1'])).toBe('OK');
});
