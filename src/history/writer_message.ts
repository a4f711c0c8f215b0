/** What the main thread and the writer's thread say to each other. */
import type { LogFields } from '../lib/logger.ts';
import type { Cutoffs, Pruned } from './history.ts';
import type { FactRejection } from './history_error.ts';
import type { HistoryPlace } from './place.ts';
import type { FactTally } from './tally.ts';

/** Answered in the order they were asked, one answer each. */
export type WriterRequest =
  | { readonly kind: 'open'; readonly place: HistoryPlace; readonly isTallying: boolean }
  | { readonly kind: 'record'; readonly facts: readonly string[] }
  | { readonly kind: 'prune'; readonly cutoffs: Cutoffs }
  | { readonly kind: 'close' };

export type WriterAnswer =
  | { readonly kind: 'done' }
  | {
      readonly kind: 'recorded';
      readonly rejections: readonly FactRejection[];
      /** Null when nobody counts. */
      readonly tally: FactTally | null;
    }
  | { readonly kind: 'pruned'; readonly pruned: Pruned }
  | { readonly kind: 'failed'; readonly message: string };

/** Something for the log, before the answer to `open`. */
export interface WriterNote {
  readonly kind: 'note';
  readonly level: 'info' | 'warn';
  readonly message: string;
  readonly fields: LogFields;
}

export type Note = (level: WriterNote['level'], message: string, fields: LogFields) => void;
