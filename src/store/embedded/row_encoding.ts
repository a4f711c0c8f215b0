/** Turns what changed about a key into row operations. */
import { type Entry, type ListEntry, newSplitState, type SplitState } from './entry.ts';
import { storedExpiry } from './expiry_time.ts';
import { packedText, partsOf, storedScore } from './packed_entry.ts';
import { kindCodes, type Operand, rowOp } from './row_ops.ts';

/** A collection beyond either bound is split into one row per part, and stays split. */
const packedPartsMax = 16;
const packedCharsMax = 1024;

/** Appends the operations that bring the key's rows up to date. The key has an id. */
export function encodeEntry(entry: Entry, ops: Operand[]): void {
  const { split } = entry;
  if (split === null) {
    encodeWhole(entry, ops);
    return;
  }
  encodeParts(entry, split, ops);
  if (split.isExpiryStale) pushKey(entry, 1, null, ops);
  split.isExpiryStale = false;
  split.staleParts = null;
}

/** A row is written as a whole even when only its expiry changed: its checksum covers everything in it. */
function pushKey(entry: Entry, isSplit: 0 | 1, value: string | null, ops: Operand[]): void {
  const kind = kindCodes[entry.kind];
  const expiresAtMs = storedExpiry(entry.expiresAtMs);
  ops.push(rowOp.putKey, entry.rowId, entry.key, kind, isSplit, expiresAtMs, value);
}

function encodeWhole(entry: Entry, ops: Operand[]): void {
  if (entry.kind === 'string') {
    pushKey(entry, 0, entry.value, ops);
    return;
  }
  const parts = partsOf(entry);
  if (isSmall(entry, parts)) {
    pushKey(entry, 0, packedText(parts), ops);
    return;
  }
  pushKey(entry, 1, null, ops);
  const split = newSplitState(0);
  entry.split = split;
  if (entry.kind === 'list') {
    encodeListParts(entry, split, ops);
    return;
  }
  split.parts = entry.value.size;
  const step = entry.kind === 'set' ? 1 : 2;
  for (let at = 0; at < parts.length; at += step) {
    const value = step === 1 ? null : (parts[at + 1] ?? null);
    ops.push(rowOp.putPart, entry.rowId, parts[at] ?? null, value);
  }
}

function isSmall(entry: Entry, parts: readonly (string | number)[]): boolean {
  const perPart = entry.kind === 'hash' || entry.kind === 'zset' ? 2 : 1;
  if (parts.length > packedPartsMax * perPart) return false;
  let chars = 0;
  for (const part of parts) chars += typeof part === 'string' ? part.length : 8;
  return chars <= packedCharsMax;
}

function encodeParts(entry: Entry, split: SplitState, ops: Operand[]): void {
  if (entry.kind === 'list') encodeListParts(entry, split, ops);
  else if (entry.kind !== 'string') {
    for (const part of split.staleParts ?? []) encodePart(entry, entry.rowId, String(part), ops);
    split.parts = entry.value.size;
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

function encodeListParts(entry: ListEntry, split: SplitState, ops: Operand[]): void {
  const { value: list, rowId } = entry;
  const from = list.firstSeq;
  const to = from + list.length;
  if (split.parts > 0 && list.rowsFrom < from) ops.push(rowOp.dropPartsBefore, rowId, from);
  if (split.parts > 0 && list.rowsTo > to) ops.push(rowOp.dropPartsFrom, rowId, to);
  const keptTo = Math.max(from, list.keptTo);
  const keptFrom = Math.min(keptTo, Math.max(from, list.keptFrom));
  const put = (seq: number): void => {
    const value = list.at(seq - from);
    if (value !== undefined) ops.push(rowOp.putPart, rowId, seq, value);
  };
  for (let seq = from; seq < keptFrom; seq += 1) put(seq);
  for (const seq of split.staleParts ?? []) put(Number(seq));
  for (let seq = keptTo; seq < to; seq += 1) put(seq);
  list.settle();
  split.parts = list.length;
}
