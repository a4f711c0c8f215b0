import { expect, test } from 'bun:test';
import { SortedBlocks } from '../../../src/expression/matching/sorted_blocks.ts';
import { randomOf } from './random_conditions.ts';

interface Interval {
  readonly number: number;
  readonly key: number;
  readonly end: number | null;
}

const seed = Date.now() % 1_000_000_000;

function numbers(visited: readonly Interval[]): number[] {
  return visited.map(({ number }) => number).sort((a, b) => a - b);
}

function expectSame(
  blocks: SortedBlocks<number, Interval>,
  all: readonly Interval[],
  value: number,
) {
  for (const isClosed of [true, false]) {
    const holding: Interval[] = [];
    const above: Interval[] = [];
    blocks.visitHolding(value, isClosed, (entry) => holding.push(entry));
    blocks.visitAbove(value, isClosed, (entry) => above.push(entry));
    const isReached = ({ key }: Interval) => (isClosed ? key <= value : key < value);
    const isOpen = ({ end }: Interval) => end === null || end >= value;
    const context = { seed, value, isClosed };
    expect({ ...context, holding: numbers(holding) }).toEqual({
      ...context,
      holding: numbers(all.filter((entry) => isReached(entry) && isOpen(entry))),
    });
    expect({ ...context, above: numbers(above) }).toEqual({
      ...context,
      above: numbers(all.filter(({ key }) => (isClosed ? key >= value : key > value))),
    });
  }
}

test('intervals are found by what they hold, while thousands come and go', () => {
  const random = randomOf(seed);
  const blocks = new SortedBlocks<number, Interval>();
  const held = new Map<number, Interval>();
  for (let number = 0; number < 9_000; number++) {
    // Many share their key; there are more equal ones than a block holds.
    const key = random(3) === 0 ? 500 : random(1_000);
    const entry = { number, key, end: random(20) === 0 ? null : key + random(30) };
    blocks.add(key, entry.end, entry);
    held.set(number, entry);
    if (number > 4_000 || random(4) === 0) {
      const gone = [...held.values()][random(held.size)];
      if (gone === undefined) continue;
      expect(blocks.remove(gone.key, gone)).toBe(true);
      expect(blocks.remove(gone.key, gone)).toBe(false);
      held.delete(gone.number);
    }
    if (number % 300 === 0) expectSame(blocks, [...held.values()], random(1_050) - 10);
  }
  for (const entry of [...held.values()]) {
    blocks.remove(entry.key, entry);
    held.delete(entry.number);
    if (held.size % 200 === 0) expectSame(blocks, [...held.values()], random(1_050) - 10);
  }
  expect(blocks.isEmpty).toBe(true);
});

test('texts are in the order in which conditions compare them', () => {
  const blocks = new SortedBlocks<string, { readonly number: number; readonly key: string }>();
  const keys = ['b', 'a', 'ä', 'Z', '', '𝒳', '\uffff'];
  keys.forEach((key, number) => {
    blocks.add(key, null, { key, number });
  });
  for (const value of keys) {
    const above: string[] = [];
    blocks.visitAbove(value, false, ({ key }) => above.push(key));
    expect(above.sort()).toEqual(keys.filter((key) => key > value).sort());
  }
});
