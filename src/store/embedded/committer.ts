/** The seam between the engine and the disk: makes one batch durable at a time. */
import type { Operand } from './row_ops.ts';

export interface Committer {
  /**
   * Resolves once the whole batch is on disk. After a rejection the same batch may be tried again, whether it got there
   * or not. Rejects with a `CommitError`; code `database_gone` when the files that were written to are not those of the
   * directory any more, so that earlier batches are lost as well: then everything is to be written by `renew`.
   */
  commit(ops: readonly Operand[]): Promise<void>;
  /** As `commit`, into a new database in the place of whatever is there, which is set aside. */
  renew(ops: readonly Operand[]): Promise<void>;
  /**
   * Notes a clean end, folds the log into the database file and closes it. After code `database_gone` there may be a
   * `renew` and another `close`.
   */
  close(): Promise<void>;
}
