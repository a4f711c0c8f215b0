/** A thread that owns the database file for writing, so that waiting for the disk never stops scripts. */
import type { Database } from 'bun:sqlite';
import { systemClock } from '../../lib/clock.ts';
import { MemoryReturn } from '../../lib/memory_return.ts';
import { batchWriter, markClean, openDatabase } from './database.ts';
import type { Operand } from './row_ops.ts';

export type CommitRequest =
  | { readonly kind: 'open'; readonly path: string }
  | { readonly kind: 'commit'; readonly ops: readonly Operand[] }
  | { readonly kind: 'close' };

/** Answers every commit and the close, in order. `open` is not answered: its failure shows at the commit. */
export interface CommitAnswer {
  readonly error: string | null;
}

declare const self: Worker;

let path = '';
let open: { readonly db: Database; write(ops: readonly Operand[]): void } | undefined;

/** Threads collect their own garbage. */
const memory = new MemoryReturn(systemClock, () => Bun.gc(true));

self.onmessage = (event: MessageEvent<CommitRequest>) => {
  const request = event.data;
  if (request.kind === 'open') {
    path = request.path;
    return;
  }
  self.postMessage({ error: attempt(request) } satisfies CommitAnswer);
  memory.note();
};

function attempt(request: Exclude<CommitRequest, { kind: 'open' }>): string | null {
  try {
    if (request.kind === 'commit') database().write(request.ops);
    else closeDatabase();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Opened at the first batch, which is when the file stops being as the last process left it. */
function database(): NonNullable<typeof open> {
  if (open) return open;
  const db = openDatabase(path);
  markClean(db, false);
  open = { db, write: batchWriter(db) };
  return open;
}

function closeDatabase(): void {
  if (!open) return;
  markClean(open.db, true);
  open.db.run('PRAGMA wal_checkpoint(TRUNCATE)');
  open.db.close();
  open = undefined;
}
