/** The heap names the expiries in their order, and does not keep for ever what was left behind. */
import { expect, test } from 'bun:test';
import { type Expiry, ExpiryHeap } from '../../../src/store/embedded/expiry_heap.ts';
import { between, randomFrom, seedOf } from './seeded.ts';

function drain(heap: ExpiryHeap): Expiry[] {
  const drained: Expiry[] = [];
  for (let next = heap.first(); next !== undefined; next = heap.first()) {
    drained.push(next);
    heap.removeFirst();
  }
  return drained;
}

const sorted = (expiries: readonly Expiry[]): number[] =>
  expiries.map(({ atMs }) => atMs).sort((left, right) => left - right);

test('the soonest comes first, whether all were there at once or came one by one', () => {
  const random = randomFrom(seedOf('heap order'));
  for (let round = 0; round < 200; round += 1) {
    const count = between(random, 0, 60);
    const expiries = Array.from({ length: count }, (_, at) => {
      return { key: `k${at}`, atMs: between(random, 1, 30) };
    });
    const filled = new ExpiryHeap();
    const half = between(random, 0, count);
    filled.fill(expiries.slice(0, half));
    for (const expiry of expiries.slice(half)) filled.add(expiry);
    const drained = drain(filled);
    expect(drained.map(({ atMs }) => atMs)).toEqual(sorted(expiries));
    expect(new Set(drained)).toEqual(new Set(expiries));
  }
});

test('what was left behind goes when it is most of all', () => {
  const heap = new ExpiryHeap();
  for (let atMs = 5_000; atMs > 0; atMs -= 1) heap.add({ key: 'again', atMs });
  heap.add({ key: 'again', atMs: 7 });
  heap.add({ key: 'other', atMs: 9 });
  const isRight = ({ key, atMs }: Expiry): boolean => atMs === (key === 'again' ? 7 : 9);
  heap.tidy(5_000, isRight);
  heap.tidy(2, isRight);
  expect(drain(heap)).toEqual([
    { key: 'again', atMs: 7 },
    { key: 'other', atMs: 9 },
  ]);
});
