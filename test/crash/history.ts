/** Reads what servers that have ended left in their history. */
import { Database } from 'bun:sqlite';
import type { TraceFact } from '../../src/history/fact.ts';
import type { EventRecord, History, RunRecord } from '../../src/history/history.ts';
import { type HistoryOptions, openHistory } from '../../src/history/open_history.ts';
import type { HistoryCall, HistoryEvent, HistoryRun, HistoryStep } from './observation.ts';

export interface HistorySeen {
  readonly events: readonly HistoryEvent[];
  readonly runs: readonly HistoryRun[];
  readonly steps: readonly HistoryStep[];
  readonly told: readonly HistoryCall[];
}

const pageSize = 1_000;

/** `appId` is what the names of functions begin with. */
export async function readHistory(place: HistoryOptions, appId: string): Promise<HistorySeen> {
  const history = await openHistory(place);
  try {
    const events = await allEvents(history);
    const runs = await allRuns(history);
    const facts: TraceFact[] = [];
    for (const { runId } of runs) facts.push(...(await history.factsOf(runId)));
    return {
      events: events.map(toEvent),
      runs: [...runs.map((run) => toRun(run, appId)), ...unscheduledRuns(place)],
      steps: facts.flatMap((fact) =>
        fact.t === 'step' ? [{ ...fact, hashedId: fact.stepId }] : [],
      ),
      told: facts.flatMap((fact) => (fact.t === 'call.ended' ? [toCall(fact)] : [])),
    };
  } finally {
    await history.close();
  }
}

/** An event may be stored again under the same id, when its sender repeats the request: those are kept apart. */
async function allEvents(history: History): Promise<EventRecord[]> {
  const events: EventRecord[] = [];
  let before: string | undefined;
  for (;;) {
    const page = await history.events({ limit: pageSize, includeInternal: true, before });
    const last = page.at(-1);
    if (last === undefined) return events;
    // Copies of the last id may be on both sides of the edge: all of them come with the next page.
    const isWhole = page.length < pageSize;
    const { internalId } = last;
    const kept = isWhole ? page : page.filter((event) => event.internalId !== internalId);
    events.push(...kept);
    if (isWhole) return events;
    before = kept.at(-1)?.internalId;
  }
}

async function allRuns(history: History): Promise<RunRecord[]> {
  const runs: RunRecord[] = [];
  const order = { timeField: 'queued', orderBy: 'queued', direction: 'asc' } as const;
  const list = { ...order, withOutput: true };
  let hasMore = true;
  while (hasMore) {
    const last = runs.at(-1);
    const after = last && { atMs: last.scheduledAtMs, runId: last.runId };
    const page = await history.runs({ ...list, limit: pageSize, after });
    runs.push(...page.runs);
    hasMore = page.hasMore;
  }
  return runs;
}

/** Readers are not shown a run of which only the end was told: nobody scheduled it. There must be none. */
function unscheduledRuns(place: HistoryOptions): HistoryRun[] {
  if (place.kind !== 'sqlite' || place.path === null) return [];
  const db = new Database(place.path, { readonly: true });
  try {
    return db
      .query<{ run_id: string }, []>('SELECT run_id FROM runs WHERE scheduled_at_ms IS NULL')
      .all()
      .map(({ run_id: runId }) => ({
        ...{ runId, fn: 'unscheduled', eventIds: [], status: null, output: null },
        ...{ scheduledAtMs: null, startedAtMs: null, endedAtMs: null },
      }));
  } finally {
    db.close();
  }
}

function toEvent({ internalId, name, payload }: EventRecord): HistoryEvent {
  // The server stores payloads with their data.
  const { data } = JSON.parse(payload) as { data: Record<string, unknown> };
  return { internalId, name, isInternal: name.startsWith('inngest/'), data };
}

const ended: ReadonlySet<string> = new Set(['Completed', 'Failed', 'Cancelled', 'Skipped']);

function toRun(run: RunRecord, appId: string): HistoryRun {
  const { runId, eventIds, scheduledAtMs, startedAtMs, endedAtMs } = run;
  return {
    runId,
    fn: run.functionSlug.slice(appId.length + 1),
    eventIds,
    status: ended.has(run.status) ? run.status : null,
    output: run.output === null ? null : JSON.parse(run.output),
    scheduledAtMs,
    startedAtMs,
    endedAtMs,
  };
}

function toCall(fact: Extract<TraceFact, { t: 'call.ended' }>): HistoryCall {
  const { runId, callId, requestId, dueAtMs, startedAtMs, atMs } = fact;
  return {
    ...{ runId, callId, requestId, dueAtMs, startedAtMs, atMs },
    isAnswered: fact.statusCode !== undefined,
    isResult: fact.outcome === 'result' || (fact.ops ?? []).some(({ op }) => op === 'RunComplete'),
  };
}
