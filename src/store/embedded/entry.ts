/** What a key holds, and what is known about its rows on disk. */
import { Ring } from './ring.ts';
import { SortedSet } from './sorted_set.ts';

/** The row id of a key that has not been written yet. */
export const unwritten = 0;
/** In the place of a row id: the key is never written. */
export const ephemeral = -1;

/** How far the rows of a split key are behind. A key that was split stays so. */
export interface SplitState {
  /** How many rows of `parts` the key has: one per field, member or element. */
  parts: number;
  /** The row of `keys` is behind. */
  isExpiryStale: boolean;
  /** Parts that are behind; null for none. A list knows most of them by its sequence numbers instead. */
  staleParts: Set<string | number> | null;
}

interface Base {
  readonly key: string;
  /** 0 when the key does not expire. */
  expiresAtMs: number;
  /** Id of the key's rows on disk, or one of the two above. */
  rowId: number;
  /** null while all of the key is packed into its row of `keys`, as it is for most keys for ever. */
  split: SplitState | null;
}

export interface StringEntry extends Base {
  readonly kind: 'string';
  value: string;
}
export interface HashEntry extends Base {
  readonly kind: 'hash';
  readonly value: Map<string, string>;
}
export interface SetEntry extends Base {
  readonly kind: 'set';
  readonly value: Set<string>;
}
export interface SortedSetEntry extends Base {
  readonly kind: 'zset';
  readonly value: SortedSet;
}
export interface ListEntry extends Base {
  readonly kind: 'list';
  readonly value: Ring;
}

export type Entry = StringEntry | HashEntry | SetEntry | SortedSetEntry | ListEntry;
export type Kind = Entry['kind'];

export function newSplitState(parts: number): SplitState {
  return { parts, isExpiryStale: false, staleParts: null };
}

const makers: {
  readonly [K in Kind]: (key: string, rowId: number) => Extract<Entry, { kind: K }>;
} = {
  string: (key, rowId) => ({ key, expiresAtMs: 0, rowId, split: null, kind: 'string', value: '' }),
  hash: (key, rowId) => ({
    key,
    expiresAtMs: 0,
    rowId,
    split: null,
    kind: 'hash',
    value: new Map(),
  }),
  set: (key, rowId) => ({ key, expiresAtMs: 0, rowId, split: null, kind: 'set', value: new Set() }),
  zset: (key, rowId) => ({
    key,
    expiresAtMs: 0,
    rowId,
    split: null,
    kind: 'zset',
    value: new SortedSet(),
  }),
  list: (key, rowId) => ({
    key,
    expiresAtMs: 0,
    rowId,
    split: null,
    kind: 'list',
    value: new Ring(),
  }),
};

export function emptyEntry<K extends Kind>(
  key: string,
  kind: K,
  rowId: number,
): Extract<Entry, { kind: K }> {
  return makers[kind](key, rowId);
}
