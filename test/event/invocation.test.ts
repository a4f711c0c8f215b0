import { describe, expect, test } from 'bun:test';
import { parseInvocation } from '../../src/event/invocation.ts';
import { parseSeed } from '../../src/event/seed.ts';

const options = { seed: null, nowMs: Date.UTC(2026, 10, 21), keyIndexBase: 0 };

describe('an invocation', () => {
  test('is an internal event that names its function', () => {
    const parsed = parseInvocation(
      '{"name":"x","data":{"n":1,"_inngest":{"fn_id":"evil"}}}',
      'shop-pay',
      options,
    );
    if (!parsed.ok) throw new Error(parsed.message);
    expect(parsed.event.payload.name).toBe('inngest/function.invoked');
    expect(parsed.event.payload.data).toEqual({ n: 1, _inngest: { fn_id: 'shop-pay' } });
    expect(parsed.event.idempotencyKey).toBe('');
  });

  test('takes the first seeded id', () => {
    const seed = parseSeed('1700000000000,AAAAAAAAAAAAAA==');
    const parsed = parseInvocation('{}', 'shop-pay', { ...options, seed });
    expect(parsed.ok && parsed.event.internalId).toBe('01HF7YAT000000000000000000');
  });

  test('is refused when its body is no event object', () => {
    for (const body of ['', '[]', '5', 'x', '{"data":5}', '{"ts":"x"}']) {
      expect(parseInvocation(body, 'shop-pay', options).ok).toBe(false);
    }
  });
});
