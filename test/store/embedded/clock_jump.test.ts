/** Somebody sets the system's clock back by an hour while the server runs. */
import { afterEach, expect, spyOn, test } from 'bun:test';
import { systemClock } from '../../../src/lib/clock.ts';
import { CommitError } from '../../../src/store/embedded/commit_error.ts';
import type { Committer } from '../../../src/store/embedded/committer.ts';
import { diskClock } from '../../../src/store/embedded/disk_clock.ts';
import { eventually } from '../../eventually.ts';
import { openProbe, temporaryDirectory } from './probe.ts';

const hourMs = 3_600_000;
let now = spyOn(Date, 'now');
afterEach(() => now.mockRestore());

function setClockBack(byMs: number): void {
  now.mockRestore();
  const setAtMs = performance.now();
  const wrongMs = Date.now() - byMs;
  now = spyOn(Date, 'now').mockImplementation(() => wrongMs + performance.now() - setAtMs);
}

test('keys expire later, never earlier, and their timer does not spin meanwhile', async () => {
  const { store, call, clock } = await openProbe();
  call('SET', 'a', 1, 'PX', 1_000);
  call('SET', 'b', 1, 'PX', 2_000);
  clock.advance(-hourMs);
  expect(call('PTTL', 'a')).toBe(hourMs + 1_000);
  call('SET', 'new', 1, 'PX', 500);
  clock.advance(600);
  expect(store.keys()).toEqual(['a', 'b']);
  clock.advance(hourMs + 399);
  expect(store.keys()).toEqual(['a', 'b']);
  clock.advance(1);
  expect(store.keys()).toEqual(['b']);
  clock.advance(1_000);
  expect(store.stats().keys).toBe(0);
  expect(clock.timers).toBe(0);
});

test('a key that was gone does not come back', async () => {
  const dataDir = temporaryDirectory();
  const before = await openProbe({ dataDir });
  before.call('SET', 'a', 1, 'PX', 1_000);
  before.clock.advance(1_000);
  before.clock.advance(-hourMs);
  expect(before.call('GET', 'a')).toBeNull();
  await before.store.close();
  const after = await openProbe({ dataDir });
  expect(after.store.keys()).toEqual([]);
  await after.store.close();
});

test('a timer of the system clock that fires too early by that clock waits for the rest', async () => {
  const { store, call } = await openProbe({ clock: systemClock });
  call('SET', 'a', 1, 'PX', 50);
  setClockBack(100);
  await eventually(() => store.stats().keys === 0);
  expect(call('GET', 'a')).toBeNull();
});

test('what nobody waits for is written, and failed batches are tried again, as soon as ever', async () => {
  let failuresLeft = 3;
  let commits = 0;
  const commit = async (): Promise<void> => {
    failuresLeft -= 1;
    if (failuresLeft === 1) setClockBack(2 * hourMs);
    if (failuresLeft >= 0) throw new CommitError('database or disk is full', 'SQLITE_FULL');
    commits += 1;
  };
  const committer: Committer = { commit, renew: commit, close: async () => {} };
  const { store, call } = await openProbe({ dataDir: temporaryDirectory(), committer });
  call('SET', 'a', 1);
  setClockBack(hourMs);
  await eventually(() => commits === 1, { deadlineMs: 3_000 });
  expect(store.trouble()).toBeNull();
  call('SET', 'b', 1);
  await store.settled();
  await store.close();
});

test('the time that deadlines of the disk go by does not follow', () => {
  const beforeMs = diskClock.now();
  setClockBack(hourMs);
  expect(diskClock.now()).toBeGreaterThanOrEqual(beforeMs);
});
