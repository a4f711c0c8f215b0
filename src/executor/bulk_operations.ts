/** Operations on many runs as people ask for them: begin, look, stop. `BulkWork` does what they say. */
import type { RunStatus } from '../history/fact.ts';
import type { History, RunFilter } from '../history/history.ts';
import type { Clock } from '../lib/clock.ts';
import type { NewItem } from '../queue/item.ts';
import type { Store } from '../store/store.ts';
import {
  type BulkKind,
  type BulkOperation,
  loadBulks,
  type StoredBulk,
  startBulk,
  stopBulk,
} from './bulk_store.ts';

/** At once; each has one page in work. */
export const runningBulksMax = 10;
/** Records, with those of operations that have ended. */
export const keptBulksMax = 200;
/** A page that fails this often, with growing rests between, makes its operation fail: some hours. */
const attemptsMax = 30;

export interface BulkRequest {
  readonly kind: BulkKind;
  readonly name: string;
  /** Which runs. `fromMs` and `untilMs` are required; cancellation takes runs that have not ended. */
  readonly filter: RunFilter;
}

/** The request names no runs that could be worked on; the message says what it lacks. */
export class BulkRequestError extends Error {
  readonly code = 'invalid_bulk_request';
  override readonly name = 'BulkRequestError';
}

export class TooManyBulkOperationsError extends Error {
  readonly code = 'too_many_bulk_operations';
  override readonly name = 'TooManyBulkOperationsError';
  constructor() {
    super(
      `${runningBulksMax} operations on many runs are under way; wait until one of them has ended, or stop one`,
    );
  }
}

export interface BulkOperationParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly newId: () => string;
  /** As it is now: what happened before the request is in it. */
  readonly history: Pick<History, 'countRuns'>;
}

export class BulkOperations {
  constructor(private readonly parts: BulkOperationParts) {}

  /** Throws `BulkRequestError`, `TooManyBulkOperationsError`, and `QueryError` for an expression that is none. */
  async start({ kind, name, filter: asked }: BulkRequest): Promise<BulkOperation> {
    const { store, clock, newId, history } = this.parts;
    const createdAtMs = clock.now();
    const filter = workableFilter(kind, asked, createdAtMs);
    const total = await history.countRuns(filter);
    const operation: BulkOperation = {
      ...{ id: newId(), kind, name, filter, createdAtMs, total },
      ...{ status: 'running', endedAtMs: null, done: 0, skipped: 0, error: null },
    };
    const bounds = { runningMax: runningBulksMax, keptMax: keptBulksMax };
    const outcome = await startBulk(store, operation, bulkItem(operation), bounds);
    if (outcome === 'too_many') throw new TooManyBulkOperationsError();
    return operation;
  }

  async get(id: string): Promise<BulkOperation | null> {
    if (id === '') return null;
    const [stored] = await loadBulks(this.parts.store, id);
    return stored === undefined ? null : operationOf(stored);
  }

  async list(): Promise<readonly BulkOperation[]> {
    return (await loadBulks(this.parts.store)).map(operationOf);
  }

  async stop(id: string): Promise<BulkOperation | null> {
    const { store, clock } = this.parts;
    if ((await stopBulk(store, id, clock.now())) === null) return null;
    return this.get(id);
  }
}

function operationOf({ place: _, ...operation }: StoredBulk): BulkOperation {
  return operation;
}

const cancellable: readonly RunStatus[] = ['Scheduled', 'Running'];
const ended: readonly RunStatus[] = ['Completed', 'Failed', 'Cancelled'];
/** Skipped runs only when they are asked for (and then those of paused functions, execution.md §18). */
const rerunnable: readonly RunStatus[] = [...ended, 'Skipped'];

/** What the pages are read with. It ends at the request: an operation never gets to see the runs that it creates. */
function workableFilter(kind: BulkKind, asked: RunFilter, nowMs: number): RunFilter {
  const { fromMs, untilMs, statuses, timeField } = asked;
  if (fromMs === undefined || untilMs === undefined) {
    throw new BulkRequestError('Say from when and until when the runs are to be taken.');
  }
  if (kind === 'cancel' && timeField === 'ended') {
    throw new BulkRequestError(
      'Runs that have ended cannot be cancelled: take them by another time.',
    );
  }
  const possible = kind === 'cancel' ? cancellable : rerunnable;
  const usual = kind === 'cancel' ? cancellable : ended;
  const taken = statuses === undefined ? usual : possible.filter((each) => statuses.includes(each));
  if (taken.length === 0) {
    throw new BulkRequestError(
      `Name at least one status that can be worked on: ${possible.join(', ')}.`,
    );
  }
  return { ...asked, statuses: taken, untilMs: Math.min(untilMs, nowMs) };
}

function bulkItem({ id, createdAtMs }: BulkOperation): NewItem {
  return {
    id: `bulk.${id}`,
    partition: 'bulk',
    kind: 'bulk',
    runId: '',
    atMs: createdAtMs,
    scoreMs: createdAtMs,
    attemptsMax,
    data: JSON.stringify({ operationId: id }),
  };
}
