/**
 * The worker loop: takes due items while workers are free and hands them to the handler of their kind. It does not
 * poll: whoever makes work due wakes it, and one timer sleeps until the next item is (queue.md §8–§11).
 */
import type { Clock, Timer } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { Store } from '../store/store.ts';
import { accountOf, isSystemPartition, type LeasedItem } from './item.ts';
import { LeaseKeeper } from './lease_keeper.ts';
import { accountsWithWork, peek, releasePartition, scavenge, take } from './queue.ts';
import { fairOrder } from './selection.ts';

const partitionLeaseMs = 4_000;
export const itemLeaseMs = 30_000;
const partitionsPeekedMax = 300;
const accountsPeekedMax = 30;
/** Taken at once from one partition, before others get their turn. */
const itemsPerTurnMax = 32;
/** A look at all partitions now and then repairs a lost wake-up and finds dead processes' items. */
const safetyScanMs = 30_000;
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
  readonly workers: number;
  /** Whether other processes work on the same store. */
  readonly isShared: boolean;
  readonly limitsOf: (partition: string) => Limits;
  readonly newToken: () => string;
  readonly random: () => number;
  /** Does the work of an item to its end: when it resolves, the item is gone or put back. */
  readonly handle: (item: LeasedItem) => Promise<void>;
}

export class Processor {
  private readonly hot = new Set<string>();
  private readonly keeper: LeaseKeeper;
  private busy = 0;
  private pumping: Promise<void> | null = null;
  private isScheduled = false;
  private isScanDue = true;
  private isStopped = true;
  private timer: Timer | null = null;
  private timerAtMs = Number.POSITIVE_INFINITY;
  private idleWaiters: (() => void)[] = [];

  constructor(private readonly parts: ProcessorParts) {
    this.keeper = new LeaseKeeper(parts.store, parts.clock, parts.log, itemLeaseMs);
  }

  start(): void {
    this.isStopped = false;
    this.isScanDue = true;
    this.schedule();
  }

  /** Takes no more items and waits for those under way; resolves with the number that did not finish in time. */
  async stop(drainMs: number): Promise<number> {
    this.isStopped = true;
    this.disarm();
    // What it is leasing at this moment is work under way, too.
    await this.pumping;
    if (this.busy > 0) {
      let deadline: Timer | null = null;
      await new Promise<void>((resolve) => {
        this.idleWaiters.push(resolve);
        deadline = this.parts.clock.at(this.parts.clock.now() + drainMs, resolve);
      });
      (deadline as Timer | null)?.cancel();
    }
    this.keeper.stop();
    return this.busy;
  }

  get itemsInFlight(): number {
    return this.busy;
  }

  /** A partition has work at `atMs`. Cheap: called for every pointer that a script moves. */
  wake(partition: string, atMs: number): void {
    if (this.isStopped) return;
    if (atMs > this.parts.clock.now()) {
      this.arm(atMs);
      return;
    }
    if (this.hot.size < hotMax) this.hot.add(partition);
    else this.isScanDue = true;
    this.schedule();
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
      while (!this.isStopped && this.busy < this.parts.workers) {
        if (this.isScanDue) await this.scan();
        const next = this.hot.values().next();
        if (next.done) break;
        this.hot.delete(next.value);
        await this.serve(next.value);
      }
      await this.giveUpPartitions();
    } catch (error) {
      this.parts.log.error('the queue could not be served; trying again in a second', { error });
      this.pumping = null;
      this.arm(this.parts.clock.now() + failureRestMs);
      return;
    }
    this.pumping = null;
    // Woken between the last look and now.
    if (this.busy < this.parts.workers && (this.hot.size > 0 || this.isScanDue)) this.schedule();
  }

  /** Finds due partitions, account by account, and the time of the next one. */
  private async scan(): Promise<void> {
    this.isScanDue = false;
    const { store, clock } = this.parts;
    const nowMs = clock.now();
    await this.keeper.renewOverdue();
    await scavenge(store, nowMs, scavengedMax);
    const found = new Set<string>();
    const accounts = await accountsWithWork(store, nowMs, accountsPeekedMax);
    const share = Math.ceil(partitionsPeekedMax / Math.max(1, accounts.length));
    for (const account of accounts) {
      const { partitions } = await peek(store, nowMs, share, account);
      for (const partition of partitions) found.add(partition);
    }
    const { partitions, nextMs } = await peek(store, nowMs, partitionsPeekedMax);
    for (const partition of partitions) found.add(partition);
    for (const partition of fairOrder([...found], this.parts.random)) {
      if (this.hot.size < hotMax) this.hot.add(partition);
    }
    this.arm(Math.min(nextMs ?? Number.POSITIVE_INFINITY, nowMs + safetyScanMs));
  }

  private async serve(partition: string): Promise<void> {
    const { store, clock, workers, process, newToken } = this.parts;
    const nowMs = clock.now();
    const limits = isSystemPartition(partition)
      ? { function: 0, account: 0 }
      : this.parts.limitsOf(partition);
    const { outcome, items } = await take(store, {
      nowMs,
      partition,
      process,
      partitionUntilMs: nowMs + partitionLeaseMs,
      itemUntilMs: nowMs + itemLeaseMs,
      leaseToken: newToken(),
      itemsMax: Math.min(workers - this.busy, itemsPerTurnMax),
      functionLimit: limits.function,
      accountLimit: limits.account,
    });
    // Behind the others: every partition with work gets its turn.
    if (outcome === 'more') this.hot.add(partition);
    for (const item of items) void this.work(item);
  }

  /** With no worker free, other processes may serve what is left. */
  private async giveUpPartitions(): Promise<void> {
    if (!this.parts.isShared || this.isStopped || this.busy < this.parts.workers) return;
    for (const partition of [...this.hot].slice(0, partitionsPeekedMax)) {
      await releasePartition(this.parts.store, partition, this.parts.process);
    }
  }

  private async work(item: LeasedItem): Promise<void> {
    this.busy += 1;
    this.keeper.add(item);
    try {
      await this.parts.handle(item);
    } catch (error) {
      // The item keeps its lease and is taken over when that ends: nothing is lost.
      this.parts.log.error('work on a queue item failed unexpectedly; it is tried again', {
        item: item.id,
        kind: item.kind,
        account: accountOf(item.partition),
        run: item.runId,
        error,
      });
    } finally {
      this.keeper.remove(item);
      this.busy -= 1;
      if (this.busy === 0) for (const resolve of this.idleWaiters.splice(0)) resolve();
      // A scan that fell due while all workers were busy is made up for now.
      if (this.hot.size > 0 || this.isScanDue) this.schedule();
    }
  }
}
