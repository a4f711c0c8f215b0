/** When memory is given back. */
import { expect, test } from 'bun:test';
import { MemoryReturn } from '../../src/lib/memory_return.ts';
import { FakeClock } from '../fake_clock.ts';

function made() {
  const clock = new FakeClock(0);
  let collections = 0;
  const memory = new MemoryReturn(clock, () => {
    collections += 1;
  });
  return { clock, memory, count: () => collections };
}

test('memory is given back once, a second after a burst of work has ended', () => {
  const { clock, memory, count } = made();
  memory.note(400);
  clock.advance(500);
  memory.note(400);
  clock.advance(999);
  expect(count()).toBe(0);
  clock.advance(1);
  expect(count()).toBe(1);
  clock.advance(60_000);
  expect(count()).toBe(1);
});

test('work that goes on puts it off', () => {
  const { clock, memory, count } = made();
  memory.note(500);
  for (let i = 0; i < 10; i += 1) {
    clock.advance(900);
    memory.note();
  }
  expect(count()).toBe(0);
  clock.advance(1_000);
  expect(count()).toBe(1);
});

test('a little work is not worth a collection, and after stop none comes', () => {
  const { clock, memory, count } = made();
  memory.note(499);
  clock.advance(10_000);
  expect(count()).toBe(0);
  memory.note(1);
  memory.stop();
  clock.advance(10_000);
  expect(count()).toBe(0);
});
