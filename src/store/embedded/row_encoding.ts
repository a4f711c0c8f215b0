/** Turns what changed about a key into row operations. */
import type { DiskState, Entry, ListEntry } from './entry.ts';
import { packedText, partsOf, storedScore } from './packed_entry.ts';
import { kindCodes, type Operand, rowOp } from './row_ops.ts';

/** A collection beyond either bound is split into one row per part, and stays split. */
const packedPartsMax = 16;
const packedCharsMax = 1024;

/** Appends the operations that bring the key's rows up to date. The key has an id. */
export function encodeEntry(entry: Entry, disk: DiskState, ops: Operand[]): void {
  if (disk.parts > 0) {
    encodeParts(entry, disk, ops);
    if (disk.isExpiryStale) pushKey(entry, disk, 1, null, ops);
  } else encodeWhole(entry, disk, ops);
  disk.isExpiryStale = false;
  disk.staleParts = null;
}

/** A row is written as a whole even when only its expiry changed: its checksum covers everything in it. */
function pushKey(
  entry: Entry,
  disk: DiskState,
  isSplit: 0 | 1,
  value: string | null,
  ops: Operand[],
): void {
  const kind = kindCodes[entry.kind];
  ops.push(rowOp.putKey, disk.id, entry.key, kind, isSplit, entry.expiresAtMs, value);
}

function encodeWhole(entry: Entry, disk: DiskState, ops: Operand[]): void {
  if (entry.kind === 'string') {
    pushKey(entry, disk, 0, entry.value, ops);
    return;
  }
  const parts = partsOf(entry);
  if (isSmall(entry, parts)) {
    pushKey(entry, disk, 0, packedText(parts), ops);
    return;
  }
  pushKey(entry, disk, 1, null, ops);
  if (entry.kind === 'list') {
    encodeListParts(entry, disk, ops);
    return;
  }
  disk.parts = entry.value.size;
  const step = entry.kind === 'set' ? 1 : 2;
  for (let at = 0; at < parts.length; at += step) {
    const value = step === 1 ? null : (parts[at + 1] ?? null);
    ops.push(rowOp.putPart, disk.id, parts[at] ?? null, value);
  }
}

function isSmall(entry: Entry, parts: readonly (string | number)[]): boolean {
  const perPart = entry.kind === 'hash' || entry.kind === 'zset' ? 2 : 1;
  if (parts.length > packedPartsMax * perPart) return false;
  let chars = 0;
  for (const part of parts) chars += typeof part === 'string' ? part.length : 8;
  return chars <= packedCharsMax;
}

function encodeParts(entry: Entry, disk: DiskState, ops: Operand[]): void {
  if (entry.kind === 'list') encodeListParts(entry, disk, ops);
  else if (entry.kind !== 'string') {
    for (const part of disk.staleParts ?? []) encodePart(entry, disk.id, String(part), ops);
    disk.parts = entry.value.size;
  }
}

function encodePart(entry: Entry, id: number, part: string, ops: Operand[]): void {
  if (entry.kind === 'hash') {
    const value = entry.value.get(part);
    if (value !== undefined) ops.push(rowOp.putPart, id, part, value);
    else ops.push(rowOp.dropPart, id, part);
  } else if (entry.kind === 'zset') {
    const score = entry.value.score(part);
    if (score !== undefined) ops.push(rowOp.putPart, id, part, storedScore(score));
    else ops.push(rowOp.dropPart, id, part);
  } else if (entry.kind === 'set') {
    if (entry.value.has(part)) ops.push(rowOp.putPart, id, part, null);
    else ops.push(rowOp.dropPart, id, part);
  }
}

function encodeListParts(entry: ListEntry, disk: DiskState, ops: Operand[]): void {
  const list = entry.value;
  const from = list.firstSeq;
  const to = from + list.length;
  if (disk.parts > 0 && list.rowsFrom < from) ops.push(rowOp.dropPartsBefore, disk.id, from);
  if (disk.parts > 0 && list.rowsTo > to) ops.push(rowOp.dropPartsFrom, disk.id, to);
  const keptTo = Math.max(from, list.keptTo);
  const keptFrom = Math.min(keptTo, Math.max(from, list.keptFrom));
  const put = (seq: number): void => {
    const value = list.at(seq - from);
    if (value !== undefined) ops.push(rowOp.putPart, disk.id, seq, value);
  };
  for (let seq = from; seq < keptFrom; seq += 1) put(seq);
  for (const seq of disk.staleParts ?? []) put(Number(seq));
  for (let seq = keptTo; seq < to; seq += 1) put(seq);
  list.settle();
  disk.parts = list.length;
}
