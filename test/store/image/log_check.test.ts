/** When the log of a store is judged, and when that is left to the server which writes to it. */
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DamagedDatabaseError } from '../../../src/store/embedded/damage.ts';
import { lockDirectory } from '../../../src/store/embedded/directory_lock.ts';
import { checkLog } from '../../../src/store/image/log_check.ts';
import { makeSample, type Sample } from './sample.ts';

let sample: Sample;

beforeEach(async () => {
  sample = await makeSample();
});
afterEach(() => sample.dispose());

/** Judges in turn: damaged in this way, or sound. */
function judging(...verdicts: (string | null)[]) {
  let calls = 0;
  return (path: string) => {
    const verdict = verdicts[Math.min(calls, verdicts.length - 1)];
    calls += 1;
    if (verdict) throw new DamagedDatabaseError(`${path}-wal`, verdict);
  };
}

test('a log that stays damaged and that no server has is refused', () => {
  expect(() => checkLog(sample.dataDir, judging('frame 3'))).toThrow('frame 3');
});

test('a log that only seemed damaged while it was written is sound, and the lock is not asked for', () => {
  rmSync(join(sample.dataDir, 'store.lock'));
  const before = readdirSync(sample.dataDir);
  checkLog(sample.dataDir, judging('frame 3', 'frame 9'));
  checkLog(sample.dataDir, judging('frame 3', null));
  expect(readdirSync(sample.dataDir)).toEqual(before);
  mkdirSync(join(sample.dataDir, 'store.lock'));
  checkLog(sample.dataDir, judging('frame 3', null));
});

test('a log of a server at work is left to it', () => {
  const lock = lockDirectory(sample.dataDir);
  checkLog(sample.dataDir, judging('frame 3'));
  lock.release();
});

test('a lock that cannot be had for another reason than a server does not hide the damage', () => {
  rmSync(join(sample.dataDir, 'store.lock'));
  mkdirSync(join(sample.dataDir, 'store.lock'));
  expect(() => checkLog(sample.dataDir, judging('frame 3'))).toThrow('frame 3');
});
