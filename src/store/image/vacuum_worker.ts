/** A thread that copies a database in use into a new file: SQLite does it in one call, which may take a while. */
import { Database } from 'bun:sqlite';

export interface CopyRequest {
  readonly from: string;
  /** An empty file, or none. */
  readonly to: string;
}

export interface CopyAnswer {
  readonly error: string | null;
}

/** A server that is just starting or ending holds the file for a moment. */
const busyTimeoutMs = 10_000;

declare const self: Worker;

self.onmessage = (event: MessageEvent<CopyRequest>) => {
  self.postMessage({ error: attempt(event.data) } satisfies CopyAnswer);
};

function attempt({ from, to }: CopyRequest): string | null {
  try {
    // Not read-only: a reader of a write-ahead log keeps its place in a file that it shares with the writer.
    const db = new Database(from, { create: false, readwrite: true });
    try {
      db.run(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
      db.run('VACUUM INTO ?', [to]);
    } finally {
      db.close();
    }
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
