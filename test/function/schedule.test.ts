import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import {
  jitterMs,
  nextTick,
  nextTickAfterDowntime,
  parseSchedule,
  type Schedule,
} from '../../src/function/schedule.ts';

function schedule(text: string): Schedule {
  const parsed = parseSchedule(text);
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.schedule;
}

/** The first ticks after a moment. */
function ticks(text: string, after: string, count: number): string[] {
  const cron = schedule(text);
  let atMs = Date.parse(after);
  return Array.from({ length: count }, () => {
    atMs = nextTick(cron, atMs);
    return new Date(atMs).toISOString().replace(':00.000Z', 'Z');
  });
}

function refusal(text: string): string {
  const parsed = parseSchedule(text);
  return parsed.ok ? 'accepted' : parsed.message;
}

describe('parseSchedule', () => {
  test.each([
    ['* * * * *', '2026-01-01T00:01Z'],
    ['*/15 * * * *', '2026-01-01T00:15Z'],
    ['5/20 * * * *', '2026-01-01T00:05Z'],
    ['0 9-17/4 * * *', '2026-01-01T09:00Z'],
    ['0,30 * * * *', '2026-01-01T00:30Z'],
    ['0 9 * JAN MON-FRI', '2026-01-01T09:00Z'],
    ['0 0 * * 0', '2026-01-04T00:00Z'],
    ['0 0 * * 7', '2026-01-04T00:00Z'],
    ['0 0 ? * MON', '2026-01-05T00:00Z'],
    ['0 0 29 2 *', '2028-02-29T00:00Z'],
    ['  0   0 1 * *  ', '2026-02-01T00:00Z'],
    ['TZ=Europe/Paris 0 9 * * *', '2026-01-01T08:00Z'],
    ['CRON_TZ=America/New_York 0 9 * * *', '2026-01-01T14:00Z'],
  ])('reads %p, first ticking at %p', (text, first) => {
    expect(ticks(text, '2026-01-01T00:00:00Z', 1)).toEqual([first]);
  });

  test('ticks on either when day of month and day of week are both given', () => {
    expect(ticks('0 0 13 * FRI', '2026-11-01T00:00:00Z', 4)).toEqual([
      '2026-11-06T00:00Z',
      '2026-11-13T00:00Z',
      '2026-11-20T00:00Z',
      '2026-11-27T00:00Z',
    ]);
    expect(ticks('0 0 1 * MON', '2026-11-20T00:00:00Z', 3)).toEqual([
      '2026-11-23T00:00Z',
      '2026-11-30T00:00Z',
      '2026-12-01T00:00Z',
    ]);
  });

  test('says in words what is wrong', () => {
    expect(refusal('@hourly')).toBe(
      'cron descriptors such as @hourly are not supported; write the five fields out',
    );
    expect(refusal('0 0 * * * *')).toBe('cron has 6 fields; there is no seconds field, write five');
    expect(refusal('* * *')).toContain('cron has 3 field(s); write five');
    expect(refusal('')).toContain('cron has 0 field(s)');
    expect(refusal(`* * * * ${'1,'.repeat(200)}1`)).toContain('at most 255 are allowed');
    expect(refusal('TZ=Mars/Base * * * * *')).toBe('cron names an unknown time zone "Mars/Base"');
    expect(refusal('0 0 30 2 *')).toBe('cron never ticks: no such date exists');
    for (const text of [
      '60 * * * *',
      '* 24 * * *',
      '* * 0 * *',
      '* * * 13 *',
      '* * * * 8',
      '5-1 * * * *',
      '*/0 * * * *',
      'x * * * *',
      '0 0 L * *',
      '0 0 15W * *',
      '0 0 * * FRI#2',
      '0 0 1 * +MON',
      'MON * * * *',
    ]) {
      expect(refusal(text)).toStartWith('cron ');
    }
  });

  test('never throws', () => {
    const piece = fc.constantFrom(...'*,/-?LW# 0159TZ=MONJAN@'.split(''));
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 20 }),
        (pieces) => void parseSchedule(pieces.join('')),
      ),
      { numRuns: 500 },
    );
  });
});

describe('daylight saving in Europe/Paris', () => {
  test('a tick in the hour that spring skips comes right after it', () => {
    expect(ticks('TZ=Europe/Paris 30 2 * * *', '2026-03-28T00:00:00Z', 3)).toEqual([
      '2026-03-28T01:30Z',
      '2026-03-29T01:00Z',
      '2026-03-30T00:30Z',
    ]);
  });

  test('a tick in the hour that autumn repeats comes once', () => {
    expect(ticks('TZ=Europe/Paris 30 2 * * *', '2026-10-24T00:00:00Z', 3)).toEqual([
      '2026-10-24T00:30Z',
      '2026-10-25T00:30Z',
      '2026-10-26T01:30Z',
    ]);
    expect(ticks('TZ=Europe/Paris 30 2,14 * * *', '2026-10-25T00:00:00Z', 3)).toEqual([
      '2026-10-25T00:30Z',
      '2026-10-25T13:30Z',
      '2026-10-26T01:30Z',
    ]);
  });

  test('a daily tick keeps its local hour', () => {
    expect(ticks('TZ=Europe/Paris 0 9 * * *', '2026-03-28T00:00:00Z', 3)).toEqual([
      '2026-03-28T08:00Z',
      '2026-03-29T07:00Z',
      '2026-03-30T07:00Z',
    ]);
  });

  test('an interval goes on through both changes', () => {
    expect(ticks('TZ=Europe/Paris */30 * * * *', '2026-03-29T00:30:00Z', 3)).toEqual([
      '2026-03-29T01:00Z',
      '2026-03-29T01:30Z',
      '2026-03-29T02:00Z',
    ]);
    expect(ticks('TZ=Europe/Paris */30 * * * *', '2026-10-25T00:00:00Z', 4)).toEqual([
      '2026-10-25T00:30Z',
      '2026-10-25T01:00Z',
      '2026-10-25T01:30Z',
      '2026-10-25T02:00Z',
    ]);
  });
});

describe('nextTick', () => {
  test('is strictly after its argument, to the millisecond', () => {
    const every = schedule('*/5 * * * *');
    expect(nextTick(every, 299_999)).toBe(300_000);
    expect(nextTick(every, 300_000)).toBe(600_000);
    expect(nextTick(every, 300_001)).toBe(600_000);
  });

  test('leaves no tick between it and its argument', () => {
    const cron = schedule('TZ=Europe/Paris 7,37 */3 * * *');
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2e12 }), (afterMs) => {
        const next = nextTick(cron, afterMs);
        expect(next).toBeGreaterThan(afterMs);
        expect(nextTick(cron, next - 1)).toBe(next);
        expect(nextTick(cron, Math.max(afterMs, next - 60_000))).toBe(next);
      }),
      { numRuns: 100 },
    );
  });
});

describe('nextTickAfterDowntime', () => {
  const cron = schedule('*/5 * * * *');

  test('makes up for the most recent missed tick only', () => {
    expect(nextTickAfterDowntime(cron, 300_000, 3_700_000)).toEqual({
      missedMs: 3_600_000,
      nextMs: 3_900_000,
    });
  });

  test('counts a tick that is due now as missed', () => {
    expect(nextTickAfterDowntime(cron, 300_000, 600_000)).toEqual({
      missedMs: 600_000,
      nextMs: 900_000,
    });
    expect(nextTickAfterDowntime(cron, 300_000, 599_999)).toEqual({
      missedMs: null,
      nextMs: 600_000,
    });
  });

  test('makes up for nothing when no tick passed', () => {
    expect(nextTickAfterDowntime(cron, 600_000, 650_000)).toEqual({
      missedMs: null,
      nextMs: 900_000,
    });
  });

  test('does not go back when the clock did', () => {
    expect(nextTickAfterDowntime(cron, 900_000, 400_000)).toEqual({
      missedMs: null,
      nextMs: 1_200_000,
    });
  });
});

describe('jitterMs', () => {
  test('is the same for the same seed, forever', () => {
    expect(jitterMs('job-1', 60_000)).toBe(jitterMs('job-1', 60_000));
    expect(jitterMs('job-1', 60_000)).not.toBe(jitterMs('job-2', 60_000));
    expect(jitterMs('job-1', 60_000)).toBe(8485);
  });

  test('lies in [1 s, jitter) and spreads over all of it', () => {
    const delays = Array.from({ length: 1_000 }, (_, i) => jitterMs(`job-${i}`, 11_000));
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(1_000);
    expect(Math.max(...delays)).toBeLessThan(11_000);
    const firstHalf = delays.filter((delayMs) => delayMs < 6_000).length;
    expect(firstHalf).toBeGreaterThan(400);
    expect(firstHalf).toBeLessThan(600);
  });

  test('is nothing without jitter and one second at the least', () => {
    expect(jitterMs('job-1', 0)).toBe(0);
    expect(jitterMs('job-1', 1_000)).toBe(1_000);
  });
});
