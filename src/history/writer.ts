/** The main thread's side of the writer: hands it batches, and starts its thread again if it dies. */
import { type Clock, systemClock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { Cutoffs, Pruned } from './history.ts';
import { FactsRejectedError, HistoryUnavailableError } from './history_error.ts';
import type { HistoryPlace } from './place.ts';
import type { FactTally } from './tally.ts';
import type { WriterAnswer, WriterNote, WriterRequest } from './writer_message.ts';

export interface WriterOptions {
  readonly place: HistoryPlace;
  /** Is told what each batch adds to the metrics, once it is on disk. */
  readonly onRecorded?: (tally: FactTally) => void;
  readonly clock?: Clock;
  /** Hears of an upgrade of the database. */
  readonly log?: Pick<Logger, 'info' | 'warn'>;
  /** Stands in for the thread's program; for tests. */
  readonly program?: URL;
}

interface Waiter {
  resolve(answer: WriterAnswer): void;
  reject(error: Error): void;
}

/** The pump has one batch in flight; whoever sends this many at once does not wait for answers. */
const requestsMax = 1_024;

/** A database that hangs must not keep the server from ending: its facts are in the outbox. */
export const closeMsMax = 5_000;

export class Writer {
  readonly #options: WriterOptions;
  #worker: Worker | null = null;
  /** In the order of the requests, which is the order of the answers. */
  #waiters: Waiter[] = [];
  #isClosed = false;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /** Opens the database and brings it to the newest shape. Throws `HistoryUnavailableError`. */
  async open(): Promise<void> {
    await this.#start();
  }

  /**
   * Resolves when the facts are on disk. Throws `FactsRejectedError` when some were left out,
   * `HistoryUnavailableError` when nothing was recorded or nobody knows whether it was.
   */
  async record(facts: readonly string[]): Promise<void> {
    const answer = await this.#askOpen({ kind: 'record', facts });
    if (answer.kind !== 'recorded') throw unexpected(answer);
    if (answer.tally !== null) this.#options.onRecorded?.(answer.tally);
    if (answer.rejections.length > 0) throw new FactsRejectedError(answer.rejections);
  }

  /** Between batches. Throws `HistoryUnavailableError`. */
  async prune(cutoffs: Cutoffs): Promise<Pruned> {
    const answer = await this.#askOpen({ kind: 'prune', cutoffs });
    if (answer.kind !== 'pruned') throw unexpected(answer);
    return answer.pruned;
  }

  /**
   * Waits for what is being recorded, closes the database and ends the thread. Throws `HistoryUnavailableError` when it
   * had to be ended without.
   */
  async close(): Promise<void> {
    this.#isClosed = true;
    const { clock = systemClock } = this.#options;
    const late = `it did not close within ${closeMsMax / 1_000} s`;
    const timer = clock.at(clock.now() + closeMsMax, () => this.#end(late));
    try {
      if (this.#worker !== null) await this.#ask({ kind: 'close' });
    } finally {
      timer.cancel();
      this.#end('it has been closed');
    }
  }

  async #start(): Promise<void> {
    const { place, onRecorded, program, log } = this.#options;
    const worker = new Worker(program ?? new URL('./writer_worker.ts', import.meta.url), {
      smol: true,
    });
    this.#worker = worker;
    worker.onmessage = ({ data }: MessageEvent<WriterAnswer | WriterNote>) => {
      if (data.kind === 'note') log?.[data.level](data.message, data.fields);
      else if (this.#worker === worker) this.#waiters.shift()?.resolve(data);
    };
    worker.onerror = (event) => this.#lose(worker, `its thread failed: ${event.message}`);
    worker.addEventListener('close', () => this.#lose(worker, 'its thread ended'));
    try {
      await this.#ask({ kind: 'open', place, isTallying: onRecorded !== undefined });
    } catch (error) {
      this.#lose(worker, 'the database could not be opened');
      throw error;
    }
  }

  async #askOpen(request: WriterRequest): Promise<WriterAnswer> {
    if (this.#isClosed) throw unavailable('it has been closed');
    if (this.#worker === null) await this.#start();
    return this.#ask(request);
  }

  async #ask(request: WriterRequest): Promise<WriterAnswer> {
    const worker = this.#worker;
    if (worker === null) throw unavailable('its thread ended');
    if (this.#waiters.length >= requestsMax) {
      throw unavailable(`${requestsMax} batches already wait for the disk`);
    }
    const answer = await new Promise<WriterAnswer>((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
      worker.postMessage(request);
    });
    if (answer.kind === 'failed') throw unavailable(answer.message);
    return answer;
  }

  /** The next batch starts another thread. */
  #lose(worker: Worker, reason: string): void {
    if (this.#worker === worker) this.#end(reason);
  }

  #end(reason: string): void {
    const worker = this.#worker;
    this.#worker = null;
    worker?.terminate();
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter.reject(unavailable(reason));
  }
}

function unavailable(reason: string): HistoryUnavailableError {
  return new HistoryUnavailableError(`history writer: ${reason}`);
}

function unexpected({ kind }: WriterAnswer): Error {
  return new Error(`history writer: an answer to another question: ${kind}`);
}
