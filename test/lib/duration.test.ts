import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import {
  formatDuration,
  parseDuration,
  parseDurationNanos,
  parseGoDuration,
} from '../../src/lib/duration.ts';

const second = 1_000;
const hour = 3_600 * second;
const day = 24 * hour;

describe('parseDuration', () => {
  test.each([
    ['1ns', 1e-6],
    ['1us', 1e-3],
    ['1\u00b5s', 1e-3],
    ['1\u03bcs', 1e-3],
    ['1ms', 1],
    ['90s', 90 * second],
    ['2m', 120 * second],
    ['1h', hour],
    ['1d', day],
    ['1w', 7 * day],
    ['1d2h', day + 2 * hour],
    ['1w2d3h4m5s6ms', 9 * day + 3 * hour + 245_006],
    ['1h1h', 2 * hour],
    ['1.5h', 1.5 * hour],
    ['.5s', 500],
    ['1.s', 1_000],
    ['-1.5h', -1.5 * hour],
    ['+3s', 3 * second],
    ['0', 0],
    ['-0', 0],
    ['1.0000005s', 1_000.0005],
    ['0.000000001s', 1e-6],
  ])('reads %p as %p ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each([
    '',
    '+',
    '-',
    '5',
    '.',
    '.s',
    's',
    '1x',
    '1h 2m',
    ' 1h',
    '1h ',
    '1,5h',
    '1H',
    '--1h',
    '1e3s',
    '00',
    '106752d',
    '99999999999999999999h',
    '1h'.repeat(200),
  ])('refuses %p', (text) => {
    expect(parseDuration(text)).toBeNull();
  });

  test('keeps every nanosecond when asked for nanoseconds', () => {
    expect(parseDurationNanos('52w1ns')).toBe(31_449_600_000_000_001n);
  });

  test('never throws', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseDuration(text)));
  });
});

describe('parseGoDuration', () => {
  test('knows neither days nor weeks', () => {
    expect(parseGoDuration('1h30m')).toBe(1.5 * hour);
    expect(parseGoDuration('1d')).toBeNull();
    expect(parseGoDuration('1h1w')).toBeNull();
  });
});

describe('formatDuration', () => {
  test.each([
    [0, '0s'],
    [1_500, '1s500ms'],
    [day + 2 * hour, '1d2h'],
    [8 * day, '1w1d'],
    [-90_000, '-1m30s'],
    [0.0015, '1us500ns'],
  ])('writes %p ms as %p', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  test('is read back as the same duration', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 0, max: 999_999 }), (ms, nanos) => {
        const durationMs = ms + nanos / 1e6;
        const again = parseDuration(formatDuration(durationMs));
        expect(Math.abs((again ?? Number.NaN) - durationMs)).toBeLessThan(1e-6);
      }),
    );
  });
});
