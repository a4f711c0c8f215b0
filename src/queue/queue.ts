/** The queue's scripts with types: what goes in, what each return code means (queue.md §6). */
import { asList, asNumber, asText } from '../store/reply_shape.ts';
import type { Reply, Store } from '../store/store.ts';
import { accountOf, type ItemKind, itemListArgs, type LeasedItem, type NewItem } from './item.ts';

export interface TakeRequest {
  readonly nowMs: number;
  readonly partition: string;
  readonly process: string;
  readonly partitionUntilMs: number;
  readonly itemUntilMs: number;
  readonly leaseToken: string;
  readonly itemsMax: number;
  /** 0 for none. */
  readonly functionLimit: number;
  /** 0 for none. */
  readonly accountLimit: number;
}

export type TakeOutcome =
  | 'more'
  | 'empty'
  | 'function_limit'
  | 'leased_elsewhere'
  | 'account_limit'
  | 'paused';

const takeOutcomes: Record<number, TakeOutcome> = {
  1: 'more',
  0: 'empty',
  [-1]: 'function_limit',
  [-2]: 'leased_elsewhere',
  [-3]: 'account_limit',
  [-4]: 'paused',
};

/** Fields per item in the reply of `queue_take`. */
const takeFields = 10;

export async function take(
  store: Store,
  request: TakeRequest,
): Promise<{ outcome: TakeOutcome; items: LeasedItem[] }> {
  const reply = asList(
    await store.run('queue_take', [
      request.nowMs,
      request.partition,
      accountOf(request.partition),
      request.process,
      request.partitionUntilMs,
      request.itemUntilMs,
      request.leaseToken,
      request.itemsMax,
      request.functionLimit,
      request.accountLimit,
    ]),
  );
  const items: LeasedItem[] = [];
  for (let i = 2; i + takeFields <= reply.length; i += takeFields) {
    items.push(leasedItem(reply, i, request));
  }
  return { outcome: takeOutcomes[asNumber(reply[0])] ?? 'empty', items };
}

function leasedItem(reply: readonly Reply[], i: number, request: TakeRequest): LeasedItem {
  return {
    id: asText(reply[i]),
    partition: request.partition,
    leaseToken: request.leaseToken,
    // The field was written from a NewItem's kind.
    kind: asText(reply[i + 1]) as ItemKind,
    runId: asText(reply[i + 2]),
    atMs: asNumber(reply[i + 3]),
    attempt: asNumber(reply[i + 4]),
    attemptsMax: asNumber(reply[i + 5]),
    generation: asNumber(reply[i + 6]),
    scavenged: asNumber(reply[i + 7]),
    data: asText(reply[i + 8]),
    cursor: asNumber(reply[i + 9]),
  };
}

/** A lost call that still comes comes within this time. */
const lostTakeMs = 60_000;

/** Puts back what a `take` whose answer was lost handed out under its token. Returns how many items that were. */
export async function returnTaken(
  store: Store,
  { partition, leaseToken }: Pick<TakeRequest, 'partition' | 'leaseToken'>,
): Promise<number> {
  return asNumber(await store.run('queue_return', [partition, leaseToken, lostTakeMs]));
}

/** Puts a leased item back without having worked on it; false when its lease is lost. */
export async function postpone(store: Store, item: LeasedItem, readyMs: number): Promise<boolean> {
  return asNumber(await store.run('queue_postpone', [item.id, item.leaseToken, readyMs])) === 1;
}

/** Partitions with work at `nowMs` in pointer order, and when the next one has some (null: none waits). */
export async function peek(
  store: Store,
  nowMs: number,
  partitionsMax: number,
  account = '',
): Promise<{ partitions: string[]; nextMs: number | null }> {
  const reply = asList(await store.run('queue_peek', [nowMs, partitionsMax, account]));
  const next = asNumber(reply[0]);
  return { partitions: reply.slice(1).map(asText), nextMs: next < 0 ? null : next };
}

export async function accountsWithWork(
  store: Store,
  nowMs: number,
  most: number,
): Promise<string[]> {
  return asList(await store.run('queue_accounts', [nowMs, most])).map(asText);
}

/** Adds items; those whose id exists are left as they are. */
export async function enqueue(store: Store, items: readonly NewItem[]): Promise<number> {
  return asNumber(await store.run('queue_enqueue', itemListArgs(items)));
}

export interface Requeue {
  readonly nowMs: number;
  /** Whether the failed try counts against the attempts. */
  readonly isAttempt: boolean;
  /** Delay after failed attempt 0, 1, 2 …; the last one repeats. */
  readonly delaysMs: readonly number[];
  readonly facts?: readonly string[];
}

export type RequeueOutcome =
  | { readonly kind: 'queued'; readonly atMs: number }
  | { readonly kind: 'exhausted' }
  | { readonly kind: 'gone' };

export async function requeue(
  store: Store,
  item: LeasedItem,
  how: Requeue,
): Promise<RequeueOutcome> {
  const facts = how.facts ?? [];
  const code = asNumber(
    await store.run('queue_requeue', [
      how.nowMs,
      item.id,
      item.leaseToken,
      how.isAttempt ? 1 : 0,
      how.delaysMs.length,
      ...how.delaysMs,
      facts.length,
      ...facts,
    ]),
  );
  if (code === -2) return { kind: 'exhausted' };
  return code === 0 ? { kind: 'gone' } : { kind: 'queued', atMs: code };
}

/** Removes a leased item; false when its lease is lost. */
export async function dequeue(
  store: Store,
  item: LeasedItem,
  facts: readonly string[] = [],
): Promise<boolean> {
  const args = [item.id, item.leaseToken, facts.length, ...facts];
  return asNumber(await store.run('queue_dequeue', args)) === 1;
}

/** Renews leases; answers the ids of items whose lease is lost. */
export async function extend(
  store: Store,
  items: readonly LeasedItem[],
  untilMs: number,
): Promise<string[]> {
  const args = [untilMs, items.length, ...items.flatMap((item) => [item.id, item.leaseToken])];
  return asList(await store.run('queue_extend', args)).map(asText);
}

/** Gives a partition with due work to other processes. */
export async function releasePartition(
  store: Store,
  partition: string,
  process: string,
): Promise<void> {
  await store.run('queue_release_partition', [partition, accountOf(partition), process]);
}

/** Puts items with an expired lease back. */
export async function scavenge(
  store: Store,
  nowMs: number,
  itemsMax: number,
): Promise<{ count: number; nextMs: number | null }> {
  const reply = asList(await store.run('queue_scavenge', [nowMs, itemsMax]));
  const next = asNumber(reply[1]);
  return { count: asNumber(reply[0]), nextMs: next < 0 ? null : next };
}

/** How many items go into one script at start. */
const rebuildBatch = 500;

/** After a start from disk: fills the indexes that are not kept there. */
export async function rebuild(store: Store, itemIds: readonly string[]): Promise<number> {
  let count = 0;
  for (let i = 0; i < itemIds.length; i += rebuildBatch) {
    const ids = itemIds.slice(i, i + rebuildBatch);
    count += asNumber(await store.run('queue_rebuild', [ids.length, ...ids]));
  }
  return count;
}

/** What `rebuildKnown` asks for, in this order. */
export const rebuildFields = ['p', 'ac', 'sc', 'r', 'k'] as const;

/** Items with the same partition, account and kind. */
interface KnownGroup {
  readonly head: readonly [partition: string, account: string, kind: string];
  /** Score and id of each. */
  scored: string[];
  /** The run of each. */
  runs: string[];
}

/** As `rebuild`, for items whose fields (`rebuildFields`) are at hand; those without a partition are none. */
export async function rebuildKnown(
  store: Store,
  items: Iterable<readonly [id: string, fields: readonly (string | null)[]]>,
): Promise<number> {
  const groups = new Map<string, KnownGroup>();
  let group: KnownGroup | undefined;
  let count = 0;
  for (const [id, [partition, account, score, run, kind]] of items) {
    if (!partition || score === undefined || score === null) continue;
    // Most items have the same as the one before.
    if (group?.head[0] !== partition || group.head[2] !== kind) {
      group = groupOf(groups, [partition, account ?? '', kind ?? '']);
    }
    group.scored.push(score, id);
    group.runs.push(run ?? '');
    if (group.runs.length === rebuildBatch) count += await rebuildGroup(store, group);
  }
  for (const rest of groups.values()) count += await rebuildGroup(store, rest);
  return count;
}

/** By partition and kind: an account follows from its partition. */
function groupOf(groups: Map<string, KnownGroup>, head: KnownGroup['head']): KnownGroup {
  const name = `${head[2]} ${head[0]}`;
  const group = groups.get(name) ?? { head, scored: [], runs: [] };
  groups.set(name, group);
  return group;
}

async function rebuildGroup(store: Store, group: KnownGroup): Promise<number> {
  const { head, scored, runs } = group;
  if (runs.length === 0) return 0;
  group.scored = [];
  group.runs = [];
  const args = [0, 1, ...head, runs.length, ...scored, ...runs];
  return asNumber(await store.run('queue_rebuild', args));
}
