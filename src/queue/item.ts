/** Queue items as scripts take and give them (the Lua side: lua/lib/queue.lua). */
import { accountId } from '../function/definition.ts';

/**
 * start, edge (a discovery or one planned step) and sleep call the SDK; gateway performs a request for it; timeout ends a wait; deadline
 * cancels a run that takes too long; events delivers accepted events; cron fires a schedule; bulk works on many runs,
 * page by page.
 */
export type ItemKind =
  | 'start'
  | 'edge'
  | 'sleep'
  | 'gateway'
  | 'timeout'
  | 'deadline'
  | 'events'
  | 'cron'
  | 'bulk';

export interface ConcurrencyKey {
  /** Canonical: `<f|e|a>:<owner>:<hash of the value>` (execution.md §15.5). */
  readonly key: string;
  readonly limit: number;
}

export interface NewItem {
  /** Unique while the item lives: adding it twice adds it once. */
  readonly id: string;
  /** A function's id, or the name of a system partition. */
  readonly partition: string;
  readonly kind: ItemKind;
  /** The run it belongs to; '' for none. */
  readonly runId: string;
  readonly atMs: number;
  /** Order within the partition; a run's own time for work that is due at once (queue.md §4). */
  readonly scoreMs: number;
  readonly attemptsMax: number;
  /** JSON text, read by the handler of the kind. */
  readonly data: string;
  readonly concurrencyKeys?: readonly ConcurrencyKey[];
}

export interface LeasedItem {
  readonly id: string;
  readonly partition: string;
  readonly leaseToken: string;
  readonly kind: ItemKind;
  readonly runId: string;
  readonly atMs: number;
  /** 0-based. */
  readonly attempt: number;
  readonly attemptsMax: number;
  /** Times it was put back; fences late answers. */
  readonly generation: number;
  readonly scavenged: number;
  readonly data: string;
  /** Of an `events` item: how many of its events were delivered before. */
  readonly cursor: number;
}

/**
 * Ids of a run's items: `<run>.<role>:<what>`. The role has no colon, so that whatever a step is called, two items
 * never share an id. Scripts make those with the role `next`: the discovery that follows a step.
 */
export function runItemId(runId: string, role: RunItemRole, what = ''): string {
  return what === '' ? `${runId}.${role}` : `${runId}.${role}:${what}`;
}

export type RunItemRole =
  | 'start'
  | 'next'
  | 'plan'
  | 'sleep'
  | 'gateway'
  | 'timeout'
  | 'request'
  | 'sync-retry'
  | 'deadline';

/** Partitions that belong to the server; no user limit applies to them (queue.md §1). */
export const systemPartitions = ['events', 'timers', 'cron', 'bulk'] as const;
export type SystemPartition = (typeof systemPartitions)[number];

const systemAccount = 'system';
const systemNames: ReadonlySet<string> = new Set(systemPartitions);

export function isSystemPartition(partition: string): boolean {
  return systemNames.has(partition);
}

export function accountOf(partition: string): string {
  return isSystemPartition(partition) ? systemAccount : accountId;
}

/** An item as ARGV (lua/lib/queue.lua `arg_item`). */
export function itemArgs(item: NewItem): (string | number)[] {
  return [
    item.id,
    item.partition,
    accountOf(item.partition),
    item.kind,
    item.runId,
    item.atMs,
    item.scoreMs,
    item.attemptsMax,
    item.data,
    ...keyArgs(item.concurrencyKeys ?? []),
  ];
}

export function keyArgs(keys: readonly ConcurrencyKey[]): (string | number)[] {
  return [keys.length, ...keys.flatMap((key) => [key.key, key.limit])];
}

/** A list of items as ARGV: their number first. */
export function itemListArgs(items: readonly NewItem[]): (string | number)[] {
  return [items.length, ...items.flatMap(itemArgs)];
}
