/** Renews the leases of items under way, at half their length; a lost one is only logged: scripts fence its results. */
import type { Clock, Timer } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { Store } from '../store/store.ts';
import type { LeasedItem } from './item.ts';
import { itemFields } from './item_log.ts';
import { extend } from './queue.ts';

/** After a renewal that failed. Shorter than the margin that others leave (processor.ts). */
const retryMs = 1_000;

export class LeaseKeeper {
  private readonly items = new Map<string, LeasedItem>();
  private timer: Timer | null = null;
  private isStopped = false;
  /** Whether the last renewal failed: other processes' leases may not have been renewed either. */
  private isFailing = false;
  /** Leases taken since then are younger still. */
  private renewedMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
    private readonly log: Logger,
    private readonly leaseMs: number,
  ) {}

  add(item: LeasedItem): void {
    if (this.items.size === 0) this.renewedMs = this.clock.now();
    this.items.set(item.id, item);
    if (this.timer === null && !this.isStopped) this.arm();
  }

  remove(item: LeasedItem): void {
    if (this.items.get(item.id) === item) this.items.delete(item.id);
  }

  stop(): void {
    this.isStopped = true;
    this.timer?.cancel();
    this.timer = null;
  }

  /** Items under way. */
  get held(): readonly LeasedItem[] {
    return [...this.items.values()];
  }

  get isBehind(): boolean {
    return this.isFailing;
  }

  private arm(): void {
    const restMs = this.isFailing ? retryMs : this.leaseMs / 2;
    this.timer = this.clock.at(this.clock.now() + restMs, () => {
      void this.renew().finally(() => {
        this.timer = null;
        if (this.items.size > 0 && !this.isStopped) this.arm();
      });
    });
  }

  /**
   * Renews at once what the clock says has run out or will soon: after a suspended machine or a jump of the clock
   * timers come late, and this process must not take its own items for those of a dead one.
   */
  async renewOverdue(): Promise<void> {
    const isOverdue = this.clock.now() - this.renewedMs > this.leaseMs / 2;
    if (isOverdue && this.items.size > 0) await this.renew();
  }

  /** Renews all leases now. Never rejects. */
  async renew(): Promise<void> {
    if (this.items.size === 0) {
      this.isFailing = false;
      return;
    }
    const nowMs = this.clock.now();
    try {
      const lost = await extend(this.store, this.held, nowMs + this.leaseMs);
      this.renewedMs = nowMs;
      this.isFailing = false;
      // An item that finished while the script ran is not lost.
      const missing = lost.filter((id) => this.items.has(id));
      for (const id of missing) {
        const item = this.items.get(id);
        if (item !== undefined) this.log.debug('a lease is gone', itemFields(item));
      }
    } catch (error) {
      // Once: a store that is away stays so for a while.
      if (!this.isFailing)
        this.log.warn('leases could not be renewed; trying again every second', { error });
      this.isFailing = true;
    }
  }
}
