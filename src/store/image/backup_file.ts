/**
 * The file that `inngest backup` writes: itself a SQLite database, whose table `images` names the databases in it
 * and whose table `chunks` holds their bytes, a MiB per row. Without this program they are put together again with
 * `SELECT data FROM chunks WHERE image = 'store.db' ORDER BY number`.
 */
import { Database } from 'bun:sqlite';
import { createHash, type Hash } from 'node:crypto';
import { closeSync, openSync, readSync, statSync, writeSync } from 'node:fs';
import { type DatabaseName, databaseNames } from './database_files.ts';

/** Raised whenever an older program could not read what this one writes. */
const backupFormat = 1;
/** 'INGB': tells our files from other SQLite databases. */
const applicationId = 0x494e4742;
const chunkBytes = 1024 * 1024;

const schema = `
  CREATE TABLE images (image TEXT PRIMARY KEY, bytes INTEGER NOT NULL, sha256 TEXT NOT NULL);
  CREATE TABLE chunks (image TEXT NOT NULL, number INTEGER NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (image, number));
  CREATE TABLE backup (taken_at TEXT NOT NULL, version TEXT NOT NULL, keys INTEGER NOT NULL);
`;

export interface BackupImage {
  readonly name: DatabaseName;
  readonly bytes: number;
  readonly sha256: string;
}

export interface BackupHead {
  /** ISO 8601. */
  readonly takenAt: string;
  /** Of the program that made it. */
  readonly version: string;
  /** In the store; 0 when only history was backed up. */
  readonly keys: number;
}

export interface Backup extends BackupHead {
  readonly images: readonly BackupImage[];
}

export interface ByteProgress {
  readonly signal: AbortSignal;
  readonly onBytes: (bytes: number) => void;
}

/** Writes a new file from finished images. Nothing is synced: the caller does that when it is satisfied. */
export async function writeBackup(
  path: string,
  head: BackupHead,
  images: readonly { readonly name: DatabaseName; readonly path: string }[],
  progress: ByteProgress,
): Promise<Backup> {
  closeSync(openSync(path, 'wx', 0o600));
  const db = new Database(path, { create: false, readwrite: true });
  try {
    db.run('PRAGMA page_size = 65536');
    // It is thrown away when anything goes wrong: a journal would only write everything twice.
    db.run('PRAGMA journal_mode = OFF');
    db.run('PRAGMA synchronous = OFF');
    db.run(`PRAGMA application_id = ${applicationId}`);
    db.run(`PRAGMA user_version = ${backupFormat}`);
    db.run('BEGIN');
    db.run(schema);
    const written: BackupImage[] = [];
    for (const image of images) {
      const sum = await packImage(db, image, progress);
      db.run('INSERT INTO images VALUES (?, ?, ?)', [image.name, sum.bytes, sum.sha256]);
      written.push({ name: image.name, ...sum });
    }
    db.run('INSERT INTO backup VALUES (?, ?, ?)', [head.takenAt, head.version, head.keys]);
    db.run('COMMIT');
    return { ...head, images: written };
  } finally {
    db.close();
  }
}

async function packImage(
  db: Database,
  { name, path }: { readonly name: DatabaseName; readonly path: string },
  { signal, onBytes }: ByteProgress,
): Promise<{ bytes: number; sha256: string }> {
  const insert = db.prepare('INSERT INTO chunks VALUES (?, ?, ?)');
  const hash = createHash('sha256');
  const file = openSync(path, 'r');
  const buffer = new Uint8Array(chunkBytes);
  let bytes = 0;
  try {
    for (let number = 0; ; number += 1) {
      const length = readSync(file, buffer, 0, chunkBytes, bytes);
      if (length === 0) break;
      const chunk = buffer.subarray(0, length);
      hash.update(chunk);
      insert.run(name, number, chunk);
      bytes += length;
      onBytes(length);
      await breathe(signal);
    }
  } finally {
    closeSync(file);
    insert.finalize();
  }
  return { bytes, sha256: hash.digest('hex') };
}

export interface OpenBackup extends Backup {
  /** Reads an image and checks it; with a path, writes it there. Throws when the bytes are not those that were backed up. */
  extract(image: BackupImage, to: string | null, progress: ByteProgress): Promise<void>;
  close(): void;
}

/** Throws when the file is missing, is no backup or was made by a newer program. */
export function openBackup(path: string): OpenBackup {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) {
    throw new Error(`there is no file ${path}: name one that 'inngest backup' made`);
  }
  const db = openReadOnly(path);
  try {
    const backup = readHead(db, path);
    return {
      ...backup,
      extract: (image, to, progress) => extract(db, path, image, to, progress),
      close: () => db.close(),
    };
  } catch (error) {
    db.close();
    throw error;
  }
}

function openReadOnly(path: string): Database {
  try {
    return new Database(path, { readonly: true });
  } catch (cause) {
    throw new Error(`cannot open ${path}: ${reasonOf(cause)}: check that you may read it`, {
      cause,
    });
  }
}

function readHead(db: Database, path: string): Backup {
  const found = attempt(path, () => {
    const id = db.query<{ application_id: number }, []>('PRAGMA application_id').get();
    const format = db.query<{ user_version: number }, []>('PRAGMA user_version').get();
    return { id: id?.application_id, format: format?.user_version ?? 0 };
  });
  if (found.id !== applicationId) throw new Error(`${path} was not made by 'inngest backup'`);
  if (found.format > backupFormat) {
    throw new Error(
      `${path} has format ${found.format}, this program reads up to ${backupFormat}: use a newer version`,
    );
  }
  return attempt(path, () => {
    const head = db
      .query<BackupHead, []>('SELECT taken_at AS takenAt, version, keys FROM backup')
      .get();
    const rows = db
      .query<{ image: string; bytes: number; sha256: string }, []>('SELECT * FROM images')
      .all();
    const images = [...databaseNames].reverse().flatMap((name) => {
      const row = rows.find(({ image }) => image === name);
      return row ? [{ name, bytes: row.bytes, sha256: row.sha256 }] : [];
    });
    if (!head || images.length === 0) {
      throw new Error('it holds no database: the backup was not completed');
    }
    return { ...head, images };
  });
}

async function extract(
  db: Database,
  path: string,
  image: BackupImage,
  to: string | null,
  { signal, onBytes }: ByteProgress,
): Promise<void> {
  const hash = createHash('sha256');
  const file = to === null ? null : openSync(to, 'wx', 0o600);
  let bytes = 0;
  try {
    for (const data of chunksIn(db, path, image)) {
      hash.update(data);
      if (file !== null) writeWhole(file, data);
      bytes += data.length;
      onBytes(data.length);
      await breathe(signal);
    }
  } finally {
    if (file !== null) closeSync(file);
  }
  checkSum(path, image, bytes, hash);
}

function* chunksIn(db: Database, path: string, { name }: BackupImage): Generator<Uint8Array> {
  const query = db.query<{ data: Uint8Array }, [string, number]>(
    'SELECT data FROM chunks WHERE image = ? AND number = ?',
  );
  for (let number = 0; ; number += 1) {
    const row = attempt(path, () => query.get(name, number));
    if (!row) return;
    yield row.data;
  }
}

function checkSum(path: string, image: BackupImage, bytes: number, hash: Hash): void {
  if (bytes === image.bytes && hash.digest('hex') === image.sha256) return;
  throw new Error(
    `${path} is damaged: ${image.name} in it is not what was backed up (${bytes} of ${image.bytes} bytes read). Use another backup`,
  );
}

/** One write may take less than it was given. */
function writeWhole(file: number, data: Uint8Array): void {
  for (let at = 0; at < data.length; ) at += writeSync(file, data, at);
}

function attempt<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new Error(`${path} cannot be read as a backup: ${reasonOf(cause)}`, { cause });
  }
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** Lets progress be shown and a signal be heard between two chunks. */
async function breathe(signal: AbortSignal): Promise<void> {
  await new Promise((resume) => setImmediate(resume));
  signal.throwIfAborted();
}
