/**
 * The facts of a batch about runs, one row a run. Facts come in any order and again: a row keeps what was known first
 * in the run's own time, never what came last.
 */
import {
  isAboutAi,
  type RunEndedFact,
  type RunScheduledFact,
  type RunStartedFact,
  type TraceFact,
} from '../fact.ts';
import { encodePayload, storableOrNull, storableText } from './payload.ts';
import type { DatabaseKind, Insertion, Row, Value } from './source.ts';

const scheduledColumns = [
  'function_id',
  'function_version',
  'function_slug',
  'function_name',
  'app_id',
  'app_name',
  'event_ids',
  'event_name',
  'cron',
  'batch_id',
  'original_run_id',
  'replay_id',
  'is_deferred',
  'links',
  'scheduled_at_ms',
] as const;

const endedColumns = [
  'ended_at_ms',
  'ended_status',
  'skip_reason',
  'skip_existing_run_id',
  'output',
] as const;

const isFirstSchedule = 'kept.scheduled_at_ms IS NULL';
const isEarlierStart = `excluded.started_at_ms IS NOT NULL
  AND (kept.started_at_ms IS NULL OR excluded.started_at_ms < kept.started_at_ms)`;
const isEarlierEnd = `excluded.ended_at_ms IS NOT NULL
  AND (kept.ended_at_ms IS NULL OR excluded.ended_at_ms < kept.ended_at_ms)`;

function taken(column: string): string {
  return `${column} = excluded.${column}`;
}

function takenIf(condition: string): (column: string) => string {
  return (column) =>
    `${column} = CASE WHEN ${condition} THEN excluded.${column} ELSE kept.${column} END`;
}

/** A run whose schedule is in the batch, with what else the batch says of it. */
export const scheduledInsertion: Insertion = {
  table: 'runs',
  columns: ['run_id', ...scheduledColumns, 'started_at_ms', ...endedColumns],
  onConflict: `(run_id) DO UPDATE SET ${[
    ...scheduledColumns.map(takenIf(isFirstSchedule)),
    takenIf(isEarlierStart)('started_at_ms'),
    ...endedColumns.map(takenIf(isEarlierEnd)),
  ].join(', ')}
  WHERE ${isFirstSchedule} OR (${isEarlierStart}) OR (${isEarlierEnd})`,
};

/** Apart from the end: what an update names is written into its indexes again. */
export const startedInsertion: Insertion = {
  table: 'runs',
  columns: ['run_id', 'started_at_ms'],
  onConflict: `(run_id) DO UPDATE SET ${taken('started_at_ms')} WHERE ${isEarlierStart}`,
};

export const endedInsertion: Insertion = {
  table: 'runs',
  columns: ['run_id', ...endedColumns],
  onConflict: `(run_id) DO UPDATE SET ${endedColumns.map(taken).join(', ')} WHERE ${isEarlierEnd}`,
};

/** Of runs with AI only: others cost nothing. */
export const aiInsertion: Insertion = {
  table: 'runs',
  columns: ['run_id', 'has_ai'],
  onConflict: `(run_id) DO UPDATE SET ${taken('has_ai')} WHERE kept.has_ai IS NULL`,
};

interface RunParts {
  scheduled?: RunScheduledFact;
  started?: RunStartedFact;
  ended?: RunEndedFact;
  hasAi?: true;
}

export class RunRows {
  readonly #parts = new Map<string, RunParts>();

  add(fact: RunScheduledFact | RunStartedFact | RunEndedFact): void {
    const parts = this.#partsOf(fact);
    switch (fact.t) {
      case 'run.scheduled':
        parts.scheduled ??= fact;
        return;
      case 'run.started':
        if (parts.started === undefined || fact.atMs < parts.started.atMs) parts.started = fact;
        return;
      case 'run.ended':
        if (parts.ended === undefined || fact.atMs < parts.ended.atMs) parts.ended = fact;
        return;
    }
  }

  /** What happened in a run says something of the run itself, too. */
  addTrace(fact: TraceFact): void {
    if (isAboutAi(fact)) this.#partsOf(fact).hasAi = true;
  }

  #partsOf(fact: { readonly runId: string }): RunParts {
    const runId = storableText(fact.runId);
    const known = this.#parts.get(runId);
    if (known !== undefined) return known;
    const parts: RunParts = {};
    this.#parts.set(runId, parts);
    return parts;
  }

  rowsFor(kind: DatabaseKind): ReadonlyMap<Insertion, readonly Row[]> {
    const scheduledRows: Row[] = [];
    const startedRows: Row[] = [];
    const endedRows: Row[] = [];
    const aiRows: Row[] = [];
    for (const [runId, { scheduled, started, ended, hasAi }] of this.#parts) {
      if (hasAi === true) aiRows.push([runId, 1]);
      if (scheduled !== undefined) {
        const start = started?.atMs ?? null;
        scheduledRows.push([runId, ...scheduledRow(scheduled), start, ...endedRow(kind, ended)]);
      } else {
        if (started !== undefined) startedRows.push([runId, started.atMs]);
        if (ended !== undefined) endedRows.push([runId, ...endedRow(kind, ended)]);
      }
    }
    return new Map([
      [scheduledInsertion, scheduledRows],
      [startedInsertion, startedRows],
      [endedInsertion, endedRows],
      [aiInsertion, aiRows],
    ]);
  }
}

function scheduledRow(fact: RunScheduledFact): Value[] {
  return [
    storableText(fact.functionId),
    fact.functionVersion,
    storableText(fact.functionSlug),
    storableText(fact.functionName ?? ''),
    storableText(fact.appId),
    storableText(fact.appName ?? ''),
    JSON.stringify(fact.eventIds.map(storableText)),
    storableText(fact.eventName),
    storableOrNull(fact.cron),
    storableOrNull(fact.batchId),
    storableOrNull(fact.originalRunId),
    storableOrNull(fact.replayId),
    fact.isDeferred === true ? 1 : 0,
    fact.links === undefined || fact.links.length === 0 ? null : JSON.stringify(fact.links),
    fact.atMs,
  ];
}

function endedRow(kind: DatabaseKind, fact: RunEndedFact | undefined): Value[] {
  if (fact === undefined) return endedColumns.map(() => null);
  return [
    fact.atMs,
    fact.status,
    storableOrNull(fact.skipReason),
    storableOrNull(fact.skipExistingRunId),
    fact.output === undefined ? null : encodePayload(kind, fact.output),
  ];
}
