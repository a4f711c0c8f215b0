/**
 * Carries facts from the store's outbox to history. A fact leaves the outbox only when history has it on
 * disk; a crash in between carries it twice, which history does not mind.
 */
import type { Clock, Timer } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { endsWithin } from '../lib/patience.ts';
import { type Store, StoreUnavailableError } from '../store/store.ts';
import type { History } from './history.ts';
import { FactsRejectedError } from './history_error.ts';
import { readOutbox, trimOutbox } from './outbox.ts';
import { OutboxSize } from './outbox_size.ts';

/**
 * Facts wait this long for company: a batch costs two scripts and two commits, which calls under way would
 * otherwise wait behind. Readers do not notice: they ask for what waits first (`idle`).
 */
const coalesceMs = 20;
/** With this many waiting, company enough. */
const coalesceFacts = 200;
const backoffMsMin = 100;
const backoffMsMax = 30_000;
/** How long a server that shares its store has a batch to itself; should it die, another carries the batch then. */
const claimMs = 5_000;
/** Looks at what another server has: often while somebody waits for it, else only lest that server dies. */
const heldLookMs = 10;
const heldRestMs = 1_000;
/** The outbox lives in memory: with more facts than these waiting, less should happen. */
const waitingMax = 200_000;
/** The same once history has been away for this long: it may be away for long, and steps go on. */
const waitingMaxWhileAway = 50_000;
const awayMs = 60_000;
/** Whatever their number: outputs and payloads may have megabytes each. */
export const waitingBytesMax = 256 * 1024 * 1024;
/** A batch takes milliseconds; history that has had one for this long is as good as away. */
export const stuckMs = 10_000;

export interface OutboxPumpOptions {
  readonly store: Store;
  /** Must not learn of a transition that a crash would undo: what is given here waits for the disk (`outward`). */
  readonly history: Pick<History, 'record'>;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'warn' | 'error'>;
  /** Facts in one batch, 1 to 1000. */
  readonly batchMax: number;
  /** Names this server among those that share the store; empty (the default) when it has the store to itself. */
  readonly reader?: string;
  /** From 0 to below 1; spreads the retries of servers that lost the same database. */
  readonly random?: () => number;
}

export class OutboxPump {
  readonly #options: OutboxPumpOptions;
  readonly #random: () => number;
  #isRunning = false;
  /** Facts that were announced since the outbox was last read; not 0 when it has to be read. */
  #waiting = 0;
  readonly #size = new OutboxSize();
  /** When the first of the failures in a row was. */
  #failingSinceMs: number | null = null;
  /** Since when history has had the batch that it has not answered yet. */
  #recordingSinceMs: number | null = null;
  /** The batch in flight. */
  #batch: Promise<void> | null = null;
  /** The next batch, when it is put off. */
  #timer: Timer | null = null;
  /** Since the last success. */
  #failures = 0;
  #failuresTotal = 0;
  /** Another server has what waits. */
  #isHeld = false;
  readonly #reader: string;
  readonly #idleWaiters = new Set<() => void>();

  constructor(options: OutboxPumpOptions) {
    if (options.batchMax < 1 || options.batchMax > 1000) {
      throw new RangeError(`batchMax must be 1 to 1000, not ${options.batchMax}`);
    }
    this.#options = options;
    this.#random = options.random ?? Math.random;
    this.#reader = options.reader ?? '';
  }

  /** Begins with what an earlier process left in the outbox. */
  start(): void {
    this.#isRunning = true;
    this.#waiting += 1;
    this.#begin();
  }

  /**
   * Begins no further batch and waits for the one in flight, for at most `msMax`. What is left stays in the outbox.
   * Resolves with whether no batch is in flight any more.
   */
  async stop(msMax: number | null = null): Promise<boolean> {
    const { clock } = this.#options;
    this.#isRunning = false;
    this.#cancelTimer();
    const batch = this.#batch ?? Promise.resolve();
    const isOver = msMax === null || (await endsWithin(clock, msMax, batch));
    if (isOver) await batch;
    this.#releaseIdleWaiters();
    return isOver;
  }

  /** Tells that facts were written. Cheap: call it after every script that writes any. */
  wake(facts = 1, bytes = 0): void {
    this.#waiting += facts;
    this.#size.add(facts, bytes);
    this.#schedule();
  }

  /** Something that was away is back: tries again at once instead of when the backoff ends. */
  retry(): void {
    this.#waiting += 1;
    this.#begin();
  }

  /** Whether history has everything that this server knows of. */
  get isCaughtUp(): boolean {
    return this.#waiting === 0 && this.#batch === null;
  }

  /**
   * Resolves when history has every fact that was in the outbox, when the pump is stopped, or after `msMax`.
   * Whoever gives no `msMax` waits for as long as history is away.
   */
  idle(msMax: number | null = null): Promise<void> {
    // What other servers have written may not have been announced here yet.
    if (this.#reader !== '') this.#waiting += 1;
    if (!this.#isRunning || (this.#waiting === 0 && this.#batch === null))
      return this.#batch ?? Promise.resolve();
    const empty = this.#untilIdle(msMax);
    if (this.#failures === 0) this.#begin();
    return empty;
  }

  /** How many wait for an idle pump. */
  get waiters(): number {
    return this.#idleWaiters.size;
  }

  /** The last failures in a row: not 0 while history is away. */
  get failures(): number {
    return this.#failures;
  }

  /** Batches that history did not take, since the start. */
  get failuresTotal(): number {
    return this.#failuresTotal;
  }

  /** About how many facts history does not have yet. */
  get backlog(): number {
    return this.#size.facts;
  }

  /** About how many bytes they have. */
  get backlogBytes(): number {
    return this.#size.bytes;
  }

  /** History has had a batch for so long that something is wrong. */
  get isStuck(): boolean {
    const sinceMs = this.#recordingSinceMs;
    return sinceMs !== null && this.#options.clock.now() - sinceMs >= stuckMs;
  }

  /** History is so far behind that no new work should be taken in: what waits for it is in memory. */
  get isBehind(): boolean {
    const { facts, bytes } = this.#size;
    if (facts > waitingMax || bytes > waitingBytesMax) return true;
    const sinceMs = this.#failingSinceMs;
    if (sinceMs === null || facts <= waitingMaxWhileAway) return false;
    return this.#options.clock.now() - sinceMs > awayMs;
  }

  #untilIdle(msMax: number | null): Promise<void> {
    const { clock } = this.#options;
    const { promise, resolve } = Promise.withResolvers<void>();
    let timer: Timer | null = null;
    const release = (): void => {
      timer?.cancel();
      this.#idleWaiters.delete(release);
      resolve();
    };
    this.#idleWaiters.add(release);
    if (msMax !== null) timer = clock.at(clock.now() + msMax, release);
    return promise;
  }

  #schedule(): void {
    if (!this.#isRunning || this.#batch !== null || this.#failures > 0) return;
    const { clock } = this.#options;
    if (this.#waiting >= coalesceFacts || this.#idleWaiters.size > 0) this.#begin();
    // Counts from the first fact and is never put off again, so that no fact waits for longer.
    else this.#timer ??= clock.at(clock.now() + coalesceMs, () => this.#begin());
  }

  #begin(): void {
    this.#cancelTimer();
    if (!this.#isRunning || this.#batch !== null) return;
    this.#batch = this.#drain().finally(() => {
      this.#batch = null;
      this.#afterDrain();
    });
  }

  #afterDrain(): void {
    if (this.#failures > 0) {
      if (this.#isRunning)
        this.#timer ??= this.#options.clock.at(this.#retryAtMs(), () => this.#begin());
    } else if (this.#isHeld) {
      if (this.#isRunning)
        this.#timer ??= this.#options.clock.at(this.#nextLookMs(), () => this.#begin());
    } else if (this.#waiting > 0) {
      this.#schedule();
    } else {
      this.#releaseIdleWaiters();
    }
  }

  /** Carries batches for as long as the outbox is known to hold more. Never rejects. */
  async #drain(): Promise<void> {
    try {
      let hasMore = true;
      while (hasMore && this.#isRunning) {
        this.#waiting = 0;
        this.#isHeld = false;
        hasMore = await this.#carry();
        this.#failures = 0;
        this.#failingSinceMs = null;
        if (hasMore) this.#waiting += 1;
      }
    } catch (error) {
      this.#waiting += 1;
      this.#failures += 1;
      this.#failuresTotal += 1;
      this.#failingSinceMs ??= this.#options.clock.now();
      this.#report(error);
    }
  }

  /** Carries one batch. Resolves with whether there is more. */
  async #carry(): Promise<boolean> {
    const { store, batchMax } = this.#options;
    const nowMs = this.#options.clock.now();
    const claim = { reader: this.#reader, nowMs, untilMs: nowMs + claimMs };
    const page = await readOutbox(store, batchMax, claim);
    this.#size.see(page);
    if (page.heldUntilMs !== null) {
      this.#isHeld = true;
      this.#waiting += 1;
      return false;
    }
    if (page.facts.length === 0) return false;
    await this.#record(page.facts);
    const isTrimmed = await trimOutbox(store, page);
    if (isTrimmed) this.#size.drop(page);
    return !isTrimmed || page.length > page.facts.length;
  }

  async #record(facts: readonly string[]): Promise<void> {
    this.#recordingSinceMs = this.#options.clock.now();
    try {
      await this.#options.history.record(facts);
    } catch (error) {
      if (!(error instanceof FactsRejectedError)) throw error;
      // They would be rejected for ever and hold up all that come after them.
      const reasons = error.rejections.slice(0, 5).map(({ reason }) => reason);
      this.#options.log.error(
        'history cannot read some facts: they are left out, please report this',
        {
          facts: error.rejections.length,
          reasons,
        },
      );
    } finally {
      this.#recordingSinceMs = null;
    }
  }

  #nextLookMs(): number {
    const restMs = this.#idleWaiters.size > 0 ? heldLookMs : heldRestMs;
    return this.#options.clock.now() + restMs;
  }

  #retryAtMs(): number {
    const backoffMs = Math.min(backoffMsMax, backoffMsMin * 2 ** (this.#failures - 1));
    return this.#options.clock.now() + Math.ceil(backoffMs * (0.5 + this.#random() / 2));
  }

  #report(error: unknown): void {
    // A store that is away says so itself.
    if (error instanceof StoreUnavailableError) return;
    this.#options.log.warn('facts could not be carried to history: they wait in the outbox', {
      failures: this.#failures,
      error: error instanceof Error ? error.message : String(error),
    });
  }

  #cancelTimer(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #releaseIdleWaiters(): void {
    for (const release of [...this.#idleWaiters]) release();
  }
}
