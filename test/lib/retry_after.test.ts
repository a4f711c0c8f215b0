import { describe, expect, test } from 'bun:test';
import { retryAfterMs } from '../../src/lib/retry_after.ts';

const nowMs = Date.UTC(2026, 10, 21);
const dayMs = 86_400_000;

describe('retryAfterMs', () => {
  test.each([
    ['5', 5_000],
    [' 5 ', 5_000],
    ['1', 1_000],
    ['86400', dayMs],
    ['9999999', dayMs],
    ['2026-11-21T00:10:00Z', 600_000],
    ['2026-11-21T00:10:00', 600_000],
    ['Sat, 21 Nov 2026 00:10:00 GMT', 600_000],
    ['21 Nov 26 00:10 UTC', 600_000],
    ['Saturday, 21-Nov-26 00:10:00 GMT', 600_000],
    ['2020-01-01T00:00:00Z', 1_000],
    ['2026-11-21T00:00:00.100Z', 1_000],
    ['2099-01-01T00:00:00Z', dayMs],
  ])('reads %p as %p ms from now', (text, delayMs) => {
    expect(retryAfterMs(text, nowMs)).toBe(nowMs + delayMs);
  });

  test.each(['', '0', '-5', '1.5', 'soon', '10000000', '5s', 'in a while, please'])(
    'ignores %p',
    (text) => {
      expect(retryAfterMs(text, nowMs)).toBeNull();
    },
  );
});
