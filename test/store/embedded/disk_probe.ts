/** Stores on the real disk, and what a start finds there. */
import { Database } from 'bun:sqlite';
import { databasePath } from '../../../src/store/embedded/database.ts';
import { openProbe, type Probe } from './probe.ts';

/** Fills a new directory through the engine and closes it. */
export async function filledDirectory(
  dataDir: string,
  fill: (call: Probe['call']) => void,
): Promise<string> {
  const probe = await openProbe({ dataDir });
  fill(probe.call);
  await probe.store.close();
  return dataDir;
}

/** Changes the database behind the engine's back. */
export function alter(dataDir: string, ...statements: readonly string[]): void {
  const db = new Database(databasePath(dataDir));
  for (const statement of statements) db.run(statement);
  db.close();
}

/** The message with which the start is refused; '' when it is not. */
export async function refusal(dataDir: string): Promise<string> {
  try {
    const { store } = await openProbe({ dataDir });
    await store.close();
    return '';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
