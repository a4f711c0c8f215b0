import { describe, expect, test } from 'bun:test';
import { sleepEndsAt, timeoutAt } from '../../src/lib/timeout.ts';

const nowMs = Date.UTC(2026, 10, 21);
const at = (atMs: number) => ({ ok: true as const, atMs });

describe('timeoutAt', () => {
  test('takes a duration, else RFC 3339', () => {
    expect(timeoutAt('1d2h', nowMs)).toEqual(at(nowMs + 26 * 3_600_000));
    expect(timeoutAt('2027-01-01T00:00:00Z', nowMs)).toEqual(at(Date.UTC(2027, 0, 1)));
  });

  test('empty text is now', () => {
    expect(timeoutAt('', nowMs)).toEqual(at(nowMs));
  });

  test('keeps a moment in the past', () => {
    expect(timeoutAt('-1s', nowMs)).toEqual(at(nowMs - 1_000));
    expect(timeoutAt('2020-01-01T00:00:00Z', nowMs)).toEqual(at(Date.UTC(2020, 0, 1)));
  });

  test('never ends before the duration is over', () => {
    expect(timeoutAt('1500us', nowMs)).toEqual(at(nowMs + 2));
  });

  test('says which of the two the text should have been', () => {
    expect(timeoutAt('soon', nowMs)).toEqual({ ok: false, message: 'invalid duration: "soon"' });
    expect(timeoutAt('2027-01-01', nowMs).ok).toBe(false);
    expect(timeoutAt('2027-01-01T00:00:00', nowMs)).toEqual({
      ok: false,
      message: 'invalid RFC 3339 timestamp: "2027-01-01T00:00:00"',
    });
  });
});

describe('sleepEndsAt', () => {
  test('takes dates in any layout', () => {
    expect(sleepEndsAt('2027-01-01', nowMs)).toEqual(at(Date.UTC(2027, 0, 1)));
    expect(sleepEndsAt('2027-01-01T00:00:00.000Z', nowMs)).toEqual(at(Date.UTC(2027, 0, 1)));
  });

  test('takes durations, long ones too', () => {
    expect(sleepEndsAt('1d2h', nowMs)).toEqual(at(nowMs + 26 * 3_600_000));
    expect(sleepEndsAt('1h10m30s500ms', nowMs)).toEqual(at(nowMs + 4_230_500));
  });

  test('is over at once when the text is empty or the moment is past', () => {
    for (const text of ['', '0', '-5m', '2020-01-01', '2020-01-01T00:00:00Z']) {
      expect(sleepEndsAt(text, nowMs)).toEqual(at(nowMs));
    }
  });

  test('refuses anything else', () => {
    expect(sleepEndsAt('a while', nowMs)).toEqual({
      ok: false,
      message: 'invalid sleep, neither a date nor a duration: "a while"',
    });
  });
});
