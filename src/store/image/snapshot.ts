/**
 * Copies a database while a server uses it. The copy is the state of one instant; the server goes on writing
 * meanwhile and is not waited for.
 */
import { closeSync, openSync, statSync } from 'node:fs';
import { sqliteFailureText } from './failure_text.ts';
import type { CopyAnswer, CopyRequest } from './vacuum_worker.ts';

const progressMs = 250;

export interface SnapshotOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (bytes: number, bytesMax: number) => void;
}

/** Throws when the database cannot be read or the copy cannot be written. What it wrote so far is the caller's to remove. */
export async function copyDatabase(
  from: string,
  to: string,
  { signal, onProgress }: SnapshotOptions,
): Promise<void> {
  signal.throwIfAborted();
  // Made here, so that it is never readable by others.
  closeSync(openSync(to, 'wx', 0o600));
  const worker = new Worker(new URL('./vacuum_worker.ts', import.meta.url), { smol: true });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setInterval(() => onProgress(sizeOf(to), sizeOf(from)), progressMs);
  const abort = (): void => reject(signal.reason);
  signal.addEventListener('abort', abort);
  const fail = (message: string): void =>
    reject(new Error(`cannot copy ${from}: ${sqliteFailureText(message)}`));
  worker.onmessage = ({ data }: MessageEvent<CopyAnswer>) =>
    data.error === null ? resolve() : fail(data.error);
  worker.onerror = (event) => fail(event.message);
  worker.postMessage({ from, to } satisfies CopyRequest);
  try {
    await promise;
  } finally {
    clearInterval(timer);
    signal.removeEventListener('abort', abort);
    worker.terminate();
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
