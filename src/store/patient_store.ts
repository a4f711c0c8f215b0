/**
 * A store for those who hold results that would be lost with a failure: the answer of an app, a delivery half done. A
 * script that could not run because the store is away is run again when it is back; a repetition does no harm (see
 * `StoreUnavailableError`). Doors take the plain store: their callers are told at once and come again.
 */
import type { Clock } from '../lib/clock.ts';
import { type Store, StoreUnavailableError } from './store.ts';

const restMsMin = 100;
const restMsMax = 2_000;

export interface Patience {
  readonly clock: Clock;
  readonly random: () => number;
  /** Ends the waiting: the server stops. */
  readonly signal: AbortSignal;
  /** Calls back whenever the store is reachable again; returns how to stop that. */
  readonly whenBack: (listener: () => void) => () => void;
}

/** Makes the attempt again for as long as it finds the store away. */
export async function patiently<T>(attempt: () => Promise<T>, patience: Patience): Promise<T> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof StoreUnavailableError) || patience.signal.aborted) throw error;
      await rest(failures, patience);
      if (patience.signal.aborted) throw error;
    }
  }
}

export function patientStore(store: Store, patience: Patience): Store {
  return {
    run: (script, args) => patiently(() => store.run(script, args), patience),
    settled: () => patiently(() => store.settled(), patience),
    subscribe: (subscriber) => store.subscribe(subscriber),
    trouble: () => store.trouble(),
    close: () => store.close(),
  };
}

/** Ends early when the store is back or the signal fires. */
async function rest(
  failures: number,
  { clock, random, signal, whenBack }: Patience,
): Promise<void> {
  const ceilingMs = Math.min(restMsMax, restMsMin * 2 ** (failures - 1));
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = (): void => resolve();
  const timer = clock.at(clock.now() + Math.ceil(ceilingMs * (0.5 + random() / 2)), end);
  signal.addEventListener('abort', end, { once: true });
  const stopListening = whenBack(end);
  await promise;
  timer.cancel();
  stopListening();
  signal.removeEventListener('abort', end);
}
