/** History in a SQLite file. */
import type { History } from '../history.ts';
import { openHistory } from '../open_history.ts';

export interface SqliteHistoryOptions {
  /** The database file; null keeps history in a temporary file that goes when history is closed. */
  readonly path: string | null;
}

/** Throws `HistoryUnavailableError` when the file cannot be opened or is not a history database. */
export function openSqliteHistory({ path }: SqliteHistoryOptions): Promise<History> {
  return openHistory({ kind: 'sqlite', path });
}
