/** Results in hand outlive a store that is away. */
import { expect, test } from 'bun:test';
import { patientStore } from '../../src/store/patient_store.ts';
import { type Store, StoreUnavailableError } from '../../src/store/store.ts';
import { SimClock, turn } from '../simulation/sim_clock.ts';

function awayFor(failures: number, error: Error = new StoreUnavailableError('away')) {
  const clock = new SimClock();
  const stopping = new AbortController();
  let attempts = 0;
  const attempt = async () => {
    attempts += 1;
    if (attempts <= failures) throw error;
    return 7;
  };
  const inner: Store = {
    run: attempt,
    settled: async () => void (await attempt()),
    subscribe: () => () => {},
    trouble: () => null,
    close: async () => {},
  };
  const listeners = new Set<() => void>();
  const whenBack = (listener: () => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  const patience = { clock, random: () => 1, signal: stopping.signal, whenBack };
  const store = patientStore(inner, patience);
  const pass = async (ms: number): Promise<void> => {
    for (let i = 0; i < 5; i += 1) await turn();
    clock.goTo(clock.now() + ms);
    for (let i = 0; i < 5; i += 1) await turn();
  };
  return { store, clock, stopping, pass, listeners, attempts: () => attempts };
}

test('a script that found the store away runs when it is back, with growing pauses', async () => {
  const { store, pass, attempts } = awayFor(3);
  const reply = store.run('step_commit', []);
  const seen: number[] = [];
  for (const ms of [0, 99, 1, 199, 1, 399, 1]) {
    await pass(ms);
    seen.push(attempts());
  }
  expect(seen).toEqual([1, 1, 2, 2, 3, 3, 4]);
  expect(await reply).toBe(7);
});

test('nobody waits for the end of a pause when the store is back', async () => {
  const { store, pass, listeners, attempts } = awayFor(2);
  const reply = store.run('step_commit', []);
  for (let failure = 1; failure <= 2; failure += 1) {
    await pass(0);
    expect(attempts()).toBe(failure);
    for (const tell of listeners) tell();
  }
  expect(await reply).toBe(7);
  expect(listeners.size).toBe(0);
});

test('waiting for durability is as patient', async () => {
  const { store, pass } = awayFor(1);
  const settled = store.settled();
  await pass(100);
  await settled;
});

test('an error that is no absence is passed on at once', async () => {
  const { store, attempts } = awayFor(1, new Error('a bug'));
  await expect(store.run('x', [])).rejects.toThrow('a bug');
  expect(attempts()).toBe(1);
});

test('patience ends with the server', async () => {
  const { store, stopping, pass, clock } = awayFor(9);
  const refused = store.run('x', []).catch((error: unknown) => error);
  await pass(100);
  stopping.abort();
  expect(await refused).toBeInstanceOf(StoreUnavailableError);
  expect(clock.timers).toBe(0);
});
