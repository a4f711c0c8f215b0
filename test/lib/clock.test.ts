import { expect, test } from 'bun:test';
import { steadyTime, systemClock } from '../../src/lib/clock.ts';

function machine() {
  const state = { wallMs: 1_000_000, monotonicMs: 50 };
  const now = steadyTime(
    () => state.wallMs,
    () => state.monotonicMs,
  );
  const pass = (ms: number): void => {
    state.wallMs += ms;
    state.monotonicMs += ms;
  };
  return { state, now, pass };
}

test('time follows the clock of the machine', () => {
  const { now, pass } = machine();
  pass(10);
  expect(now()).toBe(1_000_010);
  pass(990.7);
  expect(now()).toBe(1_001_000);
});

test('a clock that is set back an hour does not take time back: it goes on at its own pace', () => {
  const { state, now, pass } = machine();
  pass(1_000);
  expect(now()).toBe(1_001_000);
  state.wallMs -= 3_600_000;
  expect(now()).toBe(1_001_000);
  pass(5_000);
  expect(now()).toBe(1_006_000);
});

test('when the clock has caught up it is followed again', () => {
  const { state, now, pass } = machine();
  state.wallMs -= 10_000;
  pass(1_000);
  expect(now()).toBe(1_001_000);
  state.wallMs += 60_000;
  expect(now()).toBe(1_051_000);
});

test('a small correction makes time stand still, never go back', () => {
  const { state, now, pass } = machine();
  pass(1_000);
  expect(now()).toBe(1_001_000);
  state.wallMs -= 40;
  expect(now()).toBe(1_001_000);
  pass(30);
  expect(now()).toBe(1_001_000);
  pass(30);
  expect(now()).toBe(1_001_020);
});

test('a clock that is set forward is followed at once', () => {
  const { state, now } = machine();
  state.wallMs += 86_400_000;
  expect(now()).toBe(87_400_000);
});

test('the clock of the system tells the time of day', () => {
  expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(1_000);
});
