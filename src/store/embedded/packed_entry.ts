/**
 * Small collections as the text of their row. Most of what a start reads is not looked at for a long time, if ever: it
 * stays text, which costs neither the time to unpack it nor several times the memory.
 */
import type {
  Entry,
  HashEntry,
  Kind,
  ListEntry,
  SetEntry,
  SortedSetEntry,
  SplitState,
} from './entry.ts';
import { parseFloatText, scoreText } from './number_text.ts';
import { Ring } from './ring.ts';
import { SortedSet } from './sorted_set.ts';

type Collection = Exclude<Entry, { kind: 'string' }>;

/** SQLite and JSON know no infinite numbers; those are stored as text. */
export function storedScore(score: number): string | number {
  return Number.isFinite(score) ? score : scoreText(score);
}

export function readScore(stored: unknown): number {
  return typeof stored === 'number' ? stored : parseFloatText(String(stored));
}

/** Fields and values, members, members and scores, or elements. */
export function partsOf(entry: Collection): (string | number)[] {
  if (entry.kind === 'hash') return [...entry.value].flat();
  if (entry.kind === 'set') return [...entry.value];
  if (entry.kind === 'list') return entry.value.slice(0, entry.value.length);
  return [...entry.value.members()].flatMap(({ member, score }) => [member, storedScore(score)]);
}

/** The text of a collection's row. */
export function packedText(parts: readonly (string | number)[]): string {
  return JSON.stringify(parts);
}

/** Whether a text can be what `packedText` made. Cheap: what lies between is vouched for by the row's checksum. */
export function looksPacked(text: string): boolean {
  return text.startsWith('[') && text.endsWith(']');
}

/** Throws a SyntaxError when the text is not what `packedText` made for a collection of this kind. */
export function checkPacked(text: string, kind: Kind): void {
  if (kind === 'string') return;
  const parts = readParts(text);
  const isPaired = kind === 'hash' || kind === 'zset';
  if (isPaired && parts.length % 2 !== 0) throw new SyntaxError('a field has no value');
  if (kind === 'zset') for (let at = 1; at < parts.length; at += 2) readScore(parts[at]);
}

function readParts(text: string): (string | number)[] {
  const parts: unknown = JSON.parse(text);
  if (!Array.isArray(parts)) throw new SyntaxError('not a list');
  for (const part of parts) {
    const type = typeof part;
    if (type !== 'string' && type !== 'number') throw new SyntaxError('neither text nor number');
  }
  return parts;
}

/** An entry whose value is unpacked when a command first asks for it. */
abstract class PackedEntry<V extends object> {
  split: SplitState | null = null;
  private content: string | V;

  constructor(
    readonly key: string,
    public rowId: number,
    public expiresAtMs: number,
    text: string,
  ) {
    this.content = text;
  }

  get value(): V {
    if (typeof this.content === 'string') this.content = this.unpack(readParts(this.content));
    return this.content;
  }

  /** The text of the row; undefined once it is unpacked. */
  get packedText(): string | undefined {
    return typeof this.content === 'string' ? this.content : undefined;
  }

  protected abstract unpack(parts: readonly (string | number)[]): V;
}

class PackedHash extends PackedEntry<Map<string, string>> implements HashEntry {
  readonly kind = 'hash';
  protected unpack(parts: readonly (string | number)[]): Map<string, string> {
    const fields = new Map<string, string>();
    for (let at = 0; at < parts.length; at += 2)
      fields.set(String(parts[at]), String(parts[at + 1]));
    return fields;
  }
}

class PackedSet extends PackedEntry<Set<string>> implements SetEntry {
  readonly kind = 'set';
  protected unpack(parts: readonly (string | number)[]): Set<string> {
    return new Set(parts.map(String));
  }
}

class PackedSortedSet extends PackedEntry<SortedSet> implements SortedSetEntry {
  readonly kind = 'zset';
  protected unpack(parts: readonly (string | number)[]): SortedSet {
    const set = new SortedSet();
    for (let at = 0; at < parts.length; at += 2) {
      set.set(String(parts[at]), readScore(parts[at + 1]));
    }
    return set;
  }
}

class PackedList extends PackedEntry<Ring> implements ListEntry {
  readonly kind = 'list';
  protected unpack(parts: readonly (string | number)[]): Ring {
    const list = new Ring();
    list.replace(parts.map(String));
    return list;
  }
}

/** Some fields of a hash, null where there are none. What is packed stays so. */
export function fieldsOf(entry: HashEntry, names: readonly string[]): (string | null)[] {
  const text = entry instanceof PackedHash ? entry.packedText : undefined;
  if (text === undefined) return names.map((name) => entry.value.get(name) ?? null);
  return scannedFields(text, names) ?? parsedFields(text, names);
}

function parsedFields(text: string, names: readonly string[]): (string | null)[] {
  const parts = readParts(text);
  const found = names.map((): string | null => null);
  for (let at = 0; at < parts.length; at += 2) {
    const place = names.indexOf(String(parts[at]));
    if (place >= 0) found[place] = String(parts[at + 1]);
  }
  return found;
}

/**
 * As `parsedFields`, but reads no further than to the last of the fields, which for what a start asks of 100 000 hashes
 * takes a fraction of the time. Undefined when it is not as simple as that.
 */
function scannedFields(text: string, names: readonly string[]): (string | null)[] | undefined {
  const found = names.map((): string | null => null);
  let left = names.length;
  // Behind the bracket, the quote of the first field.
  for (let at = 1; left > 0; ) {
    const nameEnd = text.indexOf('"', at + 1);
    const value = nameEnd + 2;
    const valueEnd = text.indexOf('"', value + 1);
    if (!isPlainPart(text, at, nameEnd) || !isPlainPart(text, value, valueEnd)) return undefined;
    const name = text.slice(at + 1, nameEnd);
    const place = names.indexOf(name);
    if (place >= 0) {
      const content = text.slice(value + 1, valueEnd);
      if (name.includes('\\') || content.includes('\\')) return undefined;
      found[place] = content;
      left -= 1;
    }
    at = valueEnd + 2;
  }
  return found;
}

/** Whether a part lies between these quotes. One before which there is a backslash may be part of it. */
function isPlainPart(text: string, start: number, end: number): boolean {
  return text[start] === '"' && end > start && text[end - 1] !== '\\';
}

const makers = { hash: PackedHash, set: PackedSet, zset: PackedSortedSet, list: PackedList };

/** A key as its packed row says. */
export function packedEntry(
  key: string,
  kind: Kind,
  rowId: number,
  expiresAtMs: number,
  text: string,
): Entry {
  if (kind === 'string') return { key, expiresAtMs, rowId, split: null, kind, value: text };
  return new makers[kind](key, rowId, expiresAtMs, text);
}
