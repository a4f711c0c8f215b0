/**
 * Remembers that Redis answers and takes no writes, and finds out when it takes them again: whoever holds leases could
 * not renew them meanwhile and has to know at once, whether a script runs or not.
 */
import type { Clock, Timer } from '../../lib/clock.ts';
import type { Fault } from './redis_fault.ts';

const probeMs = 1_000;
/** While memory is short only intake is refused: a script that succeeds says nothing about it, and the probe has to. */
const intakeCode = 'OOM';

export type Refusal = Extract<Fault, { kind: 'refused' }>;

export interface RefusalWatchOptions {
  readonly clock: Clock;
  /** Tries a write that changes nothing. Rejects while that is refused, having noted by what. */
  readonly probe: (refusal: Refusal) => Promise<void>;
  /** Told once for every reason. */
  readonly onStart: (refusal: Refusal) => void;
  readonly onEnd: () => void;
}

export class RefusalWatch {
  readonly #options: RefusalWatchOptions;
  #refusal: Refusal | undefined;
  /** Kept while its probe is under way. */
  #timer: Timer | undefined;

  constructor(options: RefusalWatchOptions) {
    this.#options = options;
  }

  /** What Redis says, while it refuses. */
  get refusal(): Refusal | null {
    return this.#refusal ?? null;
  }

  /** A script, or the probe, was refused. */
  note(refusal: Refusal): void {
    const isNew = this.#refusal?.code !== refusal.code;
    // A refusal of everything is not hidden by one of intake, whose end may be far off.
    if (this.#refusal && isNew && refusal.code === intakeCode) return;
    this.#refusal = refusal;
    if (!this.#timer) this.#arm();
    if (isNew) this.#options.onStart(refusal);
  }

  /** A script was run. */
  noteSuccess(): void {
    if (this.#refusal && this.#refusal.code !== intakeCode) this.#end();
  }

  /** Forgets the refusal without a word: the connection it came over is gone. */
  stop(): void {
    this.#refusal = undefined;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #end(): void {
    this.stop();
    this.#options.onEnd();
  }

  #arm(): void {
    const { clock } = this.#options;
    this.#timer = clock.at(clock.now() + probeMs, () => void this.#probe());
  }

  async #probe(): Promise<void> {
    const timer = this.#timer;
    const probed = this.#refusal;
    if (!probed) return;
    const isOver = await this.#options.probe(probed).then(
      () => true,
      () => false,
    );
    // It ended meanwhile, or the connection did.
    if (this.#timer !== timer) return;
    // Another kind of refusal that came meanwhile is probed next time.
    if (isOver && this.#refusal?.code === probed.code) this.#end();
    else this.#arm();
  }
}
