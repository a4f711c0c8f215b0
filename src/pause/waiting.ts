/**
 * Who waits for an event: an in-memory view of the pauses per event name, brought up to date by sequence number
 * before each use. A pause that is over is found out when the script refuses it, and dropped here then.
 */
import type { Clock } from '../lib/clock.ts';
import type { Store } from '../store/store.ts';
import { type StoredPause, scanPauses } from './pause.ts';

const scanPage = 1_000;
/** Event names held; the least recently used goes. */
const namesMax = 1_000;
/** A view may hold this many pauses that are over, and as many again as are not, before it is read anew. */
const overMax = 1_000;
/** A pause can have been created this long after its event came in and still match: deliveries take time. */
export const matchToleranceMs = 5_000;

interface View {
  sequence: number;
  readonly pauses: Map<string, StoredPause>;
}

export class Waiting {
  private readonly views = new Map<string, View>();

  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
  ) {}

  /** Forgets every view: the store may have lost its last writes, and counts anew. */
  clear(): void {
    this.views.clear();
  }

  /** Pauses that may match an event of this name which was received at `receivedMs`. */
  async candidates(eventName: string, receivedMs: number): Promise<StoredPause[]> {
    const view = await this.refreshed(eventName);
    const nowMs = this.clock.now();
    const found: StoredPause[] = [];
    for (const pause of view.pauses.values()) {
      if (pause.expiresMs <= nowMs) {
        // Its timeout item ends a wait; a cancellation just stops to count.
        view.pauses.delete(pause.id);
        continue;
      }
      if (pause.createdMs <= receivedMs + matchToleranceMs) found.push(pause);
    }
    return found;
  }

  /** The pause is over. */
  forget(eventName: string, pauseId: string): void {
    this.views.get(eventName)?.pauses.delete(pauseId);
  }

  private async refreshed(eventName: string): Promise<View> {
    let view = this.views.get(eventName) ?? emptyView();
    this.views.delete(eventName);
    this.views.set(eventName, view);
    if (this.views.size > namesMax) {
      const oldest = this.views.keys().next();
      if (!oldest.done) this.views.delete(oldest.value);
    }
    for (;;) {
      const { pauses, storedCount } = await scanPauses(
        this.store,
        eventName,
        view.sequence,
        scanPage,
      );
      for (const pause of pauses) {
        view.pauses.set(pause.id, pause);
        view.sequence = pause.sequence;
      }
      if (pauses.length === scanPage) continue;
      if (view.pauses.size <= 2 * storedCount + overMax) {
        this.views.set(eventName, view);
        return view;
      }
      // It was not heard that most of these are over. Others may be reading the old view: a new one takes its place
      // when it is complete.
      view = emptyView();
    }
  }
}

function emptyView(): View {
  return { sequence: 0, pauses: new Map() };
}
