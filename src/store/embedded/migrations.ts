/**
 * The formats of the database, one step per version. All the steps that a file needs happen in one transaction: after a
 * crash it is as it was before.
 */
import type { Database } from 'bun:sqlite';
import { Damage } from './damage.ts';
import type { Kind } from './entry.ts';
import { checkPacked } from './packed_entry.ts';
import { codeOf, keySeal, partChecksum } from './row_checksum.ts';
import { kindCodes } from './row_ops.ts';
import { putCounts } from './row_writer.ts';

type Step = (db: Database) => void;

/** The step at index n leads from format n to n + 1. Old steps never change. */
const steps: readonly Step[] = [createTables, addChecksums];

/** Rises whenever an older program could not read what this one writes. */
export const formatVersion = steps.length;

/** Brings a database from one format to the present one. */
export function migrate(db: Database, from: number): void {
  db.transaction(() => {
    for (const step of steps.slice(from)) step(db);
    db.run(`PRAGMA user_version = ${formatVersion}`);
  }).immediate();
}

/** 0 -> 1 */
function createTables(db: Database): void {
  db.run(`CREATE TABLE keys (id INTEGER PRIMARY KEY, k TEXT NOT NULL, kind INTEGER NOT NULL,
    is_split INTEGER NOT NULL, expires_at_ms INTEGER NOT NULL, v)`);
  db.run(
    'CREATE TABLE parts (id INTEGER NOT NULL, part NOT NULL, v, PRIMARY KEY (id, part)) WITHOUT ROWID',
  );
  db.run('CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID');
}

/** 1 -> 2: every row has a checksum, and the number of rows is known. */
function addChecksums(db: Database): void {
  db.run('ALTER TABLE keys RENAME TO keys_1');
  db.run(`CREATE TABLE keys (id INTEGER PRIMARY KEY, k TEXT NOT NULL, expires_at_ms INTEGER NOT NULL,
    seal INTEGER NOT NULL, v)`);
  const keyRows = sealKeys(db);
  db.run('DROP TABLE keys_1');
  db.run('ALTER TABLE parts ADD COLUMN sum INTEGER NOT NULL DEFAULT 0');
  putCounts(db)(keyRows, addPartChecksums(db));
}

const rowsPerPage = 1_000;

type KeyRow = [
  id: number,
  k: string,
  kind: number,
  isSplit: number,
  expiresAtMs: number,
  v: unknown,
];

/** A format 1 row has nothing to check it by but itself, so that its value is unpacked here, this once. */
function sealKeys(db: Database): number {
  const damage = new Damage(db.filename);
  const page = db.query<KeyRow, [number]>(
    `SELECT id, k, kind, is_split, expires_at_ms, v FROM keys_1 WHERE id > ? ORDER BY id LIMIT ${rowsPerPage}`,
  );
  const put = db.query<unknown, [number, string, number, number, string | null]>(
    'INSERT INTO keys (id, k, expires_at_ms, seal, v) VALUES (?, ?, ?, ?, ?)',
  );
  let count = 0;
  for (let lastId = Number.MIN_SAFE_INTEGER; ; ) {
    // `values` is untyped in bun:sqlite; the select list above is what KeyRow says.
    const rows = page.values(lastId) as unknown as KeyRow[];
    for (const [id, k, kind, isSplit, expiresAtMs, v] of rows) {
      const wrong = isSplit === 1 ? null : whatIsWrong(kind, v);
      if (wrong !== null) damage.note(String(k), wrong);
      const value = isSplit === 1 ? null : String(v);
      const seal = keySeal(id, k, codeOf(kind, isSplit), expiresAtMs, value);
      put.run(id, k, expiresAtMs, seal, value);
      lastId = id;
    }
    count += rows.length;
    if (rows.length < rowsPerPage) break;
  }
  damage.refuse();
  return count;
}

const kinds = new Map<number, string>(
  Object.entries(kindCodes).map(([kind, code]) => [code, kind] as const),
);

function whatIsWrong(code: number, value: unknown): string | null {
  const kind = kinds.get(code);
  if (kind === undefined) return `unknown kind ${code}`;
  if (typeof value !== 'string') return 'its value is not text';
  try {
    // The names in `kinds` are those of `kindCodes`, which are kinds.
    checkPacked(value, kind as Kind);
    return null;
  } catch (error) {
    return `its value cannot be read (${error instanceof Error ? error.message : String(error)})`;
  }
}

type PartRow = [id: number, part: string | number, v: string | number | null];

function addPartChecksums(db: Database): number {
  const page = db.query<PartRow, [number, string | number]>(
    `SELECT id, part, v FROM parts WHERE (id, part) > (?, ?) ORDER BY id, part LIMIT ${rowsPerPage}`,
  );
  const update = db.query<unknown, [number, string | number, number]>(
    'UPDATE parts SET sum = ?3 WHERE id = ?1 AND part = ?2',
  );
  let count = 0;
  for (let last: [number, string | number] = [Number.MIN_SAFE_INTEGER, '']; ; ) {
    // `values` is untyped in bun:sqlite; the select list above is what PartRow says.
    const rows = page.values(...last) as unknown as PartRow[];
    for (const [id, part, v] of rows) {
      update.run(id, part, partChecksum(id, part, v));
      last = [id, part];
    }
    count += rows.length;
    if (rows.length < rowsPerPage) break;
  }
  return count;
}
