/**
 * Who waits for an event: an in-memory view of the pauses per event name, brought up to date by sequence number
 * before each use. A pause that is over is found out when the script refuses it, and dropped here then.
 */
import { MatchSet } from '../expression/matching/match_set.ts';
import type { Clock } from '../lib/clock.ts';
import type { Store } from '../store/store.ts';
import { type StoredPause, scanPauses } from './pause.ts';

const scanPage = 1_000;
/** Event names held; the least recently used goes. */
const namesMax = 1_000;
/** A view may hold this many pauses that are over, and as many again as are not, before it is read anew. */
const overMax = 1_000;
/** Pauses looked at each time for whether they have expired, and as many again as were added. */
const sweepMin = 64;
/** A pause can have been created this long after its event came in and still match: deliveries take time. */
export const matchToleranceMs = 5_000;

/** An event that may be waited for. The payload is asked for only when something waits for the name. */
export interface Arrival {
  readonly name: string;
  readonly receivedAtMs: number;
  readonly payload: () => unknown;
}

/** The pauses for one event name. */
class View {
  sequence = 0;
  private readonly pauses = new Map<string, StoredPause>();
  private readonly conditions: MatchSet<string>;
  private sweeping = this.pauses.values();

  constructor(private readonly clock: Clock) {
    this.conditions = new MatchSet(clock);
  }

  get size(): number {
    return this.pauses.size;
  }

  /** Takes up pauses in their order. What another refresh has read already may be over by now, and stays out. */
  take(pauses: readonly StoredPause[]): void {
    for (const pause of pauses) {
      if (pause.sequence <= this.sequence) continue;
      this.sequence = pause.sequence;
      this.pauses.set(pause.id, pause);
      this.conditions.add(pause.id, pause.expression);
    }
    this.sweep(sweepMin + pauses.length);
  }

  forget(pauseId: string): void {
    if (this.pauses.delete(pauseId)) this.conditions.remove(pauseId);
  }

  async matches(
    arrival: Arrival,
    onFailure: (pause: StoredPause, reason: string) => void,
  ): Promise<StoredPause[]> {
    const nowMs = this.clock.now();
    const isInTime = ({ createdMs, expiresMs }: StoredPause): boolean =>
      expiresMs > nowMs && createdMs <= arrival.receivedAtMs + matchToleranceMs;
    const found: StoredPause[] = [];
    const ids = await this.conditions.matchesInSlices(arrival.payload(), (id, reason) => {
      const pause = this.pauses.get(id);
      if (pause !== undefined && isInTime(pause)) onFailure(pause, reason);
    });
    for (const id of ids) {
      const pause = this.pauses.get(id);
      if (pause !== undefined && isInTime(pause)) found.push(pause);
    }
    return found.sort((a, b) => a.sequence - b.sequence);
  }

  /**
   * Drops pauses that have expired: a wait is ended by its timeout item, a cancellation just stops to count. The walk
   * goes on where the last one stopped, so no event has to go through them all.
   */
  private sweep(most: number): void {
    const nowMs = this.clock.now();
    for (let count = 0; count < most; count += 1) {
      const next = this.sweeping.next();
      if (next.done) {
        this.sweeping = this.pauses.values();
        return;
      }
      if (next.value.expiresMs <= nowMs) this.forget(next.value.id);
    }
  }
}

export class Waiting {
  private readonly views = new Map<string, View>();
  /** How often everything was forgotten. */
  private generation = 0;

  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
  ) {}

  /** Forgets every view: the store may have lost its last writes, and counts anew. */
  clear(): void {
    this.generation += 1;
    this.views.clear();
  }

  /**
   * The pauses that the event fulfils, in the order in which they began: those for its name that have not expired and
   * whose condition holds or is empty. `onFailure` hears of conditions that could not be evaluated. Where many have to be
   * evaluated, others get a turn in between.
   */
  async matches(
    arrival: Arrival,
    onFailure: (pause: StoredPause, reason: string) => void = () => undefined,
  ): Promise<StoredPause[]> {
    for (;;) {
      const view = await this.refreshed(arrival.name);
      const { generation } = this;
      const found = view.size === 0 ? [] : await view.matches(arrival, onFailure);
      // What was forgotten in between was not heard to be over, or may be stored as something else by now.
      if (generation === this.generation) return found;
    }
  }

  /** The pause is over. */
  forget(eventName: string, pauseId: string): void {
    this.views.get(eventName)?.forget(pauseId);
  }

  /** Pauses held for an event name, whether over or not. */
  heldFor(eventName: string): number {
    return this.views.get(eventName)?.size ?? 0;
  }

  private async refreshed(eventName: string): Promise<View> {
    let view = this.views.get(eventName) ?? new View(this.clock);
    let { generation } = this;
    this.keep(eventName, view);
    for (;;) {
      const { sequence } = view;
      const { pauses, storedCount } = await scanPauses(this.store, eventName, sequence, scanPage);
      if (generation !== this.generation) {
        // What was read before everything was forgotten may be counted differently by now.
        generation = this.generation;
        view = new View(this.clock);
        continue;
      }
      view.take(pauses);
      if (pauses.length === scanPage) continue;
      if (view.size <= 2 * storedCount + overMax) {
        this.keep(eventName, view);
        return view;
      }
      // It was not heard that most of these are over. Others may be reading the old view: a new one takes its place
      // when it is complete.
      view = new View(this.clock);
    }
  }

  /** As the view used last. */
  private keep(eventName: string, view: View): void {
    this.views.delete(eventName);
    this.views.set(eventName, view);
    const oldest = this.views.keys().next();
    if (this.views.size > namesMax && !oldest.done) this.views.delete(oldest.value);
  }
}
