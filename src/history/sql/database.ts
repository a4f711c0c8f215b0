/** Opens a history database where it is. Each kind is loaded by those who use it. */
import type { HistoryPlace } from '../place.ts';
import type { Note } from '../writer_message.ts';
import type { ReadableDatabase, WritableDatabase } from './source.ts';

/** Opens the database and brings it to the newest shape; `note` hears of what takes long. */
export async function openForWriting(place: HistoryPlace, note?: Note): Promise<WritableDatabase> {
  if (place.kind === 'sqlite') {
    const { openSqliteForWriting } = await import('../sqlite/sqlite_database.ts');
    return openSqliteForWriting(place, note);
  }
  const { openPostgresForWriting } = await import('../postgres/postgres_database.ts');
  return openPostgresForWriting(place.uri);
}

/** The database must have been opened for writing before. */
export async function openForReading(
  place: HistoryPlace,
  connectionsMax: number,
): Promise<ReadableDatabase> {
  if (place.kind === 'sqlite') {
    const { openSqliteForReading } = await import('../sqlite/sqlite_database.ts');
    return openSqliteForReading(place.path);
  }
  const { openPostgresForReading } = await import('../postgres/postgres_database.ts');
  return openPostgresForReading(place.uri, connectionsMax);
}
