/** A round of work that is done again and again, with a pause in between. */
import type { Clock, Timer } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { StoreUnavailableError } from '../store/store.ts';

export interface RoundsParts {
  readonly clock: Clock;
  readonly log: Pick<Logger, 'warn'>;
  readonly intervalMs: number;
  /** What is done, for the log. */
  readonly what: string;
  /** Resolves with whether there is to be another round. */
  readonly round: () => Promise<boolean>;
}

/** The pause begins when a round has ended, so that rounds never overlap. A round that fails is tried again. */
export class Rounds {
  readonly #parts: RoundsParts;
  #timer: Timer | null = null;
  #current: Promise<void> | null = null;
  #isStopped = false;

  constructor(parts: RoundsParts) {
    this.#parts = parts;
  }

  /** Begins the first round at once. */
  start(): void {
    if (this.#isStopped || this.#current !== null) return;
    this.#timer = null;
    this.#current = this.#run();
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Resolves when the round under way has ended. No other follows. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    await this.#current;
  }

  async #run(): Promise<void> {
    const { clock, log, intervalMs, what, round } = this.#parts;
    let isToGoOn = true;
    try {
      isToGoOn = await round();
    } catch (error) {
      // A store that is away says so itself.
      if (!(error instanceof StoreUnavailableError))
        log.warn(`${what} failed; trying again in ${intervalMs} ms`, { error });
    }
    this.#current = null;
    if (!isToGoOn) this.#isStopped = true;
    if (!this.#isStopped) this.#timer = clock.at(clock.now() + intervalMs, () => this.start());
  }
}
