/** Connections to a history database in PostgreSQL. */
import type { ReadableDatabase, WritableDatabase } from '../sql/source.ts';
import { migratePostgres } from './migrations.ts';
import { migrateMsMax, PostgresClient, readMsMax, writeMsMax } from './postgres_client.ts';
import { PostgresSink, PostgresSource } from './postgres_source.ts';

export async function openPostgresForWriting(uri: string): Promise<WritableDatabase> {
  await migrate(uri);
  // One connection: batches are written one after the other.
  const client = new PostgresClient({ uri, connectionsMax: 1, statementMsMax: writeMsMax });
  return {
    sink: new PostgresSink(client, client),
    // Autovacuum finds what was deleted.
    giveBack: async () => false,
    close: () => client.close(),
  };
}

export async function openPostgresForReading(
  uri: string,
  connectionsMax: number,
): Promise<ReadableDatabase> {
  const client = new PostgresClient({ uri, connectionsMax, statementMsMax: readMsMax });
  return { source: new PostgresSource(client), close: () => client.close() };
}

/** On a connection of its own, which has more time than batches get. */
async function migrate(uri: string): Promise<void> {
  const client = new PostgresClient({ uri, connectionsMax: 1, statementMsMax: migrateMsMax });
  try {
    await migratePostgres(new PostgresSink(client, client));
  } finally {
    await client.close();
  }
}
