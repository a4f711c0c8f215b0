/** Opens history where the settings say: in a SQLite file, in a temporary one, or in PostgreSQL. */
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Logger } from '../lib/logger.ts';
import type { History } from './history.ts';
import { HistoryUnavailableError } from './history_error.ts';
import type { HistoryPlace } from './place.ts';
import { checkAddress, shownAddress } from './postgres/postgres_error.ts';
import { Reader } from './reader.ts';
import { openForReading } from './sql/database.ts';
import { SqlHistory } from './sql_history.ts';
import { makeTemporaryFolder, removeFolder } from './sqlite/temporary_folder.ts';
import type { FactTally } from './tally.ts';
import { Writer } from './writer.ts';

export type HistoryOptions = (
  | {
      readonly kind: 'sqlite';
      /** The database file; null keeps history in a temporary file that goes when history is closed. */
      readonly path: string | null;
    }
  | {
      readonly kind: 'postgres';
      /** `postgres://user:password@host:5432/database`. */
      readonly uri: string;
      /** At least 3: one writes, one searches, the others read. */
      readonly connectionsMax: number;
    }
) & {
  /** Is told what each batch of facts adds to the metrics. */
  readonly onRecorded?: (tally: FactTally) => void;
  /** Hears of an upgrade of the database, which may take minutes. */
  readonly log?: Pick<Logger, 'info' | 'warn'>;
};

/** Those that have a connection of their own. */
const threads = 2;

/** Throws `HistoryUnavailableError` when the database cannot be opened or is not a history database. */
export async function openHistory(options: HistoryOptions): Promise<History> {
  const folder = options.kind === 'sqlite' && options.path === null ? makeTemporaryFolder() : null;
  const afterClose = () => {
    if (folder !== null) removeFolder(folder);
  };
  const place = placeOf(options, folder);
  const writer = new Writer({ place, onRecorded: options.onRecorded, log: options.log });
  const readers = options.kind === 'postgres' ? options.connectionsMax - threads : 1;
  try {
    await writer.open();
    const database = await openForReading(place, Math.max(1, readers));
    return new SqlHistory({ writer, reader: new Reader({ place }), database, afterClose });
  } catch (cause) {
    await writer.close();
    afterClose();
    const reason = cause instanceof Error ? cause.message : String(cause);
    const name = place.kind === 'sqlite' ? place.path : `in ${shownAddress(place.uri)}`;
    const message = `cannot open history database ${name}: ${reason}`;
    throw new HistoryUnavailableError(message, { cause });
  }
}

function placeOf(options: HistoryOptions, folder: string | null): HistoryPlace {
  if (options.kind === 'postgres') {
    checkAddress(options.uri);
    return { kind: 'postgres', uri: options.uri };
  }
  if (folder !== null) {
    return { kind: 'sqlite', path: join(folder, 'history.db'), synchronous: 'OFF' };
  }
  const path = options.path ?? '';
  mkdirSync(dirname(path), { recursive: true, mode: 0o750 });
  return { kind: 'sqlite', path, synchronous: 'FULL' };
}
