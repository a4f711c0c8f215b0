/** Records of operations on many runs: the TypeScript twins of lua/bulk_*.lua. */
import { z } from 'zod';
import type { RunFilter } from '../history/history.ts';
import { itemArgs, itemListArgs, type LeasedItem, type NewItem } from '../queue/item.ts';
import { type NewRun, runArgs } from '../state/run_creation.ts';
import { asList, asNumber, asText } from '../store/reply_shape.ts';
import type { Reply, Store } from '../store/store.ts';

export type BulkKind = 'cancel' | 'rerun';

/** Work on many runs that goes on by itself, also after a restart. */
export interface BulkOperation {
  /** ULID. */
  readonly id: string;
  readonly kind: BulkKind;
  readonly name: string;
  readonly filter: RunFilter;
  readonly status: 'running' | 'completed' | 'stopped' | 'failed';
  readonly createdAtMs: number;
  readonly endedAtMs: number | null;
  /** Runs that the filter named when the work began. */
  readonly total: number;
  /** Cancelled or rerun. */
  readonly done: number;
  /** Ended meanwhile, or their function or events are gone. */
  readonly skipped: number;
  /** Of a failed one. */
  readonly error: string | null;
}

/** A place in the order of runs: those up to it are dealt with. */
const placeSchema = z.object({ atMs: z.number(), runId: z.string() });
export type Place = z.infer<typeof placeSchema>;

export interface StoredBulk extends BulkOperation {
  readonly place: Place | null;
}

export async function startBulk(
  store: Store,
  operation: BulkOperation,
  item: NewItem,
  { runningMax, keptMax }: { readonly runningMax: number; readonly keptMax: number },
): Promise<'started' | 'too_many'> {
  const { id, kind, name, filter, createdAtMs, total } = operation;
  const record = [createdAtMs, id, kind, name, JSON.stringify(filter), total];
  const code = await store.run('bulk_start', [...record, runningMax, keptMax, ...itemArgs(item)]);
  return asNumber(code) < 0 ? 'too_many' : 'started';
}

const recordFields = 12;

/** One operation, or all of them, newest first. */
export async function loadBulks(store: Store, id = ''): Promise<StoredBulk[]> {
  const reply = asList(await store.run('bulk_load', [id]));
  const operations: StoredBulk[] = [];
  for (let from = 0; from + recordFields <= reply.length; from += recordFields) {
    operations.push(storedBulk(reply.slice(from, from + recordFields)));
  }
  return operations;
}

function storedBulk(record: readonly Reply[]): StoredBulk {
  const [id, kind, name, filter, status, created, ended, total, done, skipped, error, place] =
    record.map(asText);
  return {
    id: id ?? '',
    // The next two were written from an operation, by startBulk or with a status that a script knows.
    kind: kind as BulkKind,
    status: status as BulkOperation['status'],
    name: name ?? '',
    // As is this one.
    filter: JSON.parse(filter ?? '{}') as RunFilter,
    createdAtMs: Number(created),
    endedAtMs: ended ? Number(ended) : null,
    total: Number(total),
    done: Number(done),
    skipped: Number(skipped),
    error: error || null,
    place: place ? placeSchema.parse(JSON.parse(place)) : null,
  };
}

/** The end of a run, as `run_finish` takes it. */
export interface PlannedEnd {
  readonly runId: string;
  readonly items: readonly NewItem[];
  readonly facts: readonly string[];
}

export interface BulkStep {
  readonly nowMs: number;
  readonly operationId: string;
  /** The last run that this page dealt with. */
  readonly place: Place | null;
  readonly status: 'running' | 'completed' | 'failed';
  readonly error?: string;
  /** When the next page is due. */
  readonly nextMs: number;
  readonly passedOver: number;
  readonly ends: readonly PlannedEnd[];
  readonly runs: readonly NewRun[];
}

/** Carries a page out. Which of the runs it ended; null when the operation is somebody else's now or was stopped. */
export async function advanceBulk(
  store: Store,
  item: Pick<LeasedItem, 'id' | 'leaseToken'>,
  step: BulkStep,
): Promise<readonly boolean[] | null> {
  const [code, ...outcomes] = asList(
    await store.run('bulk_advance', [
      step.nowMs,
      item.id,
      item.leaseToken,
      step.operationId,
      step.place === null ? '' : JSON.stringify(step.place),
      step.status,
      step.error ?? '',
      step.nextMs,
      step.passedOver,
      step.ends.length,
      ...step.ends.flatMap(endArgs),
      step.runs.length,
      ...step.runs.flatMap(runArgs),
    ]),
  ).map(asNumber);
  if (code === 0) return null;
  return outcomes.slice(0, step.ends.length).map((outcome) => outcome === 1);
}

function endArgs({ runId, items, facts }: PlannedEnd): (string | number)[] {
  return [runId, ...itemListArgs(items), facts.length, ...facts];
}

/** False when it had ended before; null when there is none. */
export async function stopBulk(store: Store, id: string, nowMs: number): Promise<boolean | null> {
  const code = asNumber(await store.run('bulk_stop', [nowMs, id]));
  return code < 0 ? null : code === 1;
}
