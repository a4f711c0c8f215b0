import { expect, test } from 'bun:test';
import { openProbe } from './probe.ts';

test('a key is invisible from the moment it expires', async () => {
  const { call, clock } = await openProbe();
  call('SET', 'a', 1, 'PX', 1000);
  clock.advance(999);
  expect(call('GET', 'a')).toBe('1');
  clock.advance(1);
  expect(call('GET', 'a')).toBeNull();
  expect(call('SET', 'a', 2, 'NX')).toBe('OK');
  expect(call('TTL', 'a')).toBe(-1);
});

test('expired keys are removed without anyone asking for them', async () => {
  const { store, call, clock } = await openProbe();
  for (let at = 0; at < 2000; at += 1) call('SET', `k${at}`, 1, 'PX', 1000 + at);
  expect(store.stats().keys).toBe(2000);
  clock.advance(3000);
  expect(store.stats().keys).toBe(0);
  expect(clock.timers).toBe(0);
});

test('thousands of keys that expire at one moment are all removed', async () => {
  const { store, call, clock } = await openProbe();
  for (let at = 0; at < 3000; at += 1) call('SET', `k${at}`, 1, 'PX', 1000);
  clock.advance(1000);
  expect(store.stats().keys).toBe(0);
});

test('one timer waits for the next expiry, and none when nothing expires', async () => {
  const { call, clock } = await openProbe();
  call('SET', 'never', 1);
  expect(clock.timers).toBe(0);
  call('SET', 'late', 1, 'PX', 5000);
  call('SET', 'soon', 1, 'PX', 1000);
  expect(clock.timers).toBe(1);
});

test('a shorter, longer or removed expiry is honoured', async () => {
  const { call, clock } = await openProbe();
  for (const key of ['shorter', 'longer', 'kept', 'replaced']) call('SET', key, 1, 'PX', 1000);
  call('PEXPIRE', 'shorter', 500);
  call('PEXPIRE', 'longer', 2000);
  call('PERSIST', 'kept');
  call('SET', 'replaced', 2);
  clock.advance(500);
  expect(call('EXISTS', 'shorter', 'longer', 'kept', 'replaced')).toBe(3);
  clock.advance(1000);
  expect(call('EXISTS', 'shorter', 'longer', 'kept', 'replaced')).toBe(3);
  clock.advance(1000);
  expect(call('EXISTS', 'shorter', 'longer', 'kept', 'replaced')).toBe(2);
});

test('keys whose expiry is put off again and again expire when the last one has come', async () => {
  const { store, call, clock } = await openProbe();
  for (let round = 0; round < 3_000; round += 1) {
    call('PEXPIRE', `k${round % 3}`, 1_000);
    call('SET', `k${round % 3}`, round, 'PX', 1_000);
    clock.advance(1);
  }
  expect(store.stats().keys).toBe(3);
  clock.advance(997);
  expect(store.stats().keys).toBe(2);
  clock.advance(2);
  expect(store.stats().keys).toBe(0);
  expect(clock.timers).toBe(0);
});

test('time stands still within a script', async () => {
  const { store, clock } = await openProbe({
    extraScripts: {
      s: "redis.call('SET', 'a', 1, 'PX', 5) return { redis.call('PTTL', 'a'), redis.call('PTTL', 'a') }",
    },
  });
  clock.advance(3);
  expect(store.runSync('s', [])).toEqual([5, 5]);
});
