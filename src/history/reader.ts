/** The main thread's side of the reader: starts its thread when something is searched, and ends it when nothing is. */
import { type Clock, systemClock, type Timer } from '../lib/clock.ts';
import { HistoryBusyError, HistoryUnavailableError, QueryError } from './history_error.ts';
import type { HistoryPlace } from './place.ts';
import type { Found, ReaderAnswer, ReaderRequest, Search } from './reader_message.ts';

/** A thread costs some megabytes; starting one some tens of milliseconds. */
const idleMs = 60_000;
/** Each search takes memory for a piece of a list. */
const searchesMax = 256;

export interface ReaderOptions {
  readonly place: HistoryPlace;
  readonly clock?: Clock;
}

interface Waiter {
  resolve(found: Found): void;
  reject(error: unknown): void;
}

interface Thread {
  readonly worker: Worker;
  readonly closed: PromiseWithResolvers<void>;
}

export class Reader {
  readonly #place: HistoryPlace;
  readonly #clock: Clock;
  readonly #waiters = new Map<number, Waiter>();
  #thread: Thread | null = null;
  /** Threads that are told to close. */
  readonly #closing = new Set<Promise<void>>();
  #idle: Timer | null = null;
  #nextId = 1;
  #isClosed = false;

  constructor({ place, clock = systemClock }: ReaderOptions) {
    this.#place = place;
    this.#clock = clock;
  }

  get isRunning(): boolean {
    return this.#thread !== null;
  }

  /** Throws `QueryError`, `HistoryUnavailableError`, or the signal's reason. */
  search(search: Search, signal?: AbortSignal): Promise<Found> {
    if (this.#isClosed) return Promise.reject(unavailable('it has been closed'));
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#waiters.size >= searchesMax) {
      const reason = `history reader: ${searchesMax} searches are under way, try again later`;
      return Promise.reject(new HistoryBusyError(reason));
    }
    this.#thread ??= this.#start();
    this.#idle?.cancel();
    const id = this.#nextId++;
    const { promise, resolve, reject } = Promise.withResolvers<Found>();
    const abandon = (): void => {
      this.#settle(id)?.reject(signal?.reason);
      this.#say({ kind: 'cancel', id });
    };
    signal?.addEventListener('abort', abandon, { once: true });
    this.#waiters.set(id, { resolve, reject });
    this.#say({ kind: 'search', id, search });
    return promise.finally(() => signal?.removeEventListener('abort', abandon));
  }

  /** Gives up what is being searched and ends the thread. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stop();
    await Promise.all(this.#closing);
  }

  #start(): Thread {
    const worker = new Worker(new URL('./reader_worker.ts', import.meta.url), { smol: true });
    const thread = { worker, closed: Promise.withResolvers<void>() };
    worker.onmessage = ({ data }: MessageEvent<ReaderAnswer>) => {
      if (data.kind === 'closed') thread.closed.resolve();
      else this.#hear(data);
    };
    worker.onerror = (event) => this.#lose(thread, `its thread failed: ${event.message}`);
    worker.addEventListener('close', () => this.#lose(thread, 'its thread ended'));
    const open: ReaderRequest = { kind: 'open', place: this.#place };
    worker.postMessage(open);
    return thread;
  }

  #hear(answer: Exclude<ReaderAnswer, { kind: 'closed' }>): void {
    const waiter = this.#settle(answer.id);
    if (waiter === undefined) return;
    if (answer.kind === 'found') waiter.resolve(answer.found);
    else if (answer.isQueryError) waiter.reject(new QueryError(answer.message));
    else waiter.reject(unavailable(answer.message));
  }

  #settle(id: number): Waiter | undefined {
    const waiter = this.#waiters.get(id);
    if (!this.#waiters.delete(id) || this.#waiters.size > 0) return waiter;
    this.#idle = this.#clock.at(this.#clock.now() + idleMs, () => this.#stop());
    return waiter;
  }

  #say(request: ReaderRequest): void {
    this.#thread?.worker.postMessage(request);
  }

  #lose(thread: Thread, reason: string): void {
    thread.closed.resolve();
    if (this.#thread === thread) this.#end(reason);
  }

  /** The thread closes its connection before it ends: a file that is open keeps its log beside it. */
  #stop(): void {
    const thread = this.#thread;
    if (thread === null) return;
    this.#say({ kind: 'close' });
    this.#end('it has been closed');
    const closing = thread.closed.promise.then(() => {
      thread.worker.terminate();
      this.#closing.delete(closing);
    });
    this.#closing.add(closing);
  }

  #end(reason: string): void {
    this.#thread = null;
    this.#idle?.cancel();
    const waiters = [...this.#waiters.values()];
    this.#waiters.clear();
    for (const waiter of waiters) waiter.reject(unavailable(reason));
  }
}

function unavailable(reason: string): HistoryUnavailableError {
  return new HistoryUnavailableError(`history reader: ${reason}`);
}
