/**
 * Works on operations page by page. A page is read and planned, and then one script does all of it: ends or creates its
 * runs, counts them, and moves the cursor. Whatever fails before that has done nothing, and the page is planned anew.
 */
import { z } from 'zod';
import type { History, RunRecord, RunTimeField } from '../history/history.ts';
import { QueryError } from '../history/history_error.ts';
import type { Clock } from '../lib/clock.ts';
import type { LeasedItem } from '../queue/item.ts';
import { dequeue, postpone } from '../queue/queue.ts';
import type { NewRun } from '../state/run_creation.ts';
import { loadRun } from '../state/run_state.ts';
import { type Store, StoreUnavailableError } from '../store/store.ts';
import { advanceBulk, loadBulks, type PlannedEnd, type StoredBulk } from './bulk_store.ts';
import { type Ending, endingOf } from './run_ending.ts';

/** One script deals with so many runs: other scripts wait for it meanwhile. */
export const pageRunsMax = 50;
/** And with so much of their events, in characters. */
const pageCharsMax = 4 * 1024 * 1024;
/** Between pages, so that what comes in is not kept waiting. */
export const pageRestMs = 20;
/** While the server has more to do than it can. */
export const loadRestMs = 2_000;

const cancellation: Ending = { status: 'Cancelled', output: null };

const dataSchema = z.object({ operationId: z.string() });

export interface BulkWorkParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly newId: () => string;
  /** As it is now: what happened before the operation is in it. */
  readonly history: Pick<History, 'runs'>;
  /** A new run with the events of another; null when it cannot be run again. */
  readonly newRunOf: (original: RunRecord, replayId: string) => Promise<NewRun | null>;
  /** Hears of each run that was cancelled; what it hears may not be on disk yet. */
  readonly onEnd?: (runId: string, ending: Ending) => void;
  /** True while other work has precedence. */
  readonly isOverloaded?: () => boolean;
}

interface Page {
  readonly ends: readonly PlannedEnd[];
  readonly runs: readonly NewRun[];
  /** How many of the runs that were read are dealt with by this. */
  readonly count: number;
}

export class BulkWork {
  constructor(private readonly parts: BulkWorkParts) {}

  /** Does the next page of an item of kind `bulk`. */
  async handle(item: LeasedItem): Promise<void> {
    const { store, clock, isOverloaded } = this.parts;
    const { operationId } = dataSchema.parse(JSON.parse(item.data));
    const [operation] = await loadBulks(store, operationId);
    if (operation === undefined || operation.status !== 'running') {
      await dequeue(store, item);
      return;
    }
    if (isOverloaded?.() === true) {
      await postpone(store, item, clock.now() + loadRestMs);
      return;
    }
    try {
      await this.doPage(item, operation);
    } catch (error) {
      if (error instanceof StoreUnavailableError) throw error;
      const isHopeless = error instanceof QueryError || item.attempt + 1 >= item.attemptsMax;
      if (!isHopeless) throw error;
      await this.giveUp(item, operation, error);
    }
  }

  private async doPage(item: LeasedItem, operation: StoredBulk): Promise<void> {
    const { store, clock, history, onEnd } = this.parts;
    const { id: operationId, kind, filter, place: after } = operation;
    const { runs, hasMore } = await history.runs({
      ...filter,
      limit: pageRunsMax,
      orderBy: filter.timeField,
      direction: 'asc',
      ...(after !== null && { after }),
    });
    const page =
      kind === 'cancel' ? await this.planEnds(runs) : await this.planRuns(runs, operationId);
    const { ends, count } = page;
    const isLast = count === runs.length && !hasMore;
    const last = runs[count - 1];
    const nowMs = clock.now();
    const areEnded = await advanceBulk(store, item, {
      ...{ nowMs, operationId, ends, runs: page.runs },
      place: last === undefined ? after : placeOf(last, filter.timeField),
      status: isLast ? 'completed' : 'running',
      nextMs: nowMs + pageRestMs,
      passedOver: count - ends.length - page.runs.length,
    });
    for (const [index, { runId }] of ends.entries()) {
      if (areEnded?.[index] === true) onEnd?.(runId, cancellation);
    }
  }

  private async planEnds(records: readonly RunRecord[]): Promise<Page> {
    const { store, clock, newId } = this.parts;
    const ends: PlannedEnd[] = [];
    let chars = 0;
    let count = 0;
    for (const { runId } of records) {
      const run = await loadRun(store, runId, { withSteps: false });
      count += 1;
      if (run === null) continue;
      const context = { nowMs: clock.now(), newEventId: newId };
      const { items, facts } = endingOf({ ...run, runId }, cancellation, context);
      ends.push({ runId, items, facts });
      chars += lengthOf(facts) + lengthOf(items.map(({ data }) => data));
      if (chars >= pageCharsMax) break;
    }
    return { ends, runs: [], count };
  }

  private async planRuns(records: readonly RunRecord[], operationId: string): Promise<Page> {
    const runs: NewRun[] = [];
    let chars = 0;
    let count = 0;
    for (const record of records) {
      count += 1;
      const run = isRepeatable(record, operationId)
        ? await this.parts.newRunOf(record, operationId)
        : null;
      if (run === null) continue;
      runs.push(run);
      chars += run.events.length;
      if (chars >= pageCharsMax) break;
    }
    return { ends: [], runs, count };
  }

  private async giveUp(item: LeasedItem, operation: StoredBulk, error: unknown): Promise<void> {
    const { store, clock } = this.parts;
    const nowMs = clock.now();
    await advanceBulk(store, item, {
      ...{ nowMs, nextMs: nowMs, operationId: operation.id, place: operation.place },
      ...{ ends: [], runs: [], passedOver: 0, status: 'failed' },
      error: error instanceof Error ? error.message : String(error),
    });
  }
}

/** Of skipped runs only those of paused functions: the others were meant to be. What this operation made is not taken. */
function isRepeatable({ status, skipReason, replayId }: RunRecord, operationId: string): boolean {
  if (replayId === operationId) return false;
  return status !== 'Skipped' || skipReason === 'FunctionPaused';
}

function placeOf(run: RunRecord, timeField: RunTimeField): { atMs: number; runId: string } {
  const times = { queued: run.scheduledAtMs, started: run.startedAtMs, ended: run.endedAtMs };
  const atMs = times[timeField];
  if (atMs === null) {
    throw new Error(
      `history named run ${run.runId} by the time when it ${timeField}, which it lacks`,
    );
  }
  return { atMs, runId: run.runId };
}

function lengthOf(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + text.length, 0);
}
