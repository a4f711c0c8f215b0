/**
 * Brings the journal to disk in batches: one is in flight, changes made meanwhile form the next. A batch is
 * taken between turns of the event loop and thus always holds whole scripts.
 */
import type { Clock, Timer } from '../../lib/clock.ts';
import { StoreUnavailableError } from '../store.ts';
import { CommitError, codeOf, goneCode, troubleText } from './commit_error.ts';
import type { Committer } from './committer.ts';
import type { Journal } from './journal.ts';
import type { Operand } from './row_ops.ts';

/** Whoever waits for durability is told after this long that the disk does not answer. */
const settleWaitMsMax = 10_000;
/**
 * What nobody waits for (a trimmed outbox, the end of a run) stays behind for this long at most, so that it does not
 * stand in the way of what somebody does wait for.
 */
const lagMsMax = 10;
const retryDelayMsMin = 50;
const retryDelayMsMax = 5_000;
/** Beyond these, intake is refused until the disk has caught up. */
const unflushedKeysMax = 50_000;
const unflushedBytesMax = 64 * 1024 * 1024;

export interface CommitStats {
  readonly bytesUnflushed: number;
  readonly commits: number;
  readonly commitMsLast: number;
}

type Waiter = PromiseWithResolvers<void>;

/** A batch on its way to disk. */
interface Flight {
  ops: readonly Operand[];
  /** The batch is everything there is, for a new database. */
  isWhole: boolean;
  /** The files are not the directory's any more; what is in `ops` does not suffice. */
  isGroundLost: boolean;
  readonly keys: number;
  readonly bytes: number;
  readonly startedMs: number;
  waiter: Waiter | undefined;
  failures: number;
  error: CommitError | undefined;
  timer: Timer | undefined;
}

export interface GroupCommitParts {
  readonly journal: Journal;
  readonly committer: Committer;
  /** Times the disk: real time that only moves forward, even where scripts run on virtual time. */
  readonly clock: Clock;
  readonly warn: (message: string) => void;
  /** Told of each batch how long it took to be on disk, in ms. */
  readonly onCommit?: ((ms: number) => void) | undefined;
  /** For messages. */
  readonly dataDir: string;
  /**
   * Takes the directory again when its files are gone, and everything there is as one batch. Throws when the directory
   * cannot be made or another process has it.
   */
  readonly takeAnew: () => Operand[];
}

export class GroupCommit {
  readonly #journal: Journal;
  readonly #committer: Committer;
  readonly #clock: Clock;
  readonly #warn: (message: string) => void;
  readonly #onCommit: GroupCommitParts['onCommit'];
  readonly #dataDir: string;
  readonly #takeAnew: () => Operand[];
  #flight: Flight | undefined;
  /** Waits for the batch after the one in flight. */
  #next: Waiter | undefined;
  #deadline: Timer | undefined;
  /** Takes what nobody waits for. */
  #lag: Timer | undefined;
  #isStalled = false;
  #isClosed = false;
  #bytesPending = 0;
  #commits = 0;
  #commitMsLast = 0;

  constructor(parts: GroupCommitParts) {
    const { journal, committer, clock, warn, onCommit, dataDir, takeAnew } = parts;
    this.#journal = journal;
    this.#committer = committer;
    this.#clock = clock;
    this.#warn = warn;
    this.#onCommit = onCommit;
    this.#dataDir = dataDir;
    this.#takeAnew = takeAnew;
    journal.onFirstChange = () => this.#schedule();
  }

  /** Notes roughly how much a script wrote. */
  noteBytes(bytes: number): void {
    if (!this.#journal.isEmpty) this.#bytesPending += bytes;
  }

  settled(): Promise<void> {
    if (this.#journal.isEmpty && !this.#flight) return alreadySettled;
    if (this.#isStalled) return Promise.reject(this.#unavailable());
    if (!this.#journal.isEmpty) {
      if (this.#next === undefined) {
        this.#next = Promise.withResolvers<void>();
        this.#schedule();
      }
      return this.#next.promise;
    }
    const flight = this.#flight;
    if (!flight) return alreadySettled;
    flight.waiter ??= Promise.withResolvers<void>();
    return flight.waiter.promise;
  }

  trouble(): string | null {
    const error = this.#flight?.error;
    if (error) return troubleText(error, this.#dataDir);
    if (this.#isStalled) {
      return `the disk does not answer (data directory ${this.#dataDir}): check disk and mount; new events are refused`;
    }
    const keys = this.#journal.size + (this.#flight?.keys ?? 0);
    const isBehind = keys > unflushedKeysMax || this.#bytesUnflushed() > unflushedBytesMax;
    if (!isBehind) return null;
    return `the disk does not keep up (data directory ${this.#dataDir}): new events are refused until it has caught up`;
  }

  stats(): CommitStats {
    return {
      bytesUnflushed: this.#bytesUnflushed(),
      commits: this.#commits,
      commitMsLast: this.#commitMsLast,
    };
  }

  /** Brings everything to disk and closes the committer. Rejects when the disk does not answer. */
  async close(): Promise<void> {
    try {
      while (this.#flight || !this.#journal.isEmpty) await this.settled();
    } finally {
      this.#isClosed = true;
      this.#deadline?.cancel();
      this.#lag?.cancel();
      this.#flight?.timer?.cancel();
      await this.#closeFile();
    }
  }

  async #closeFile(): Promise<void> {
    try {
      await this.#committer.close();
    } catch (error) {
      if (codeOf(error) === goneCode) await this.#renewAtEnd(error);
      // What was settled is durable even when tidying up fails.
      else this.#warn(`store: closing the database failed: ${messageOf(error)}`);
    }
  }

  /** Nothing of what was settled is on disk. There is no second attempt: whoever stops the server has to hear of it. */
  async #renewAtEnd(loss: unknown): Promise<void> {
    this.#warnOfLoss(loss);
    try {
      await this.#committer.renew(this.#takeAnew());
      await this.#committer.close();
    } catch (cause) {
      throw new StoreUnavailableError(
        `everything in memory is lost with this process: it could not be written to ${this.#dataDir} again (${messageOf(cause)})`,
        { cause },
      );
    }
  }

  #bytesUnflushed(): number {
    return this.#bytesPending + (this.#flight?.bytes ?? 0);
  }

  /** After the present turn of the event loop, so that everything it does shares one commit. */
  #schedule(): void {
    if (this.#flight) return;
    if (this.#next) setImmediate(() => this.#flush());
    else this.#lag ??= this.#clock.at(this.#clock.now() + lagMsMax, () => this.#flush());
  }

  #flush(): void {
    this.#lag?.cancel();
    this.#lag = undefined;
    if (this.#flight || this.#journal.isEmpty) {
      // Changes that cancelled each other out leave nothing to wait for.
      if (!this.#flight) this.#takeNext()?.resolve();
      return;
    }
    const keys = this.#journal.size;
    const flight: Flight = {
      ops: this.#journal.take(),
      isWhole: false,
      isGroundLost: false,
      keys,
      bytes: this.#bytesPending,
      startedMs: performance.now(),
      waiter: this.#takeNext(),
      failures: 0,
      error: undefined,
      timer: undefined,
    };
    this.#bytesPending = 0;
    this.#flight = flight;
    this.#deadline = this.#clock.at(this.#clock.now() + settleWaitMsMax, () => this.#stall());
    this.#attempt(flight);
  }

  #takeNext(): Waiter | undefined {
    const next = this.#next;
    this.#next = undefined;
    return next;
  }

  #attempt(flight: Flight): void {
    // The directory may belong to another process by now.
    if (this.#isClosed) return;
    try {
      if (flight.isGroundLost) this.#makeWhole(flight);
    } catch (error) {
      this.#retry(flight, error);
      return;
    }
    const { ops } = flight;
    const done = flight.isWhole ? this.#committer.renew(ops) : this.#committer.commit(ops);
    done.then(
      () => this.#land(flight),
      (error: unknown) => this.#fail(flight, error),
    );
  }

  #makeWhole(flight: Flight): void {
    flight.ops = this.#takeAnew();
    flight.isWhole = true;
    flight.isGroundLost = false;
  }

  #land(flight: Flight): void {
    this.#flight = undefined;
    this.#isStalled = false;
    this.#deadline?.cancel();
    this.#commits += 1;
    this.#commitMsLast = performance.now() - flight.startedMs;
    this.#onCommit?.(this.#commitMsLast);
    if (flight.isWhole) this.#warn(`store: everything was written anew to ${this.#dataDir}`);
    if (flight.failures > 0) this.#warn('store: the disk takes writes again');
    flight.waiter?.resolve();
    // Someone may wait although the changes have cancelled each other out meanwhile.
    if (this.#next || !this.#journal.isEmpty) this.#schedule();
  }

  #fail(flight: Flight, error: unknown): void {
    if (codeOf(error) !== goneCode) {
      this.#retry(flight, error);
      return;
    }
    this.#warnOfLoss(error);
    // At once, unless it happens again and again.
    const isFirst = !flight.isWhole;
    flight.isGroundLost = true;
    if (isFirst) this.#attempt(flight);
    else this.#retry(flight, error);
  }

  #warnOfLoss(error: unknown): void {
    this.#warn(
      `store: ${messageOf(error)}; nothing is lost, everything is in memory and written anew, but do not touch the files ` +
        'of a running server',
    );
  }

  #retry(flight: Flight, error: unknown): void {
    if (this.#isClosed) return;
    flight.failures += 1;
    flight.error =
      error instanceof CommitError ? error : new CommitError(messageOf(error), codeOf(error));
    const ceilingMs = Math.min(retryDelayMsMax, retryDelayMsMin * 2 ** (flight.failures - 1));
    const delayMs = ceilingMs * (0.5 + Math.random() / 2);
    this.#warn(
      `store: writing to disk failed, trying again in ${Math.round(delayMs)} ms: ${messageOf(error)}`,
    );
    flight.timer = this.#clock.at(this.#clock.now() + delayMs, () => this.#attempt(flight));
  }

  /** The batch stays and is tried on; only those who wait are let go. */
  #stall(): void {
    this.#isStalled = true;
    this.#flight?.waiter?.reject(this.#unavailable());
    if (this.#flight) this.#flight.waiter = undefined;
    this.#takeNext()?.reject(this.#unavailable());
  }

  #unavailable(): StoreUnavailableError {
    return new StoreUnavailableError(
      this.trouble() ?? 'the disk has not taken writes for some time',
    );
  }
}

const alreadySettled = Promise.resolve();

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
