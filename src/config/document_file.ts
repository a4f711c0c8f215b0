/** Reads one document from disk: text, or why not in words for the person who wrote it. */
import type { Stats } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { z } from 'zod';

export const documentBytesMax = 1024 * 1024;
/** Of a folder; more documents than any installation has. */
export const folderFilesMax = 1_000;

export type FileRead<T> =
  | { readonly kind: 'found'; readonly found: T }
  | { readonly kind: 'missing' }
  | { readonly kind: 'refused'; readonly reason: string };

const documentNames = /^[^.].*\.(cue|json)$/;
const tooLarge = `is larger than 1 MiB: divide it into several documents`;

/** Whether a file of this name in a folder of documents is one; hidden files are an editor's. */
export function isDocumentName(name: string): boolean {
  return documentNames.test(name);
}

/** Links are followed. Only what does not exist is missing; whatever else is in the way is refused. */
export async function readDocumentFile(path: string): Promise<FileRead<string>> {
  return read(path, (status) =>
    isStream(status)
      ? refused('is not a file: it can be read only once, but a server reads again. Use a file')
      : refused(status.isDirectory() ? 'is a folder' : 'is not a file'),
  );
}

/** As `readDocumentFile`, also from a pipe or a terminal, for which it waits until the other end is done. */
export async function readDocumentOnce(path: string): Promise<FileRead<string>> {
  return read(path, async (status) => {
    if (isStream(status)) return decoded(await streamBytes(path));
    return refused(status.isDirectory() ? 'is a folder' : 'is not a file');
  });
}

async function read(
  path: string,
  other: (status: Stats) => FileRead<string> | Promise<FileRead<string>>,
): Promise<FileRead<string>> {
  try {
    // Looked at before it is opened: opening a pipe would wait for its other end.
    const status = await stat(path);
    if (!status.isFile()) return await other(status);
    if (status.size > documentBytesMax) return refused(tooLarge);
    // It may have grown since.
    const bytes = await Bun.file(path)
      .slice(0, documentBytesMax + 1)
      .bytes();
    return decoded(bytes);
  } catch (error) {
    return failureOf(error);
  }
}

function isStream(status: Stats): boolean {
  return status.isFIFO() || status.isCharacterDevice();
}

/** To the end, or to the first byte that is too many. */
async function streamBytes(path: string): Promise<Uint8Array> {
  const bytes = new Uint8Array(documentBytesMax + 1);
  let length = 0;
  await using file = await open(path, 'r');
  while (length < bytes.byteLength) {
    const { bytesRead } = await file.read(bytes, length, bytes.byteLength - length, null);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return bytes.subarray(0, length);
}

/** Names of the documents in a folder, sorted. */
export async function readDocumentFolder(path: string): Promise<FileRead<readonly string[]>> {
  try {
    const names = (await readdir(path)).filter(isDocumentName).toSorted();
    if (names.length <= folderFilesMax) return { kind: 'found', found: names };
    return refused(`has more than ${folderFilesMax} documents: put several functions into each`);
  } catch (error) {
    return failureOf(error);
  }
}

/** UTF-8, without the mark some editors begin it with. */
function decoded(bytes: Uint8Array): FileRead<string> {
  if (bytes.byteLength > documentBytesMax) return refused(tooLarge);
  try {
    return { kind: 'found', found: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return refused('is not UTF-8 text: save it with that encoding');
  }
}

const systemError = z.object({ code: z.string() });
const missingCodes = new Set(['ENOENT', 'ENOTDIR']);
const reasonOf: Readonly<Record<string, string>> = {
  EACCES: 'may not be read by this user: change its permissions',
  EPERM: 'may not be read by this user: change its permissions',
  ELOOP: 'is a link that leads back to itself',
  ENAMETOOLONG: 'has a name that is too long',
};

function failureOf(error: unknown): FileRead<never> {
  const parsed = systemError.safeParse(error);
  // A bug, not a file.
  if (!parsed.success) throw error;
  const { code } = parsed.data;
  if (missingCodes.has(code)) return { kind: 'missing' };
  return refused(reasonOf[code] ?? `cannot be read (${code})`);
}

function refused(reason: string): FileRead<never> {
  return { kind: 'refused', reason };
}
