/** How far a command has come: one line that changes on a terminal, a line every few seconds elsewhere. */
import type { Clock } from '../lib/clock.ts';

const terminalMs = 100;
const lineMs = 5_000;

export interface ProgressOptions {
  readonly clock: Clock;
  readonly isTerminal: boolean;
  readonly write: (text: string) => void;
}

export class Progress {
  readonly #options: ProgressOptions;
  #nextMs: number;
  #isShown = false;

  constructor(options: ProgressOptions) {
    this.#options = options;
    // What is done in a moment needs no progress.
    this.#nextMs = options.clock.now() + this.#intervalMs;
  }

  get #intervalMs(): number {
    return this.#options.isTerminal ? terminalMs : lineMs;
  }

  /** Cheap to call often. */
  report(textOf: () => string): void {
    const { clock, isTerminal, write } = this.#options;
    const nowMs = clock.now();
    if (nowMs < this.#nextMs) return;
    this.#nextMs = nowMs + this.#intervalMs;
    write(isTerminal ? `\r\x1b[K${textOf()}` : `${textOf()}\n`);
    this.#isShown = isTerminal;
  }

  /** Takes the line away. */
  end(): void {
    if (this.#isShown) this.#options.write('\r\x1b[K');
    this.#isShown = false;
  }
}
