/**
 * Deletes history that is older than it is kept for: soon after the start and then every hour, in small batches with
 * rests between them, so that recording never waits for long. Servers that share a history may all do it.
 */
import type { RetentionSettings } from '../cli/settings.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { Cutoffs, History, Pruned } from './history.ts';
import { HistoryUnavailableError } from './history_error.ts';

export interface RetentionKeeperOptions {
  readonly history: Pick<History, 'prune'>;
  readonly retention: RetentionSettings;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  /** From 0 to below 1. */
  readonly random?: () => number;
}

/** A server that has just started has better things to do. */
export const firstLookMs = 60_000;
export const lookEveryMs = 3_600_000;
/** Servers that were started together look at different times: waits are longer or shorter by up to this share. */
export const jitterShare = 0.2;
/** Between two batches at least, and at least as long as the batch took: recording gets half of the time. */
export const restMsMin = 25;
/** After a failure, doubled with each further one. */
export const backoffMsMin = 5_000;
export const backoffMsMax = 600_000;
/** Batches in a row that found nothing to delete while there was said to be more: then something is wrong. */
export const emptyBatchesMax = 100;

const nothing: Pruned = { events: 0, runs: 0, traces: 0, hasMore: false };

export class RetentionKeeper {
  readonly #options: RetentionKeeperOptions;
  #life: Promise<void> | null = null;
  #isRunning = false;
  #failures = 0;
  #wake: () => void = () => {};

  constructor(options: RetentionKeeperOptions) {
    this.#options = options;
  }

  start(): void {
    const { eventsMs, runsMs, tracesMs } = this.#options.retention;
    const isOff = eventsMs === null && runsMs === null && tracesMs === null;
    if (isOff || this.#life !== null) return;
    this.#isRunning = true;
    this.#life = this.#live();
  }

  /** Resolves when nothing is under way any more: a batch that has begun is finished, no other begins. */
  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#wake();
    await this.#life;
    this.#life = null;
  }

  /** Never rejects. */
  async #live(): Promise<void> {
    await this.#pause(this.#jittered(firstLookMs));
    while (this.#isRunning) await this.#pause(this.#jittered(await this.#look()));
  }

  /** Deletes all that is too old by now. Resolves with the time until the next look. */
  async #look(): Promise<number> {
    const { clock, log, retention } = this.#options;
    const startedAtMs = clock.now();
    const cutoffs = cutoffsOf(retention, startedAtMs);
    let gone = nothing;
    try {
      for await (const batch of this.#batches(cutoffs)) gone = sum(gone, batch);
      this.#failures = 0;
    } catch (error) {
      this.#failures += 1;
      this.#report(error);
    }
    const { events, runs, traces } = gone;
    if (isAnything(gone)) {
      const tookMs = clock.now() - startedAtMs;
      log.info('history older than its retention was deleted', { events, runs, traces, tookMs });
    }
    if (this.#failures === 0) return lookEveryMs;
    return Math.min(backoffMsMax, backoffMsMin * 2 ** (this.#failures - 1));
  }

  /** Batch by batch until nothing is left or the server stops. */
  async *#batches(cutoffs: Cutoffs): AsyncGenerator<Pruned> {
    const { history, clock } = this.#options;
    let emptyBatches = 0;
    while (this.#isRunning && emptyBatches < emptyBatchesMax) {
      const beganAtMs = clock.now();
      const batch = await history.prune(cutoffs);
      yield batch;
      if (!batch.hasMore) return;
      emptyBatches = isAnything(batch) ? 0 : emptyBatches + 1;
      await this.#pause(Math.max(restMsMin, clock.now() - beganAtMs));
    }
  }

  #report(error: unknown): void {
    const isAway = error instanceof HistoryUnavailableError;
    // An outage is reported once; anything else may be a different thing each time.
    if (isAway && this.#failures > 1) return;
    this.#options.log.warn('old history could not be deleted; trying again later', {
      error: error instanceof Error ? error.message : String(error),
    });
  }

  /** Ends early when the keeper is stopped. */
  async #pause(ms: number): Promise<void> {
    if (!this.#isRunning) return;
    const { clock } = this.#options;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer: Timer = clock.at(clock.now() + ms, resolve);
    this.#wake = resolve;
    await promise;
    timer.cancel();
  }

  #jittered(ms: number): number {
    const { random = Math.random } = this.#options;
    return Math.round(ms * (1 - jitterShare + 2 * jitterShare * random()));
  }
}

/** What is too old at `nowMs`. */
export function cutoffsOf(
  { eventsMs, runsMs, tracesMs }: RetentionSettings,
  nowMs: number,
): Cutoffs {
  const before = (ageMs: number | null): number | null => (ageMs === null ? null : nowMs - ageMs);
  // Traces that are kept as long as their runs go with them: nothing to look for.
  const isOwnAge = tracesMs !== null && (runsMs === null || tracesMs < runsMs);
  return {
    eventsBeforeMs: before(eventsMs),
    runsBeforeMs: before(runsMs),
    tracesBeforeMs: isOwnAge ? before(tracesMs) : null,
  };
}

function sum(a: Pruned, b: Pruned): Pruned {
  return {
    events: a.events + b.events,
    runs: a.runs + b.runs,
    traces: a.traces + b.traces,
    hasMore: b.hasMore,
  };
}

function isAnything({ events, runs, traces }: Pruned): boolean {
  return events + runs + traces > 0;
}
