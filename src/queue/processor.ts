/**
 * The worker loop: takes due items while workers are free and hands them to the handler of their kind. It does not
 * poll: whoever makes work due wakes it, and one timer sleeps until the next item is (queue.md §8–§11).
 * Calls of apps may take hours; the server's own work (events, timers, schedules) is short and has workers of its own,
 * so that it never waits for them.
 */
import type { Clock, Timer } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { type Store, StoreUnavailableError } from '../store/store.ts';
import { isSystemPartition, type LeasedItem } from './item.ts';
import { itemFields } from './item_log.ts';
import { hasRoom, type Lane, laneOf } from './lane.ts';
import { LeaseKeeper } from './lease_keeper.ts';
import { accountsWithWork, peek, postpone, releasePartition, scavenge } from './queue.ts';
import { fairOrder } from './selection.ts';
import { Taker } from './taker.ts';

const partitionLeaseMs = 4_000;
/** With the margin below, a dead process has its items taken over within half a minute. */
export const itemLeaseMs = 28_000;
/** A lease that has only just run out may belong to a process that renews it with its next try. */
const takeOverMarginMs = 2_000;
const partitionsPeekedMax = 300;
const accountsPeekedMax = 30;
/** Taken at once from one partition, before others get their turn. */
const itemsPerTurnMax = 32;
/** For the server's own partitions, besides `workers`: enough for what one turn takes. */
export const systemWorkers = itemsPerTurnMax;
/** A look at all partitions now and then repairs a lost wake-up and finds dead processes' items. */
const safetyScanMs = 30_000;
/**
 * After the store was away, leases have run out that nobody could renew: living processes get this long to do so before
 * their items count as abandoned. Longer than it takes any of them to notice that the store is back.
 */
const takeOverGraceMs = 5_000;
const scavengedMax = 1_000;
/** Partitions remembered as having work; the rest is found by the next scan. */
const hotMax = 10_000;
/** Pause after the store failed. */
const failureRestMs = 1_000;

export interface Limits {
  /** Requests at once; 0 for no limit. */
  readonly function: number;
  readonly account: number;
}

export interface ProcessorParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
  /** Names this process among those that share the store. */
  readonly process: string;
  /** Calls at once. */
  readonly workers: number;
  /** Whether other processes work on the same store. */
  readonly isShared: boolean;
  readonly limitsOf: (partition: string) => Limits | Promise<Limits>;
  readonly newToken: () => string;
  readonly random: () => number;
  /** Does the work of an item to its end: when it resolves, the item is gone or put back. */
  readonly handle: (item: LeasedItem) => Promise<void>;
}

export class Processor {
  private readonly calls: Lane;
  private readonly system = laneOf(systemWorkers);
  /** Both, the one whose turn it is first. */
  private lanes: readonly [Lane, Lane];
  private readonly keeper: LeaseKeeper;
  /** Turns until a scan looks for due partitions that the last one did not find room for; 0 for no scan. */
  private turnsUntilScan = 0;
  /** Whether a turn since the last scan changed what the next one finds. */
  private hasServed = false;
  private pumping: Promise<void> | null = null;
  private isScheduled = false;
  private isScanDue = true;
  private isStopped = true;
  /** Before this, no item is taken for abandoned. */
  private takeOverFromMs = 0;
  private readonly taker: Taker;
  /** Whether the last attempt to serve the queue failed. */
  private isFailing = false;
  private timer: Timer | null = null;
  private timerAtMs = Number.POSITIVE_INFINITY;
  private idleWaiters: (() => void)[] = [];

  constructor(private readonly parts: ProcessorParts) {
    this.calls = laneOf(parts.workers);
    this.lanes = [this.system, this.calls];
    this.keeper = new LeaseKeeper(parts.store, parts.clock, parts.log, itemLeaseMs);
    this.taker = new Taker(parts.store);
  }

  start(): void {
    this.isStopped = false;
    // The store may have been away until now: the others have to renew first.
    if (this.parts.isShared) this.grantTime();
    this.isScanDue = true;
    this.schedule();
  }

  /** Takes no more items and waits for those under way; resolves with the number that did not finish in time. */
  async stop(drainMs: number): Promise<number> {
    this.isStopped = true;
    this.disarm();
    // What it is leasing at this moment is work under way, too.
    await this.pumping;
    await this.leavePartitions();
    if (this.itemsInFlight > 0) {
      let deadline: Timer | null = null;
      await new Promise<void>((resolve) => {
        this.idleWaiters.push(resolve);
        deadline = this.parts.clock.at(this.parts.clock.now() + drainMs, resolve);
      });
      (deadline as Timer | null)?.cancel();
    }
    this.keeper.stop();
    return this.itemsInFlight;
  }

  get itemsInFlight(): number {
    return this.calls.busy + this.system.busy;
  }

  /** Its workers, for those who watch how busy it is. */
  get workers() {
    const { calls, system } = this;
    return [
      { lane: 'calls', busy: calls.busy, workers: calls.workers },
      { lane: 'system', busy: system.busy, workers: system.workers },
    ] as const;
  }

  /** A partition has work at `atMs`. Cheap: called for every pointer that a script moves. */
  wake(partition: string, atMs: number): void {
    if (this.isStopped) return;
    if (atMs > this.parts.clock.now()) {
      this.arm(atMs);
      return;
    }
    this.remember(partition);
    this.schedule();
  }

  /** Wake-ups may have been lost and leases have run out: the store was away. */
  resync(): void {
    this.grantTime();
    void this.keeper.renew();
    this.rescan();
  }

  /** Wake-ups may have been lost. */
  rescan(): void {
    this.isScanDue = true;
    this.schedule();
  }

  /**
   * Gives the work that `stop` left back to the processes that go on, once its calls have been aborted. What becomes of
   * those calls does not count any more.
   */
  async abandon(): Promise<void> {
    if (!this.parts.isShared) return;
    const { store, clock, log } = this.parts;
    try {
      await Promise.all(this.keeper.held.map((item) => postpone(store, item, clock.now())));
      await this.taker.returnLost();
    } catch (error) {
      log.warn('work under way could not be given back: others take it over when its leases end', {
        error,
      });
    }
  }

  private grantTime(): void {
    this.takeOverFromMs = this.parts.clock.now() + takeOverGraceMs;
  }

  private laneFor(partition: string): Lane {
    return isSystemPartition(partition) ? this.system : this.calls;
  }

  private remember(partition: string): void {
    const { hot } = this.laneFor(partition);
    if (hot.size < hotMax) hot.add(partition);
    else this.scanAfterTurns();
  }

  /** There are more partitions with work than are remembered: looks again when each of those has had its turn. */
  private scanAfterTurns(): void {
    if (this.turnsUntilScan === 0) this.turnsUntilScan = this.calls.hot.size;
  }

  private disarm(): void {
    this.timer?.cancel();
    this.timerAtMs = Number.POSITIVE_INFINITY;
  }

  private arm(atMs: number): void {
    if (atMs >= this.timerAtMs || this.isStopped) return;
    this.disarm();
    this.timerAtMs = atMs;
    this.timer = this.parts.clock.at(atMs, () => {
      this.timerAtMs = Number.POSITIVE_INFINITY;
      this.isScanDue = true;
      this.schedule();
    });
  }

  /** Pumps once the current turn of the event loop is over, so that items made due together are taken together. */
  private schedule(): void {
    if (this.isScheduled || this.pumping !== null || this.isStopped) return;
    this.isScheduled = true;
    setImmediate(() => {
      this.isScheduled = false;
      if (this.pumping !== null) return;
      this.pumping = this.pump();
    });
  }

  private async pump(): Promise<void> {
    try {
      await this.taker.returnLost();
      while (!this.isStopped && this.lanes.some(hasRoom)) {
        if (this.isScanDue) await this.scan();
        const partition = this.nextPartition();
        if (partition === null) break;
        await this.serve(partition);
      }
      await this.giveUpPartitions();
    } catch (error) {
      if (error instanceof StoreUnavailableError) this.grantTime();
      // Once: a store that is away stays so for a while.
      if (!this.isFailing)
        this.parts.log.error('the queue could not be served; trying again every second', { error });
      this.isFailing = true;
      this.pumping = null;
      this.arm(this.parts.clock.now() + failureRestMs);
      return;
    }
    this.pumping = null;
    this.isFailing = false;
    // Woken between the last look and now.
    if (this.canServe()) this.schedule();
  }

  private canServe(): boolean {
    return this.lanes.some((lane) => hasRoom(lane) && (lane.hot.size > 0 || this.isScanDue));
  }

  private nextPartition(): string | null {
    const [first, second] = this.lanes;
    // In turn: neither lane waits until the other has no work left.
    this.lanes = [second, first];
    for (const lane of [first, second]) {
      if (!hasRoom(lane)) continue;
      const next = lane.hot.values().next();
      if (next.done) continue;
      lane.hot.delete(next.value);
      return next.value;
    }
    return null;
  }

  /** Finds due partitions, account by account, and the time of the next one. */
  private async scan(): Promise<void> {
    this.isScanDue = false;
    this.turnsUntilScan = 0;
    this.hasServed = false;
    const { store, clock } = this.parts;
    const nowMs = clock.now();
    await this.keeper.renewOverdue();
    if (this.keeper.isBehind) this.grantTime();
    const leaseEndMs = await this.takeOver(nowMs);
    const found = new Set<string>();
    const accounts = await accountsWithWork(store, nowMs, accountsPeekedMax);
    const share = Math.ceil(partitionsPeekedMax / Math.max(1, accounts.length));
    for (const account of accounts) {
      const { partitions } = await peek(store, nowMs, share, account);
      for (const partition of partitions) found.add(partition);
    }
    const { partitions, nextMs } = await peek(store, nowMs, partitionsPeekedMax);
    for (const partition of partitions) found.add(partition);
    for (const partition of fairOrder([...found], this.parts.random)) this.remember(partition);
    if (partitions.length === partitionsPeekedMax) this.scanAfterTurns();
    this.arm(Math.min(nextMs ?? leaseEndMs, leaseEndMs, nowMs + safetyScanMs));
  }

  /** Takes over the items of dead processes. Returns when the next lease could end so, in ms. */
  private async takeOver(nowMs: number): Promise<number> {
    if (nowMs < this.takeOverFromMs) return this.takeOverFromMs;
    const { store, isShared } = this.parts;
    const marginMs = isShared ? takeOverMarginMs : 0;
    const { nextMs } = await scavenge(store, nowMs - marginMs, scavengedMax);
    // Alone, this process only has leases of its own, which it renews.
    return nextMs !== null && isShared ? nextMs + marginMs : Number.POSITIVE_INFINITY;
  }

  private async serve(partition: string): Promise<void> {
    const { clock, process, newToken } = this.parts;
    const lane = this.laneFor(partition);
    const nowMs = clock.now();
    const limits = isSystemPartition(partition)
      ? { function: 0, account: 0 }
      : await this.parts.limitsOf(partition);
    const { outcome, items } = await this.taker.take({
      nowMs,
      partition,
      process,
      partitionUntilMs: nowMs + partitionLeaseMs,
      itemUntilMs: nowMs + itemLeaseMs,
      leaseToken: newToken(),
      itemsMax: Math.min(lane.workers - lane.busy, itemsPerTurnMax),
      functionLimit: limits.function,
      accountLimit: limits.account,
    });
    // Behind the others: every partition with work gets its turn.
    if (outcome === 'more') {
      lane.hot.add(partition);
      lane.held.add(partition);
    } else lane.held.delete(partition);
    // Should its process die, nobody would say so.
    if (outcome === 'leased_elsewhere') this.arm(nowMs + partitionLeaseMs);
    for (const item of items) void this.work(item, lane);
    this.countTurn(lane, outcome !== 'leased_elsewhere');
  }

  private countTurn(lane: Lane, hasServed: boolean): void {
    this.hasServed ||= hasServed;
    if (lane !== this.calls || this.turnsUntilScan === 0) return;
    this.turnsUntilScan -= 1;
    if (this.turnsUntilScan > 0) return;
    if (this.hasServed) this.isScanDue = true;
    // Other processes serve all that was found, and a scan would find the same.
    else this.arm(this.parts.clock.now() + partitionLeaseMs);
  }

  /** With no worker free, other processes may serve what is left. */
  private async giveUpPartitions(): Promise<void> {
    if (!this.parts.isShared) return;
    for (const lane of this.lanes) {
      if (this.isStopped || hasRoom(lane) || lane.isGivenUp) continue;
      lane.isGivenUp = true;
      await this.releaseAll(lane);
    }
  }

  /** The other processes need not wait for this one's leases to end. */
  private async leavePartitions(): Promise<void> {
    if (!this.parts.isShared) return;
    try {
      for (const lane of this.lanes) await this.releaseAll(lane);
    } catch (error) {
      this.parts.log.warn('partitions could not be given up: others serve them in some seconds', {
        error,
      });
    }
  }

  private async releaseAll({ held }: Lane): Promise<void> {
    const { store, process } = this.parts;
    const partitions = [...held];
    held.clear();
    await Promise.all(partitions.map((partition) => releasePartition(store, partition, process)));
  }

  private async work(item: LeasedItem, lane: Lane): Promise<void> {
    lane.busy += 1;
    this.keeper.add(item);
    try {
      await this.parts.handle(item);
    } catch (error) {
      // The item keeps its lease and is taken over when that ends: nothing is lost.
      if (error instanceof StoreUnavailableError) return;
      this.parts.log.error('work on a queue item failed unexpectedly; it is tried again', {
        ...itemFields(item),
        error,
      });
    } finally {
      this.keeper.remove(item);
      lane.busy -= 1;
      lane.isGivenUp = false;
      if (this.itemsInFlight === 0) for (const resolve of this.idleWaiters.splice(0)) resolve();
      // A scan that fell due while all workers were busy is made up for now.
      if (this.canServe()) this.schedule();
    }
  }
}
