/** A document that comes on standard input, named `-` on the command line. */
import { type FoundDocuments, withVariables } from '../config/discovery.ts';
import { documentBytesMax } from '../config/document_file.ts';
import type { Environment } from '../config/environment.ts';

export const standardInput = '-';
/** As reports call it. */
const sourceName = 'stdin';

/** Reads to the end and puts the variables of the environment in. Rejects when `signal` aborts. */
export async function readStandardInput(
  env: Environment,
  signal: AbortSignal,
): Promise<FoundDocuments> {
  const bytes = await unlessAborted(readAll(), signal);
  if (bytes === null) return refused('is larger than 1 MiB: divide it into several documents');
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return withVariables([{ name: sourceName, text }], env);
  } catch {
    return refused('is not UTF-8 text: write it with that encoding');
  }
}

/** Null for more than a document can have. */
async function readAll(): Promise<Uint8Array | null> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of Bun.stdin.stream()) {
    length += chunk.byteLength;
    if (length > documentBytesMax) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** At a terminal, or of a pipe, the end may never come. */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function refused(message: string): FoundDocuments {
  return { ok: false, problems: [{ source: sourceName, path: '', position: null, message }] };
}
