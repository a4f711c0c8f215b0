/** Schedules in the simulator (execution.md §16). */
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { World } from '../simulation/world.ts';

const minuteMs = 60_000;
const startMs = Date.UTC(2026, 0, 1, 10, 0, 30);
let world: World;
beforeEach(async () => {
  world = await World.create({ startMs });
});
afterEach(() => world.close());

const scheduled = (cron: string, jitter?: string) => ({ triggers: [{ cron, jitter }] });
const ticks = (): unknown[] => world.events('inngest/scheduled.timer').map(({ id }) => id);

test('each tick starts one run, with its event', async () => {
  await world.define('fn', scheduled('*/5 * * * *'), async ({ event }) => event.data);
  await world.advance(15 * minuteMs);
  expect(ticks()).toEqual(['2026-01-01T10:05:00Z', '2026-01-01T10:10:00Z', '2026-01-01T10:15:00Z']);
  expect(world.ended().map(({ output }) => output)[0]).toEqual({
    cron: '*/5 * * * *',
    scheduledAt: '2026-01-01T10:05:00Z',
    fireAt: '2026-01-01T10:05:00Z',
  });
});

test('a schedule ticks in its time zone, also when the clocks change', async () => {
  await world.define('fn', scheduled('TZ=Europe/Berlin 0 7 * * *'), async () => 0);
  await world.advance(24 * 60 * minuteMs);
  expect(ticks()).toEqual(['2026-01-02T06:00:00Z']);
  world.clock.goTo(Date.UTC(2026, 2, 28, 12));
  await world.settle();
  await world.advance(24 * 60 * minuteMs);
  // The day on which summer time begins.
  expect(ticks().at(-1)).toBe('2026-03-29T05:00:00Z');
});

test('jitter delays a tick by at least a second and less than its bound, and the next tick not at all', async () => {
  await world.define('fn', scheduled('0 * * * *', '5m'), async () => 0);
  world.recordCallTimes();
  await world.advance(5 * 60 * minuteMs);
  expect(ticks()).toHaveLength(world.callTimes.length);
  expect(ticks().slice(0, 4)).toEqual([11, 12, 13, 14].map((hour) => `2026-01-01T${hour}:00:00Z`));
  const delays = world.callTimes.map((atMs) => (startMs + atMs) % (60 * minuteMs));
  for (const delayMs of delays) {
    expect(delayMs).toBeGreaterThanOrEqual(1_000);
    expect(delayMs).toBeLessThan(5 * minuteMs);
  }
  expect(new Set(delays).size).toBeGreaterThan(1);
});

test('after downtime the latest missed tick is made up for, once', async () => {
  await world.define('fn', scheduled('*/5 * * * *'), async () => 0);
  world.kill();
  world.clock.goTo(startMs + 63 * minuteMs);
  await world.restart('from_disk');
  expect(ticks()).toEqual(['2026-01-01T11:00:00Z']);
  await world.advance(5 * minuteMs);
  expect(ticks()).toEqual(['2026-01-01T11:00:00Z', '2026-01-01T11:05:00Z']);
});

test('a trigger that was removed ticks no more; one that comes back ticks again', async () => {
  await world.define('fn', scheduled('*/5 * * * *'), async () => 0);
  await world.define('fn', scheduled('*/7 * * * *'), async () => 0);
  await world.advance(6 * minuteMs);
  expect(ticks()).toEqual([]);
  await world.define('fn', scheduled('*/5 * * * *'), async () => 0);
  await world.advance(5 * minuteMs);
  expect(ticks()).toEqual(['2026-01-01T10:10:00Z']);
  expect(world.keys(/^item:cron/)).toHaveLength(1);
});

test('two schedules of one function that meet start one run, and both go on', async () => {
  const triggers = [{ cron: '*/5 * * * *' }, { cron: '*/10 * * * *' }];
  await world.define('fn', { triggers }, async () => 0);
  await world.advance(20 * minuteMs);
  expect(world.runsOf('fn')).toHaveLength(4);
});

test('no tick is lost or doubled when the process dies before or after any script', async () => {
  await world.define('fn', scheduled('*/5 * * * *'), async ({ step }) => step.run('a', () => 1));
  for (let scripts = 0; scripts < 24; scripts += 1) {
    world.killAfter(scripts % 12);
    await world.advance(5 * minuteMs);
    await world.restart(scripts % 2 === 0 ? 'from_disk' : 'beside');
  }
  const ended = world.ended();
  expect(new Set(ended.map(({ runId }) => runId)).size).toBe(ended.length);
  expect(world.runsOf('fn').sort()).toEqual(ended.map(({ runId }) => runId).sort());
  expect(new Set(ticks()).size).toBe(ticks().length);
  expect(ticks().length).toBeGreaterThanOrEqual(24);
});
