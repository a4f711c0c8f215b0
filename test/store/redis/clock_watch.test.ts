/** Our clock and that of a real Redis: what is said about a difference, and how often. */
import { expect, test } from 'bun:test';
import { ClockWatch } from '../../../src/store/redis/clock_watch.ts';
import { connectRedis } from '../../../src/store/redis/redis_access.ts';
import { eventually } from '../../eventually.ts';
import { FakeClock } from '../../fake_clock.ts';
import { RedisBed } from './redis_bed.ts';

const bed = new RedisBed();
const minuteMs = 60_000;

async function open(skewMs: number) {
  const server = await bed.server();
  const connection = await connectRedis(server.url).masterOf('{bed}');
  bed.keep({ dispose: async () => connection.close() });
  const linkClock = new FakeClock();
  const clock = new FakeClock(Date.now() - skewMs);
  const said: string[] = [];
  const warn = (text: string): void => void said.push(text);
  return { connection, linkClock, clock, said, watch: new ClockWatch({ clock, linkClock, warn }) };
}

test.each([
  [0, null],
  [1_500, null],
  [-1_500, null],
  [10_000, /^the clock of Redis is (9|10)\.\d s ahead of ours: leases/],
  [-60_000, /^the clock of Redis is (59|60)\.\d s behind ours: leases/],
])('a difference of %d ms', async (skewMs, words) => {
  const { connection, watch, said } = await open(skewMs);
  await watch.compare(connection);
  expect(said).toEqual(words === null ? [] : [expect.stringMatching(words)]);
});

test('a difference is said again when it changed markedly, or after the clocks agreed', async () => {
  const { connection, watch, said, clock } = await open(0);
  const compareAt = async (skewMs: number): Promise<number> => {
    clock.advance(Date.now() - skewMs - clock.now());
    await watch.compare(connection);
    return said.splice(0).length;
  };
  expect(await compareAt(20_000)).toBe(1);
  expect(await compareAt(19_000)).toBe(0);
  expect(await compareAt(21_000)).toBe(0);
  expect(await compareAt(10_000)).toBe(1);
  expect(await compareAt(10_000)).toBe(0);
  expect(await compareAt(0)).toBe(0);
  expect(await compareAt(10_000)).toBe(1);
});

test('one that hovers about the bound is said once', async () => {
  const { connection, watch, said, clock } = await open(0);
  for (const skewMs of [2_500, 1_500, 2_500, 1_500, 2_500]) {
    clock.advance(Date.now() - skewMs - clock.now());
    await watch.compare(connection);
  }
  expect(said).toHaveLength(1);
});

test('clocks are compared every few minutes until the connection is gone', async () => {
  const { connection, linkClock, watch, said, clock } = await open(0);
  watch.start(connection);
  linkClock.advance(4 * minuteMs);
  clock.advance(10_000);
  await connection.sendCommand(['PING']);
  expect(said).toEqual([]);
  linkClock.advance(minuteMs);
  await eventually(() => said.length === 1);
  clock.advance(10_000);
  linkClock.advance(5 * minuteMs);
  await eventually(() => said.length === 2);
  watch.stop();
  expect(linkClock.pending).toBe(0);
});

test('an answer that is late tells nothing', async () => {
  const { connection, watch, said, clock } = await open(10_000);
  const comparing = watch.compare(connection);
  clock.advance(3_000);
  await comparing;
  expect(said).toEqual([]);
});

test('a store compares at every connection; a difference is no trouble', async () => {
  const server = await bed.server({ isDurable: true });
  const clock = new FakeClock(Date.now());
  const store = await bed.store(server.url, { clock });
  bed.lines.length = 0;
  clock.advance(30_000);
  await server.kill();
  await eventually(() => store.trouble());
  await server.resume();
  await eventually(() => store.trouble() === null);
  const said = bed.lines.filter(({ text }) => text.startsWith('the clock of Redis'));
  expect(said.map(({ level }) => level)).toEqual(['warn']);
});
