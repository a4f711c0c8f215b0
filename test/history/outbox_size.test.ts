import { beforeEach, describe, expect, test } from 'bun:test';
import { OutboxSize } from '../../src/history/outbox_size.ts';

/** Facts of `bytes` bytes each. */
const facts = (count: number, bytes: number) => Array<string>(count).fill('x'.repeat(bytes));

describe('the size of the outbox', () => {
  let size: OutboxSize;
  const shown = () => [size.facts, size.bytes];

  beforeEach(() => {
    size = new OutboxSize();
  });

  test('is what was announced', () => {
    size.add(2, 30);
    size.add(1, 5);
    expect(shown()).toEqual([3, 35]);
  });

  test('is exactly the page when that is all there is', () => {
    size.add(9, 90);
    size.see({ facts: ['é', 'ab'], length: 2 });
    expect(shown()).toEqual([2, 4]);
  });

  test('counts facts that nobody announced as those of the page', () => {
    size.see({ facts: facts(4, 10), length: 100 });
    expect(shown()).toEqual([100, 1_000]);
    size.add(1, 500);
    size.see({ facts: facts(4, 10), length: 101 });
    expect(shown()).toEqual([101, 1_500]);
  });

  test('shrinks with what is carried, by this server or another', () => {
    size.add(10, 1_000);
    size.drop({ facts: facts(2, 50) });
    expect(shown()).toEqual([8, 900]);
    size.see({ facts: [], length: 4 });
    expect(shown()).toEqual([4, 450]);
    size.see({ facts: [], length: 0 });
    expect(shown()).toEqual([0, 0]);
  });

  test('is nothing once everything has been carried, and never less', () => {
    size.add(2, 10);
    size.drop({ facts: facts(2, 9) });
    expect(shown()).toEqual([0, 0]);
    size.add(2, 10);
    size.drop({ facts: facts(1, 90) });
    expect(shown()).toEqual([1, 0]);
  });
});
