/** Which runs a list shows, as SQL, and through which index SQLite finds them. */
import type { RunStatus } from '../fact.ts';
import type { RunFilter, RunTimeField } from '../history.ts';
import { storableText } from './payload.ts';
import { numberOf, Parameters, type SqlSource } from './source.ts';
import { isIn, tablesOf } from './tables.ts';

export const timeColumns: Readonly<Record<RunTimeField, string>> = {
  queued: 'scheduled_at_ms',
  started: 'started_at_ms',
  ended: 'ended_at_ms',
};

/**
 * An index that leaves at most this many runs is read whole and sorted. With more, a walk in the order of the list
 * meets some soon enough.
 */
const narrowRuns = 5_000;

/** Conditions of `filter`, except `query`. */
export function runConditions(
  db: SqlSource,
  filter: RunFilter,
  parameters: Parameters,
): readonly string[] {
  const conditions = ['scheduled_at_ms IS NOT NULL', ...windowConditions(filter, parameters)];
  conditions.push(statusCondition(filter.statuses));
  conditions.push(...ownerConditions(db, filter, parameters));
  // Written out, not bound, as the statuses are.
  if (filter.isDeferred !== undefined) conditions.push(deferredCondition(filter.isDeferred));
  if (filter.eventId !== undefined) {
    const place = parameters.add(storableText(filter.eventId));
    conditions.push(
      `run_id IN (SELECT run_id FROM ${tablesOf(db).runEvents} WHERE event_id = ${place})`,
    );
  }
  return conditions;
}

/** Whose the runs are. */
export function ownerConditions(
  db: SqlSource,
  { functionIds, appIds }: RunFilter,
  parameters: Parameters,
): string[] {
  const owners = [
    ['function_id', functionIds],
    ['app_id', appIds],
  ] as const;
  return owners.flatMap(([column, ids]) => {
    if (ids === undefined) return [];
    const [only] = ids;
    if (ids.length === 1 && only !== undefined)
      return [`${column} = ${parameters.add(storableText(only))}`];
    return [isIn(db.kind, column, parameters.add(JSON.stringify(ids.map(storableText))))];
  });
}

export function windowConditions(filter: RunFilter, parameters: Parameters): string[] {
  const column = timeColumns[filter.timeField];
  const conditions: string[] = [];
  if (filter.fromMs !== undefined) conditions.push(`${column} >= ${parameters.add(filter.fromMs)}`);
  if (filter.untilMs !== undefined)
    conditions.push(`${column} <= ${parameters.add(filter.untilMs)}`);
  // Runs that lack the time are not in the window.
  if (conditions.length > 0 && column !== 'scheduled_at_ms')
    conditions.push(`${column} IS NOT NULL`);
  return conditions;
}

function deferredCondition(isDeferred: boolean): string {
  return `is_deferred = ${isDeferred ? 1 : 0}`;
}

type OpenStatus = 'Scheduled' | 'Running';
const isOpen: Readonly<Record<OpenStatus, string>> = {
  Scheduled: 'started_at_ms IS NULL',
  Running: 'started_at_ms IS NOT NULL',
};

function isOpenStatus(status: RunStatus): status is OpenStatus {
  return status === 'Scheduled' || status === 'Running';
}

/** Written out, not bound: only then do the partial indexes count. */
function statusCondition(statuses: readonly RunStatus[] | undefined): string {
  if (statuses === undefined) return `(ended_status IS NULL OR ended_status <> 'Skipped')`;
  if (statuses.length === 0) return '1 = 0';
  const open = statuses.filter(isOpenStatus);
  const ended = statuses.filter((status) => !isOpenStatus(status));
  const alternatives: string[] = [];
  if (open.length > 0) {
    const states = open.map((status) => isOpen[status]).join(' OR ');
    alternatives.push(`(ended_at_ms IS NULL AND (${states}))`);
  }
  if (ended.length > 0) {
    const isBad = ended.includes('Completed') ? '' : ` AND ended_status <> 'Completed'`;
    alternatives.push(
      `(ended_status IN (${ended.map((status) => `'${status}'`).join(', ')})${isBad})`,
    );
  }
  return `(${alternatives.join(' OR ')})`;
}

interface Candidate {
  readonly index: string;
  /** It gives the runs in the order of their queueing. */
  readonly isInOrder: boolean;
  /** What the index finds, for counting. */
  readonly found: (parameters: Parameters) => string;
}

/**
 * The index to walk for a list in the order of `orderBy`, null to leave it to the planner. SQLite plans without knowing
 * how many runs a filter leaves, so it is told.
 */
export async function chooseRunIndex(
  db: SqlSource,
  filter: RunFilter,
  orderBy: RunTimeField,
): Promise<string | null> {
  if (db.kind !== 'sqlite' || filter.eventId !== undefined) return null;
  const candidates = candidatesOf(db, filter, orderBy);
  if (orderBy === 'queued') {
    const inOrder = candidates.find(({ isInOrder }) => isInOrder);
    if (inOrder !== undefined) return inOrder.index;
  }
  for (const candidate of candidates) {
    if (await isNarrow(db, candidate)) return candidate.index;
  }
  return `runs_by_${orderBy}`;
}

function candidatesOf(db: SqlSource, filter: RunFilter, orderBy: RunTimeField): Candidate[] {
  const { statuses, functionIds, appIds, timeField } = filter;
  const candidates: Candidate[] = [];
  const add = (index: string, isInOrder: boolean, found: Candidate['found']): void => {
    candidates.push({ index, isInOrder, found });
  };
  if (statuses !== undefined && statuses.length > 0) {
    const isBad = statuses.every((status) => !isOpenStatus(status) && status !== 'Completed');
    const condition = statusCondition(statuses);
    if (isBad) add('runs_ended_badly', statuses.length === 1, () => condition);
    if (statuses.every(isOpenStatus)) add('runs_open', true, () => 'ended_at_ms IS NULL');
  }
  if (filter.isDeferred === true) add('runs_deferred', true, () => deferredCondition(true));
  const owner = (owners: Partial<RunFilter>) => (parameters: Parameters) =>
    ownerConditions(db, { timeField, ...owners }, parameters).join(' AND ');
  if (functionIds !== undefined)
    add('runs_by_function', functionIds.length === 1, owner({ functionIds }));
  if (appIds !== undefined) add('runs_by_app', appIds.length === 1, owner({ appIds }));
  if (timeField !== orderBy && (filter.fromMs !== undefined || filter.untilMs !== undefined)) {
    const column = timeColumns[timeField];
    add(`runs_by_${timeField}`, false, (parameters) =>
      [`${column} IS NOT NULL`, ...windowConditions(filter, parameters)].join(' AND '),
    );
  }
  return candidates;
}

async function isNarrow(db: SqlSource, { index, found }: Candidate): Promise<boolean> {
  const parameters = new Parameters();
  const condition = found(parameters);
  const [row] = await db.all<{ n: number | string }>(
    `SELECT count(*) AS n FROM (SELECT 1 FROM ${tablesOf(db).runs} INDEXED BY ${index}
     WHERE ${condition} LIMIT ${parameters.add(narrowRuns + 1)}) AS found`,
    parameters.values,
  );
  return numberOf(row?.n ?? 0) <= narrowRuns;
}
