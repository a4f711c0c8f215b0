/** What a key holds, and what is known about its rows on disk. */
import type { Ring } from './ring.ts';
import type { SortedSet } from './sorted_set.ts';

/** Where a key's rows are on disk and how far they are behind. Ephemeral keys have none. */
export interface DiskState {
  /** Id of the key's rows; 0 until the first write. */
  id: number;
  /** Whether there is a row per part (field, member or element) instead of one packed row. */
  isSplit: boolean;
  /** The value is behind, as a whole. */
  isValueStale: boolean;
  isExpiryStale: boolean;
  /** Parts that are behind, when split; null for none, because most keys never have any. A list knows most of them by its sequence numbers instead. */
  staleParts: Set<string | number> | null;
  /** The sequence numbers [seqFrom, seqTo) that a split list has rows for. */
  seqFrom: number;
  seqTo: number;
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

export function newDiskState(): DiskState {
  return {
    id: 0,
    isSplit: false,
    isValueStale: false,
    isExpiryStale: false,
    staleParts: null,
    seqFrom: 0,
    seqTo: 0,
  };
}
