/**
 * Notices that history cannot be read, and that it can be again: by the reads of others, and by a look of its own when
 * somebody asks while there were none. Without questions it does nothing.
 */
import type { Clock } from '../lib/clock.ts';
import type { History } from './history.ts';
import { HistoryBusyError, HistoryUnavailableError } from './history_error.ts';

/** Nobody is told what was true longer ago than this without looking again. */
export const lookEveryMs = 5_000;
/** A look is two reads by key: one that takes this long is stuck. */
export const slowMs = 5_000;

/** No id is empty. */
const nobody = '';

export class ReadWatch {
  readonly #history: History;
  readonly #clock: Clock;
  #hasFailed = false;
  /** A read failed during the look under way, which may have been before that. */
  #isDoubted = false;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  /** When the look under way began. */
  #lookingSinceMs: number | null = null;

  constructor(history: History, clock: Clock) {
    this.#history = history;
    this.#clock = clock;
  }

  /** What is wrong, in words; null when nothing is known to be. Looks again, for who asks next. */
  trouble(): string | null {
    const nowMs = this.#clock.now();
    if (nowMs - this.#lookedAtMs >= lookEveryMs) this.#look();
    const sinceMs = this.#lookingSinceMs;
    if (sinceMs !== null && nowMs - sinceMs >= slowMs) return 'history does not answer reads';
    return this.#hasFailed ? 'history cannot be read' : null;
  }

  /** The same history; what comes of its reads is noted. */
  watched(): History {
    const history = this.#history;
    const noted =
      <A extends readonly unknown[], R>(read: (...args: A) => Promise<R>) =>
      async (...args: A): Promise<R> => {
        try {
          return await read(...args);
        } catch (error) {
          const isAway = error instanceof HistoryUnavailableError;
          if (isAway && !(error instanceof HistoryBusyError)) this.#doubt();
          throw error;
        }
      };
    return {
      record: (facts) => history.record(facts),
      events: noted(history.events.bind(history)),
      countEvents: noted(history.countEvents.bind(history)),
      event: noted(history.event.bind(history)),
      eventsById: noted(history.eventsById.bind(history)),
      runsOfEvents: noted(history.runsOfEvents.bind(history)),
      runsOfEvent: noted(history.runsOfEvent.bind(history)),
      run: noted(history.run.bind(history)),
      outputsOf: noted(history.outputsOf.bind(history)),
      runs: noted(history.runs.bind(history)),
      countRuns: noted(history.countRuns.bind(history)),
      factsOf: noted(history.factsOf.bind(history)),
      prune: (cutoffs) => history.prune(cutoffs),
      close: () => history.close(),
    };
  }

  /** A read failed; the next look tells whether it was more than that one. */
  #doubt(): void {
    this.#hasFailed = true;
    this.#isDoubted = this.#lookingSinceMs !== null;
    this.#look();
  }

  #look(): void {
    if (this.#lookingSinceMs !== null) return;
    this.#lookingSinceMs = this.#clock.now();
    // One of each kind of table: others may have locked either.
    const looks = [this.#history.event(nobody), this.#history.run(nobody)];
    Promise.allSettled(looks).then((outcomes) => {
      this.#lookingSinceMs = null;
      this.#lookedAtMs = this.#clock.now();
      this.#hasFailed = this.#isDoubted || outcomes.some(({ status }) => status === 'rejected');
      if (this.#isDoubted) this.#look();
      this.#isDoubted = false;
    });
  }
}
