/**
 * Scripts that Redis has not answered yet: how many, how large, and who waits until those before him are answered.
 */
import { StoreUnavailableError } from '../store.ts';

/** With more than this in flight, no new work is taken in. */
export const inFlightBusy = 20_000;
export const inFlightBytesBusy = 64 * 1024 * 1024;
/** With more than this, scripts are refused at once: memory stays bounded. */
const refusalFactor = 4;

interface Waiter extends PromiseWithResolvers<void> {
  /** The last flight this one waits for. */
  readonly flight: number;
}

export class FlightLog {
  /** Sizes by flight, in the order of their start. */
  readonly #open = new Map<number, number>();
  #last = 0;
  #bytes = 0;
  #waiters: Waiter[] = [];

  get count(): number {
    return this.#open.size;
  }

  /** Whether Redis answers more slowly than work arrives. */
  get isBusy(): boolean {
    return this.#open.size > inFlightBusy || this.#bytes > inFlightBytesBusy;
  }

  get isFull(): boolean {
    return (
      this.#open.size >= inFlightBusy * refusalFactor ||
      this.#bytes >= inFlightBytesBusy * refusalFactor
    );
  }

  start(bytes: number): number {
    this.#last += 1;
    this.#open.set(this.#last, bytes);
    this.#bytes += bytes;
    return this.#last;
  }

  end(flight: number): void {
    this.#bytes -= this.#open.get(flight) ?? 0;
    this.#open.delete(flight);
    if (this.#waiters.length > 0) this.#release();
  }

  /** Resolves when all flights that have started are over. */
  landed(): Promise<void> {
    if (this.#open.size === 0) return Promise.resolve();
    const latest = this.#waiters.at(-1);
    if (latest?.flight === this.#last) return latest.promise;
    const waiter = { ...Promise.withResolvers<void>(), flight: this.#last };
    this.#waiters.push(waiter);
    return waiter.promise;
  }

  /** The connection is gone: whoever waits learns that it is not known what happened. */
  fail(reason: string): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter.reject(new StoreUnavailableError(reason));
  }

  #release(): void {
    const oldest = this.#open.keys().next().value ?? Number.POSITIVE_INFINITY;
    const firstKept = this.#waiters.findIndex((waiter) => waiter.flight >= oldest);
    const released = this.#waiters.splice(0, firstKept < 0 ? this.#waiters.length : firstKept);
    for (const waiter of released) waiter.resolve();
  }
}
