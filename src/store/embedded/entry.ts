/** What a key holds, and what is known about its rows on disk. */
import { Ring } from './ring.ts';
import { SortedSet } from './sorted_set.ts';

/** Where a key's rows are on disk and how far they are behind. Ephemeral keys have none. */
export interface DiskState {
  /** Id of the key's rows; 0 until the first write. */
  id: number;
  /**
   * How many rows of `parts` the key has: one per field, member or element, or 0 while all of it is packed into its
   * row of `keys`. A key that was split stays so.
   */
  parts: number;
  /** The row of `keys` of a split key is behind. Whatever changes about a packed key does so in that row. */
  isExpiryStale: boolean;
  /** Parts that are behind, when split; null for none, because most keys never have any. A list knows most of them by its sequence numbers instead. */
  staleParts: Set<string | number> | null;
}

interface Base {
  readonly key: string;
  /** 0 when the key does not expire. */
  expiresAtMs: number;
  readonly disk: DiskState | undefined;
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

export function newDiskState(id = 0): DiskState {
  return { id, parts: 0, isExpiryStale: false, staleParts: null };
}

const makers: {
  readonly [K in Kind]: (key: string, disk: DiskState | undefined) => Extract<Entry, { kind: K }>;
} = {
  string: (key, disk) => ({ key, expiresAtMs: 0, disk, kind: 'string', value: '' }),
  hash: (key, disk) => ({ key, expiresAtMs: 0, disk, kind: 'hash', value: new Map() }),
  set: (key, disk) => ({ key, expiresAtMs: 0, disk, kind: 'set', value: new Set() }),
  zset: (key, disk) => ({ key, expiresAtMs: 0, disk, kind: 'zset', value: new SortedSet() }),
  list: (key, disk) => ({ key, expiresAtMs: 0, disk, kind: 'list', value: new Ring() }),
};

export function emptyEntry<K extends Kind>(
  key: string,
  kind: K,
  disk: DiskState | undefined,
): Extract<Entry, { kind: K }> {
  return makers[kind](key, disk);
}
