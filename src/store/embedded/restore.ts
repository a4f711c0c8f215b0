/**
 * Reads the whole database into memory at start and checks every row. A database with any damage is refused before the
 * keyspace has seen anything of it.
 */
import type { Database } from 'bun:sqlite';
import { Damage, refusingDamage } from './damage.ts';
import { type Entry, emptyEntry, type Kind, newSplitState } from './entry.ts';
import type { RowCounts } from './journal.ts';
import type { Keyspace } from './keyspace.ts';
import { looksPacked, packedEntry } from './packed_entry.ts';
import { PartRestore, type PartRow } from './part_restore.ts';
import { codeOf, countChecksum, keySeal, readCode } from './row_checksum.ts';
import { kindCodes } from './row_ops.ts';

/** Rows are read in pages of this size, so that raw rows never fill the memory beside what they become. */
const pageRows = 5000;

/** As they should be; a damaged row may hold anything. */
type KeyRow = [id: number, k: string, expiresAtMs: number, seal: number, v: string | null];

const kinds: readonly (Kind | undefined)[] = kindsByCode();

function kindsByCode(): (Kind | undefined)[] {
  const found: (Kind | undefined)[] = [];
  // Object.entries forgets the names' types; they are the keys of `kindCodes`.
  for (const [kind, code] of Object.entries(kindCodes) as [Kind, number][]) found[code] = kind;
  return found;
}

export interface Restored extends RowCounts {
  /** The largest row id in use, 0 when the database is empty. */
  readonly lastId: number;
}

/** Fills an empty keyspace. Throws `DamagedDatabaseError` when anything is wrong with the database. */
export function restore(db: Database, space: Keyspace): Restored {
  return refusingDamage(db.filename, () => {
    const damage = new Damage(db.filename);
    const split = new Map<number, Entry>();
    // In pages: the collector looks through a list that grows again and again, but through a finished one only once.
    const pages: Entry[][] = [];
    const { lastId, keyRows } = readKeys(db, pages, split, damage);
    const partRows = readParts(db, split, damage);
    checkCounts(db, { keyRows, partRows }, damage);
    damage.refuse();
    space.restore(pages);
    if (space.size !== keyRows) damage.note('the tables', 'keys appear more than once');
    damage.refuse();
    return { lastId, keyRows, partRows };
  });
}

function readKeys(
  db: Database,
  pages: Entry[][],
  split: Map<number, Entry>,
  damage: Damage,
): Omit<Restored, 'partRows'> {
  const query = db.query<KeyRow, [number]>(
    `SELECT id, k, expires_at_ms, seal, v FROM keys WHERE id > ? ORDER BY id LIMIT ${pageRows}`,
  );
  let lastId = Number.MIN_SAFE_INTEGER;
  let keyRows = 0;
  for (;;) {
    // `values` is untyped in bun:sqlite; the select list above is what KeyRow says.
    const rows = query.values(lastId) as unknown as KeyRow[];
    const entries: Entry[] = [];
    for (const row of rows) {
      const entry = restoreKey(row, damage);
      if (entry) entries.push(entry);
      if (entry?.split) split.set(row[0], entry);
      lastId = row[0];
    }
    pages.push(entries);
    keyRows += rows.length;
    if (rows.length < pageRows) break;
  }
  return { lastId: Math.max(0, lastId), keyRows };
}

function restoreKey(row: KeyRow, damage: Damage): Entry | undefined {
  const [id, key, expiresAtMs, seal, value] = row;
  const code = readCode(seal);
  const isSound =
    typeof key === 'string' &&
    // A NULL would count as 0 in the checksum.
    Number.isSafeInteger(expiresAtMs) &&
    (typeof value === 'string') === (code.isSplit === 0) &&
    seal === keySeal(id, key, codeOf(code.kind, code.isSplit), expiresAtMs, value);
  const kind = kinds[code.kind];
  if (!isSound) damage.note(String(key), 'its checksum does not match');
  else if (kind === undefined) damage.note(key, `unknown kind ${code.kind}`);
  else if (value === null) return splitEntry(key, kind, id, expiresAtMs);
  else if (kind !== 'string' && !looksPacked(value)) damage.note(key, 'its value cannot be read');
  else return packedEntry(key, kind, id, expiresAtMs, value);
  return undefined;
}

function splitEntry(key: string, kind: Kind, id: number, expiresAtMs: number): Entry {
  const entry = emptyEntry(key, kind, id);
  entry.expiresAtMs = expiresAtMs;
  entry.split = newSplitState(0);
  return entry;
}

/** Returns the number of rows. */
function readParts(db: Database, split: ReadonlyMap<number, Entry>, damage: Damage): number {
  const query = db.query<PartRow, [number, string | number]>(
    `SELECT id, part, v, sum FROM parts WHERE (id, part) > (?, ?) ORDER BY id, part LIMIT ${pageRows}`,
  );
  const parts = new PartRestore(split, damage);
  let count = 0;
  for (let last: [number, string | number] = [Number.MIN_SAFE_INTEGER, '']; ; ) {
    // `values` is untyped in bun:sqlite; the select list above is what PartRow says.
    const rows = query.values(...last) as unknown as PartRow[];
    for (const row of rows) parts.add(row);
    count += rows.length;
    const end = rows.at(-1);
    if (!end || rows.length < pageRows) break;
    last = [end[0], end[1]];
  }
  parts.finish();
  return count;
}

/** Damage to the tree of a table can hide rows that are sound; then they are too few. */
function checkCounts(db: Database, { keyRows, partRows }: RowCounts, damage: Damage): void {
  const row = db
    .query<{ value: unknown }, []>("SELECT value FROM meta WHERE name = 'counts'")
    .get();
  const expected = String(row?.value);
  if (expected === `${keyRows} ${partRows} ${countChecksum(keyRows, partRows)}`) return;
  damage.note(
    'the tables',
    `${keyRows} keys and ${partRows} parts were read, but the database says "${expected}"`,
  );
}
