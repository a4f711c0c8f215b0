/** The files that a database of a data directory can consist of. One of them alone is enough to spoil another database. */
import { readdirSync } from 'node:fs';

/** In this order: a directory with a store has its history, too. */
export const databaseNames = ['history.db', 'store.db'] as const;
export type DatabaseName = (typeof databaseNames)[number];

/** SQLite's own. Beside a database that they do not belong to, it takes them for its last changes. */
export const sideSuffixes = ['-wal', '-shm', '-journal'] as const;
/** What the engine writes anew, until it is complete and takes the place of the main file (`embedded/renewal.ts`). */
const renewalSuffixes = ['.new', '.new-journal'] as const;

/** The main file comes first: without it, what is left is not taken for an older state of the database. */
export function filesOf(name: DatabaseName): string[] {
  return ['', ...sideSuffixes, ...renewalSuffixes].map((suffix) => name + suffix);
}

/** Those that are in the folder; none when there is no folder. */
export function filesIn(folder: string, names: readonly DatabaseName[]): string[] {
  const found = new Set(entriesOf(folder));
  return names.flatMap(filesOf).filter((file) => found.has(file));
}

/** Not asked one by one: a link that leads nowhere is in the way, too. */
function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
