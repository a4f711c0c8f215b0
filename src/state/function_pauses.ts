/**
 * Paused functions: nothing of their runs is handed out, and new events are recorded as skipped runs
 * (execution.md §17). The store has the truth; `isPaused` answers from a view of it.
 */
import type { FunctionDefinition } from '../function/definition.ts';
import type { Clock } from '../lib/clock.ts';
import { accountOf } from '../queue/item.ts';
import { asList, asNumber, asText } from '../store/reply_shape.ts';
import type { Store } from '../store/store.ts';

export interface FunctionPauseParts {
  readonly store: Store;
  readonly clock: Clock;
  /** Functions of apps, also those that have left theirs: runs of such a function may still wait. */
  readonly functions: { functionById(id: string): FunctionDefinition | null };
}

/**
 * Servers that share a store hear of each other's pauses by its messages, within moments. An event that one of them
 * delivers in between starts a run, whose work waits in the queue: that is refused by the script that hands work out,
 * which asks no view.
 */
export class FunctionPauses {
  private paused: ReadonlySet<string> = new Set();
  /** A look at the store that has not begun: shared by all who ask for one now. */
  private next: Promise<void> | null = null;
  /** Looks run one after the other, so that an older one never overwrites what a newer one saw. */
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly parts: FunctionPauseParts) {}

  /** Reads which functions are paused: to be awaited at start, and whenever the store says that it has changed. */
  refresh(): Promise<void> {
    if (this.next !== null) return this.next;
    const look = this.last.then(() => {
      // Whoever asks from here on may know of a change that this look does not see.
      this.next = null;
      return this.look();
    });
    this.next = look;
    this.last = look.catch(() => undefined);
    return look;
  }

  isPaused(functionId: string): boolean {
    return this.paused.has(functionId);
  }

  async pause(functionId: string): Promise<'paused' | 'paused_before' | null> {
    const { store, clock, functions } = this.parts;
    if (functions.functionById(functionId) === null) return null;
    const args = [clock.now(), functionId, accountOf(functionId)];
    const isNew = asNumber(await store.run('function_pause', args)) === 1;
    await this.refresh();
    return isNew ? 'paused' : 'paused_before';
  }

  async unpause(functionId: string): Promise<'unpaused' | 'not_paused' | null> {
    const { store, functions } = this.parts;
    const args = [functionId, accountOf(functionId)];
    // A pause outlives the registration of its function, so that it can be ended without one.
    const wasPaused = asNumber(await store.run('function_unpause', args)) === 1;
    if (!wasPaused && functions.functionById(functionId) === null) return null;
    await this.refresh();
    return wasPaused ? 'unpaused' : 'not_paused';
  }

  private async look(): Promise<void> {
    const ids = asList(await this.parts.store.run('functions_paused', []));
    this.paused = new Set(ids.map(asText));
  }
}
