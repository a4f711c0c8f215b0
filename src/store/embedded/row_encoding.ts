/** Turns what changed about a key into row operations. */
import type { DiskState, Entry, ListEntry } from './entry.ts';
import { scoreText } from './number_text.ts';
import { kindCodes, type Operand, rowOp } from './row_ops.ts';

/** A collection beyond either bound is split into one row per part, and stays split. */
const packedPartsMax = 16;
const packedCharsMax = 1024;

/** Appends the operations that bring the key's rows up to date. The key has an id. */
export function encodeEntry(entry: Entry, disk: DiskState, ops: Operand[]): void {
  if (disk.isSplit) {
    encodeParts(entry, disk, ops);
    if (disk.isExpiryStale) ops.push(rowOp.setExpiry, disk.id, entry.expiresAtMs);
  } else if (disk.isValueStale) encodeWhole(entry, disk, ops);
  else ops.push(rowOp.setExpiry, disk.id, entry.expiresAtMs);
  disk.isValueStale = false;
  disk.isExpiryStale = false;
  disk.staleParts = null;
}

function encodeWhole(entry: Entry, disk: DiskState, ops: Operand[]): void {
  const { id } = disk;
  const kind = kindCodes[entry.kind];
  if (entry.kind === 'string') {
    ops.push(rowOp.putKey, id, entry.key, kind, 0, entry.expiresAtMs, entry.value);
    return;
  }
  const parts = partsOf(entry);
  if (isSmall(entry, parts)) {
    ops.push(rowOp.putKey, id, entry.key, kind, 0, entry.expiresAtMs, JSON.stringify(parts));
    return;
  }
  ops.push(rowOp.putKey, id, entry.key, kind, 1, entry.expiresAtMs, null);
  disk.isSplit = true;
  if (entry.kind === 'list') {
    encodeListParts(entry, disk, ops);
    return;
  }
  const step = entry.kind === 'set' ? 1 : 2;
  for (let at = 0; at < parts.length; at += step) {
    ops.push(rowOp.putPart, id, parts[at] ?? null, step === 1 ? null : (parts[at + 1] ?? null));
  }
}

/** The collection as it is packed: fields and values, members, members and scores, or elements. */
function partsOf(entry: Exclude<Entry, { kind: 'string' }>): (string | number)[] {
  if (entry.kind === 'hash') return [...entry.value].flat();
  if (entry.kind === 'set') return [...entry.value];
  if (entry.kind === 'list') return entry.value.slice(0, entry.value.length);
  return [...entry.value.members()].flatMap(({ member, score }) => [member, storedScore(score)]);
}

/** SQLite and JSON know no infinite numbers; those are stored as text. */
function storedScore(score: number): string | number {
  return Number.isFinite(score) ? score : scoreText(score);
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
  else for (const part of disk.staleParts ?? []) encodePart(entry, disk.id, String(part), ops);
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
  const hasRows = disk.seqFrom < disk.seqTo;
  if (hasRows && disk.seqFrom < from) ops.push(rowOp.dropPartsBefore, disk.id, from);
  if (hasRows && disk.seqTo > to) ops.push(rowOp.dropPartsFrom, disk.id, to);
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
  disk.seqFrom = from;
  disk.seqTo = to;
}
