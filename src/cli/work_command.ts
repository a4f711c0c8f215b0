/** What a command that does one piece of work is made of. */
import type { Clock } from '../lib/clock.ts';
import type { GivenFlags } from './command_line.ts';
import type { Progress } from './progress.ts';

/** As the command line gave it. */
export interface GivenWork {
  readonly given: GivenFlags;
  readonly words: readonly string[];
}

export interface WorkTools {
  readonly clock: Clock;
  /** Aborts when the user has had enough. */
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

export interface Outcome {
  readonly json: Readonly<Record<string, unknown>>;
  /** For people, with its line breaks. */
  readonly text: string;
  /** For people too, on stderr: what is wrong with what the text is about. */
  readonly notes?: string;
  /** 0 when left out. */
  readonly exitCode?: number;
}

export interface Work {
  readonly isJson: boolean;
  run(tools: WorkTools): Promise<Outcome>;
}
