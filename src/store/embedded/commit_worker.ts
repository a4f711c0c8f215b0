/** A thread that owns the database file for writing, so that waiting for the disk never stops scripts. */
import { MemoryReturn } from '../../lib/memory_return.ts';
import { codeOf } from './commit_error.ts';
import { diskClock } from './disk_clock.ts';
import type { FileIdentity } from './file_identity.ts';
import type { Operand } from './row_ops.ts';
import { StoreFile, type StoreGround } from './store_file.ts';

export type CommitRequest =
  | { readonly kind: 'open'; readonly ground: StoreGround }
  /** Operands as a JSON list. */
  | { readonly kind: 'commit'; readonly ops: string }
  /** All there is may be more than fits into one text. */
  | { readonly kind: 'renew'; readonly ops: readonly Operand[]; readonly lock: FileIdentity }
  | { readonly kind: 'close' };

/** Answers every request but `open`, in order. */
export interface CommitAnswer {
  readonly error: { readonly message: string; readonly code: string } | null;
  /** Of a new database. */
  readonly database?: FileIdentity;
}

declare const self: Worker;

let file: StoreFile | undefined;

/** Threads collect their own garbage. */
const memory = new MemoryReturn(diskClock, () => Bun.gc(true));

self.onmessage = (event: MessageEvent<CommitRequest>) => {
  const request = event.data;
  if (request.kind === 'open') file = new StoreFile(request.ground);
  else self.postMessage(answer(request));
  memory.note();
};

function answer(request: Exclude<CommitRequest, { kind: 'open' }>): CommitAnswer {
  try {
    if (request.kind === 'commit') file?.commit(readOps(request.ops));
    else if (request.kind === 'close') file?.close();
    else return { error: null, database: file?.renew(request.ops, request.lock) ?? null };
    return { error: null };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { error: { message, code: codeOf(error) } };
  }
}

/** The cast holds because `WorkerCommitter` made the text, and JSON brings back every operand as it was. */
const readOps = (text: string): readonly Operand[] => JSON.parse(text) as Operand[];
