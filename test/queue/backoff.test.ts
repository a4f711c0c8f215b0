import { expect, test } from 'bun:test';
import { retryDelaysMs } from '../../src/queue/backoff.ts';
import { fairOrder } from '../../src/queue/selection.ts';

test('the table with one jitter for all its delays, below 30 s', () => {
  const table = [15, 30, 60, 120, 300, 600, 1_200, 2_400, 3_600, 7_200].map((s) => s * 1_000);
  expect(retryDelaysMs(null, () => 0)).toEqual(table);
  expect(retryDelaysMs(null, () => 0.999_999_999)).toEqual(table.map((ms) => ms + 29_999));
});

test('a fixed interval has no jitter', () => {
  expect(retryDelaysMs(5_000, () => 0.7)).toEqual([5_000]);
});

test('fair order is a permutation, and chance decides it', () => {
  let state = 1;
  const random = (): number => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  const partitions = ['a', 'b', 'c', 'd'];
  const first = new Map<string, number>();
  for (let i = 0; i < 4_000; i += 1) {
    const order = fairOrder(partitions, random);
    expect([...order].sort()).toEqual(partitions);
    first.set(order[0] ?? '', (first.get(order[0] ?? '') ?? 0) + 1);
  }
  for (const count of first.values()) expect(Math.abs(count - 1_000)).toBeLessThan(150);
});

test('a partition of high priority comes first more often', () => {
  let state = 7;
  const random = (): number => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  let high = 0;
  for (let i = 0; i < 2_000; i += 1) {
    const order = fairOrder(['high', 'low'], random, (name) => (name === 'high' ? 0 : 9));
    if (order[0] === 'high') high += 1;
  }
  expect(high / 2_000).toBeGreaterThan(0.85);
});
