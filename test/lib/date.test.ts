import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { parseDate, parseDateNanos, parseRfc3339 } from '../../src/lib/date.ts';

describe('parseDate', () => {
  test.each([
    ['2026-01-02T03:04:05Z', '2026-01-02T03:04:05.000Z'],
    ['2026-01-02T03:04:05.678Z', '2026-01-02T03:04:05.678Z'],
    ['2026-01-02T03:04:05.123456789+01:30', '2026-01-02T01:34:05.123Z'],
    ['2026-01-02T03:04:05-08:00', '2026-01-02T11:04:05.000Z'],
    ['2026-01-02T03:04:05', '2026-01-02T03:04:05.000Z'],
    ['2026-01-02T03:04:05.5', '2026-01-02T03:04:05.500Z'],
    ['2026-01-02', '2026-01-02T00:00:00.000Z'],
    ['Mon, 02 Jan 2006 15:04:05 GMT', '2006-01-02T15:04:05.000Z'],
    ['Mon, 02 Jan 2006 15:04:05 -0700', '2006-01-02T22:04:05.000Z'],
    ['02 Jan 06 15:04 UTC', '2006-01-02T15:04:00.000Z'],
    ['02 Jan 06 15:04 EST', '2006-01-02T20:04:00.000Z'],
    ['02 Jan 99 15:04 +0130', '1999-01-02T13:34:00.000Z'],
    ['Monday, 02-Jan-06 15:04:05 GMT', '2006-01-02T15:04:05.000Z'],
    ['Mon Jan 02 15:04:05 -0700 2006', '2006-01-02T22:04:05.000Z'],
    ['Mon Jan  2 15:04:05 UTC 2006', '2006-01-02T15:04:05.000Z'],
    ['Mon Jan  2 15:04:05 CEST 2006', '2006-01-02T15:04:05.000Z'],
    ['Mon Jan  2 15:04:05 2006', '2006-01-02T15:04:05.000Z'],
    ['Mon Jan 12 15:04:05 2006', '2006-01-12T15:04:05.000Z'],
    ['Jan  2 15:04:05', '0000-01-02T15:04:05.000Z'],
    ['Jan 12 15:04:05.250', '0000-01-12T15:04:05.250Z'],
    ['2026-01-02 03:04:05 +0000 UTC', '2026-01-02T03:04:05.000Z'],
    ['2026-01-02 03:04:05.123456 -0500 EST m=+0.000000001', '2026-01-02T08:04:05.123Z'],
    ['2024-02-29', '2024-02-29T00:00:00.000Z'],
    ['1969-12-31T23:59:59.9999Z', '1969-12-31T23:59:59.999Z'],
  ])('reads %p as %p', (text, iso) => {
    const atMs = parseDate(text);
    expect(atMs === null ? null : new Date(atMs).toISOString()).toBe(iso);
  });

  test.each([
    '',
    'tomorrow',
    '5',
    '1d',
    '2026',
    '2026-1-2',
    '2026-02-30',
    '2023-02-29',
    '2026-13-01',
    '2026-00-10',
    '2026-01-02T24:00:00Z',
    '2026-01-02T03:60:00Z',
    '2026-01-02T03:04:05z',
    '2026-01-02T03:04Z',
    '2026-01-02T03:04:05+0100',
    '2026-01-02T03:04:05+01:99',
    ' 2026-01-02',
    '2026-01-02 ',
    'Xyz, 02 Jan 2006 15:04:05 GMT',
    'Mon, 02 Foo 2006 15:04:05 GMT',
    '2026-01-02'.repeat(20),
  ])('refuses %p', (text) => {
    expect(parseDate(text)).toBeNull();
  });

  test('keeps nanoseconds when asked for them', () => {
    expect(parseDateNanos('1970-01-01T00:00:01.000000001Z')).toBe(1_000_000_001n);
  });

  test('reads what JavaScript writes, and never throws', () => {
    const date = fc.date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true });
    fc.assert(fc.property(date, (at) => parseDate(at.toISOString()) === at.getTime()));
    fc.assert(
      fc.property(
        date,
        (at) => parseDate(at.toUTCString()) === Math.floor(at.getTime() / 1_000) * 1_000,
      ),
    );
    fc.assert(fc.property(fc.string(), (text) => void parseDate(text)));
  });
});

test('parseRfc3339 accepts nothing else', () => {
  expect(parseRfc3339('2026-01-02T03:04:05Z')).toBe(Date.UTC(2026, 0, 2, 3, 4, 5));
  expect(parseRfc3339('2026-01-02T03:04:05')).toBeNull();
  expect(parseRfc3339('2026-01-02')).toBeNull();
});
