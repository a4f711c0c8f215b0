/** Reads the whole database into memory at start. */
import type { Database } from 'bun:sqlite';
import { type DiskState, type Entry, type Kind, newDiskState } from './entry.ts';
import { emptyEntry, type Keyspace } from './keyspace.ts';
import { parseFloatText } from './number_text.ts';
import { kindCodes } from './row_ops.ts';

/** Rows are read in pages of this size, so that raw rows never fill the memory beside what they become. */
const pageRows = 5000;

type KeyRow = [
  id: number,
  k: string,
  kind: number,
  isSplit: number,
  expiresAtMs: number,
  v: unknown,
];
type PartRow = [id: number, part: string | number, v: unknown];

const kinds = new Map<number, Kind>(
  // Object.entries forgets the names' types; they are the keys of `kindCodes`.
  (Object.entries(kindCodes) as [Kind, number][]).map(([kind, code]) => [code, kind]),
);

/** Fills an empty keyspace. Returns the largest id in use, 0 when the database is empty. */
export function restore(db: Database, space: Keyspace): number {
  const split = new Map<number, Entry>();
  let lastId = 0;
  const query = db.query<KeyRow, [number, number]>(
    'SELECT id, k, kind, is_split, expires_at_ms, v FROM keys WHERE id > ? ORDER BY id LIMIT ?',
  );
  for (;;) {
    // `values` is untyped in bun:sqlite; the select list above is what KeyRow says.
    const rows = query.values(lastId, pageRows) as unknown as KeyRow[];
    for (const row of rows) {
      const entry = restoreKey(space, row);
      if (row[3] === 1) split.set(row[0], entry);
      lastId = row[0];
    }
    if (rows.length < pageRows) break;
  }
  if (split.size > 0) restoreParts(db, split);
  return lastId;
}

function restoreKey(space: Keyspace, row: KeyRow): Entry {
  const [id, key, code, isSplit, expiresAtMs, value] = row;
  const kind = kinds.get(code);
  if (kind === undefined) throw new Error(`store: key ${key} is of unknown kind ${code}`);
  const disk: DiskState = { ...newDiskState(), id, isSplit: isSplit === 1 };
  const entry: Entry = emptyEntry(key, kind, disk);
  if (!disk.isSplit) fillPacked(entry, String(value));
  space.restore(entry);
  if (expiresAtMs !== 0) space.restoreExpiry(entry, expiresAtMs);
  return entry;
}

function fillPacked(entry: Entry, text: string): void {
  if (entry.kind === 'string') {
    entry.value = text;
    return;
  }
  // Written by `encodeWhole`: an array of strings, and of numbers where scores are.
  const parts = JSON.parse(text) as (string | number)[];
  if (entry.kind === 'set') for (const member of parts) entry.value.add(String(member));
  else if (entry.kind === 'list') entry.value.replace(parts.map(String));
  else {
    for (let at = 0; at < parts.length; at += 2) putPart(entry, String(parts[at]), parts[at + 1]);
  }
}

function putPart(entry: Entry, part: string, value: unknown): void {
  if (entry.kind === 'hash') entry.value.set(part, String(value));
  else if (entry.kind === 'set') entry.value.add(part);
  else if (entry.kind === 'zset') entry.value.set(part, scoreOf(value));
}

function scoreOf(value: unknown): number {
  return typeof value === 'number' ? value : parseFloatText(String(value));
}

function restoreParts(db: Database, split: ReadonlyMap<number, Entry>): void {
  const query = db.query<PartRow, [number]>(
    'SELECT id, part, v FROM parts WHERE id = ? ORDER BY part',
  );
  for (const [id, entry] of split) {
    // `values` is untyped in bun:sqlite; the select list above is what PartRow says.
    const rows = query.values(id) as unknown as PartRow[];
    if (entry.kind === 'zset') {
      entry.value.fill(rows.map(([, part, v]) => ({ member: String(part), score: scoreOf(v) })));
    } else if (entry.kind === 'list') restoreList(entry, rows);
    else for (const [, part, v] of rows) putPart(entry, String(part), v);
  }
}

function restoreList(entry: Extract<Entry, { kind: 'list' }>, rows: readonly PartRow[]): void {
  const list = entry.value;
  list.firstSeq = Number(rows[0]?.[1] ?? 0);
  for (const [, , value] of rows) list.push(String(value));
  list.settle();
  if (!entry.disk) return;
  entry.disk.seqFrom = list.firstSeq;
  entry.disk.seqTo = list.firstSeq + list.length;
}
