/** History as the facts tell it, for suites that are not about the database: what a reader finds once all is recorded. */
import type { Fact } from '../../src/history/fact.ts';
import type {
  EventRecord,
  History,
  RunFilter,
  RunQuery,
  RunRecord,
} from '../../src/history/history.ts';
import { runRecord } from '../api/records.ts';

type Readable = Pick<History, 'run' | 'runs' | 'countRuns' | 'eventsById' | 'factsOf'>;

export function factHistory(facts: () => readonly Fact[] | Promise<readonly Fact[]>): Readable {
  const runsWith = async (filter: RunFilter): Promise<RunRecord[]> =>
    runsOf(await facts()).filter((run) => matches(run, filter));
  return {
    run: async (id) => runsOf(await facts()).find(({ runId }) => runId === id) ?? null,
    countRuns: async (filter) => (await runsWith(filter)).length,
    runs: async (query) => pageOf(await runsWith(query), query),
    eventsById: async (ids) =>
      eventsOf(await facts()).filter(({ internalId }) => ids.includes(internalId)),
    factsOf: async (id) =>
      (await facts()).flatMap((fact) =>
        fact.t !== 'event' && !fact.t.startsWith('run.') && 'runId' in fact && fact.runId === id
          ? // What is neither about an event nor about a run's state is part of its trace.
            [fact as Extract<Fact, { t: 'step' }>]
          : [],
      ),
  };
}

function runsOf(facts: readonly Fact[]): RunRecord[] {
  const runs = new Map<string, RunRecord>();
  for (const fact of facts) {
    if (fact.t === 'run.scheduled') {
      const { t: _, atMs, links = [], ...rest } = fact;
      const status = { status: 'Scheduled', startedAtMs: null, scheduledAtMs: atMs } as const;
      runs.set(fact.runId, runRecord({ ...rest, ...status, links }));
    } else if (fact.t === 'run.started' || fact.t === 'run.ended') {
      const run = runs.get(fact.runId);
      if (run === undefined) throw new Error(`${fact.t} of ${fact.runId} before it was scheduled`);
      runs.set(fact.runId, {
        ...run,
        ...(fact.t === 'run.started'
          ? { status: 'Running', startedAtMs: fact.atMs }
          : { status: fact.status, endedAtMs: fact.atMs, skipReason: fact.skipReason ?? null }),
      });
    }
  }
  return [...runs.values()];
}

function eventsOf(facts: readonly Fact[]): EventRecord[] {
  return facts.flatMap((fact) => {
    if (fact.t !== 'event') return [];
    const { internalId, receivedAtMs, payload } = fact;
    const { name } = JSON.parse(payload) as { name: string };
    return [{ internalId, receivedAtMs, payload, name }];
  });
}

const timeOf = (run: RunRecord, field: RunFilter['timeField']): number | null =>
  ({ queued: run.scheduledAtMs, started: run.startedAtMs, ended: run.endedAtMs })[field];

function matches(run: RunRecord, { timeField, fromMs, untilMs, statuses }: RunFilter): boolean {
  const atMs = timeOf(run, timeField);
  const isInTime = atMs !== null && atMs >= (fromMs ?? 0) && atMs <= (untilMs ?? atMs);
  return isInTime && (statuses === undefined || statuses.includes(run.status));
}

function pageOf(runs: readonly RunRecord[], { limit, orderBy, after }: RunQuery) {
  const placed = runs.map((run) => ({ run, atMs: timeOf(run, orderBy) ?? 0 }));
  placed.sort((a, b) => a.atMs - b.atMs || (a.run.runId < b.run.runId ? -1 : 1));
  const rest = placed.filter(
    ({ run, atMs }) =>
      after === undefined || atMs > after.atMs || (atMs === after.atMs && run.runId > after.runId),
  );
  return { runs: rest.slice(0, limit).map(({ run }) => run), hasMore: rest.length > limit };
}
