/** The seam between the engine and the disk: makes one batch durable at a time. */
import type { Operand } from './row_ops.ts';

export interface Committer {
  /** Resolves once the whole batch is on disk. After a rejection the same batch may be tried again. */
  commit(ops: readonly Operand[]): Promise<void>;
  /** Notes a clean end, folds the log into the database file and closes it. */
  close(): Promise<void>;
}
