/** Ends runs from outside their own answers: failures of the server's finding, cancellation, deadlines. */

import { canonicalJson } from '../lib/canonical_json.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { LeasedItem } from '../queue/item.ts';
import { dequeue, enqueue } from '../queue/queue.ts';
import { type EndOutcome, endRun } from '../state/run_end.ts';
import { runDueMs } from '../state/run_metadata.ts';
import { type LoadedRun, loadRun } from '../state/run_state.ts';
import { asList } from '../store/reply_shape.ts';
import type { Store } from '../store/store.ts';
import {
  type Deadline,
  deadlineItem,
  parseDeadline,
  silenceCheckMs,
  silenceMsMax,
  timeoutMs,
} from './deadline.ts';
import type { Functions } from './functions.ts';
import { type EndedRun, type Ending, endingOf } from './run_ending.ts';
import { endpointSilent, type RunFailure } from './run_failure.ts';

export interface TerminatorParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly functions: Functions;
  readonly newId: () => string;
  readonly log?: Pick<Logger, 'debug' | 'warn'>;
  /** Hears of each run that has ended; what it hears may not be on disk yet. */
  readonly onEnd?: (runId: string, ending: Ending) => void;
}

type Item = { readonly id: string; readonly leaseToken: string } | null;

export class Terminator {
  constructor(private readonly parts: TerminatorParts) {}

  /**
   * Ends a run whose state the caller holds. `item` is the work that led to the end, `stepFacts` what history
   * has to hear before it.
   */
  async end(
    run: EndedRun,
    item: Item,
    ending: Ending,
    stepFacts: readonly string[] = [],
  ): Promise<EndOutcome> {
    const { store, clock, newId, onEnd } = this.parts;
    const told = endingOf(run, ending, { nowMs: clock.now(), newEventId: newId });
    const outcome = await endRun(store, {
      item,
      runId: run.runId,
      items: told.items,
      facts: [...stepFacts, ...told.facts],
    });
    if (outcome === 'ended') {
      this.note(run, ending);
      onEnd?.(run.runId, ending);
    }
    return outcome;
  }

  /** Messages of errors are the user's: the log has the error's name, history has the rest. */
  private note({ runId, metadata }: EndedRun, { status, error }: Ending): void {
    const { log } = this.parts;
    const fields = { run: runId, function: metadata.functionSlug, status };
    if (status === 'Failed') log?.warn('a run failed', { ...fields, errorName: error?.name ?? '' });
    else log?.debug('a run ended', fields);
  }

  async fail(runId: string, item: Item, failure: RunFailure): Promise<EndOutcome> {
    return this.endById(runId, item, {
      status: 'Failed',
      error: failure,
      output: canonicalJson(failure),
    });
  }

  /** `item` null: asked for from outside. In-flight calls go on; their answers are dropped. */
  async cancel(runId: string, item: Item): Promise<EndOutcome> {
    return this.endById(runId, item, { status: 'Cancelled', output: null });
  }

  private async endById(runId: string, item: Item, ending: Ending): Promise<EndOutcome> {
    const { store } = this.parts;
    const run = await loadRun(store, runId, { withSteps: false });
    if (run === null) {
      if (item !== null) await endRun(store, { item, runId, items: [], facts: [] });
      return 'ended_before';
    }
    return this.end({ ...run, runId }, item, ending);
  }

  /** The limits that count are those of the function as it is now. */
  async handleDeadline(item: LeasedItem): Promise<void> {
    const { store, clock, functions } = this.parts;
    const deadline = parseDeadline(item.data);
    const { runId, functionId, limit } = deadline;
    const run = await loadRun(store, runId, { withSteps: false });
    if (run !== null && limit === 'report') return this.checkSilence(item, deadline, run);
    const fn = functions.functionById(functionId);
    const limitMs = limit === 'report' ? 0 : timeoutMs(fn?.timeouts?.[limit]);
    const isOver = run === null || (limit === 'start' && run.startedAtMs !== null);
    if (isOver || limitMs === 0) {
      await dequeue(store, item);
      return;
    }
    const sinceMs = limit === 'start' ? runDueMs(run.metadata) : (run.startedAtMs ?? clock.now());
    const dueMs = sinceMs + limitMs;
    if (dueMs > clock.now()) {
      // The function was given more time since. The new timer comes first: a crash in between leaves both.
      await enqueue(store, [deadlineItem(runId, functionId, limit, dueMs)]);
      await dequeue(store, item);
      return;
    }
    await this.cancel(runId, item);
  }

  /** A durable endpoint drives its run from within the app: when that is gone, nobody else would ever end the run. */
  private async checkSilence(
    item: LeasedItem,
    { runId, functionId, heard }: Deadline,
    run: LoadedRun,
  ): Promise<void> {
    const { store, clock } = this.parts;
    const nowMs = clock.now();
    const stored = run.stepCount + run.defers.length;
    const isDriven = asList(await store.run('run_jobs', [runId, 1])).length > 0;
    const isHeard = isDriven || heard === undefined || heard.stored !== stored;
    const last = isHeard ? { stored, atMs: nowMs } : heard;
    const silentMs = nowMs - last.atMs;
    if (silentMs >= silenceMsMax) {
      await this.fail(runId, item, endpointSilent(silentMs));
      return;
    }
    // Counted from this timer: the same one comes of it when a crash makes it fire twice.
    const nextMs = item.atMs + (isDriven ? silenceMsMax : silenceCheckMs);
    await enqueue(store, [deadlineItem(runId, functionId, 'report', nextMs, last)]);
    await dequeue(store, item);
  }
}
