/** Connections to a history database in PostgreSQL. */
import type { ReadableDatabase, WritableDatabase } from '../sql/source.ts';
import { migratePostgres } from './migrations.ts';
import { connect, PostgresSink, PostgresSource } from './postgres_source.ts';

/** Seconds for queries under way when the client is closed. */
const closeSecondsMax = 5;

export async function openPostgresForWriting(uri: string): Promise<WritableDatabase> {
  // One connection: batches are written one after the other.
  const sql = connect(uri, 1);
  const sink = new PostgresSink(sql, sql, uri);
  const close = () => sql.close({ timeout: closeSecondsMax });
  try {
    await migratePostgres(sink);
  } catch (error) {
    await close();
    throw error;
  }
  // Autovacuum finds what was deleted.
  return { sink, giveBack: async () => false, close };
}

export async function openPostgresForReading(
  uri: string,
  connectionsMax: number,
): Promise<ReadableDatabase> {
  const sql = connect(uri, connectionsMax);
  return {
    source: new PostgresSource(sql, uri),
    close: () => sql.close({ timeout: closeSecondsMax }),
  };
}
