/** What history must answer, worked out from the facts in the plainest way. */
import type {
  Fact,
  RunEndedFact,
  RunScheduledFact,
  RunStartedFact,
  TraceFact,
} from '../../src/history/fact.ts';
import type {
  EventFilter,
  EventPlace,
  EventQuery,
  EventRecord,
  RunCount,
  RunFilter,
  RunPage,
  RunQuery,
  RunRecord,
  RunTimeField,
} from '../../src/history/history.ts';

type RunFact = RunScheduledFact | RunStartedFact | RunEndedFact;

export class HistoryModel {
  constructor(private readonly facts: readonly Fact[]) {}

  run(runId: string): RunRecord | null {
    const scheduled = this.#factsOfRun(runId, 'run.scheduled')[0];
    if (scheduled === undefined) return null;
    const started = earliest(this.#factsOfRun(runId, 'run.started'));
    const ended = earliest(this.#factsOfRun(runId, 'run.ended'));
    return {
      runId,
      functionId: scheduled.functionId,
      functionVersion: scheduled.functionVersion,
      functionSlug: scheduled.functionSlug,
      functionName: scheduled.functionName ?? '',
      appId: scheduled.appId,
      appName: scheduled.appName ?? '',
      eventIds: scheduled.eventIds,
      eventName: scheduled.eventName,
      status: ended?.status ?? (started === undefined ? 'Scheduled' : 'Running'),
      scheduledAtMs: scheduled.atMs,
      startedAtMs: started?.atMs ?? null,
      endedAtMs: ended?.atMs ?? null,
      output: ended?.output ?? null,
      cron: scheduled.cron ?? null,
      batchId: scheduled.batchId ?? null,
      originalRunId: scheduled.originalRunId ?? null,
      replayId: scheduled.replayId ?? null,
      isDeferred: scheduled.isDeferred ?? false,
      hasAi: this.facts.some((fact) => isAboutAi(fact) && fact.runId === runId),
      links: scheduled.links ?? [],
      skipReason: ended?.skipReason ?? null,
      skipExistingRunId: ended?.skipExistingRunId ?? null,
    };
  }

  /** In no particular order. */
  factsOf(runId: string): readonly TraceFact[] {
    const first = new Map<string, TraceFact>();
    for (const fact of this.facts) {
      if (fact.t === 'event' || fact.t.startsWith('run.') || !('runId' in fact)) continue;
      if (fact.runId !== runId || !isTrace(fact)) continue;
      const key = JSON.stringify(identityOf(fact));
      const known = first.get(key);
      if (known === undefined || fact.atMs < known.atMs) first.set(key, fact);
    }
    const facts = [...first.values()];
    const hasEnded = (callId: string) =>
      facts.some((fact) => fact.t === 'call.ended' && fact.callId === callId);
    return facts.filter((fact) => fact.t !== 'call.started' || !hasEnded(fact.callId));
  }

  runs(query: RunQuery): RunPage {
    const timeOf = timeIn(query.orderBy);
    const sign = query.direction === 'desc' ? -1 : 1;
    const { after } = query;
    const compare = (a: Place, b: Place) =>
      sign * (a.atMs - b.atMs) || (a.runId < b.runId ? -1 : Number(a.runId > b.runId));
    const runs = this.#matching(query)
      .flatMap((run) => {
        const atMs = timeOf(run);
        return atMs === null ? [] : [{ run, atMs, runId: run.runId }];
      })
      .filter((place) => after === undefined || compare(place, after) > 0)
      .sort(compare)
      .map(({ run }) => (query.withOutput === true ? run : { ...run, output: null }));
    return { runs: runs.slice(0, query.limit), hasMore: runs.length > query.limit };
  }

  countRuns(filter: RunCount): number {
    const timeOf = timeIn(filter.orderBy ?? filter.timeField);
    return this.#matching(filter).filter((run) => timeOf(run) !== null).length;
  }

  events({ before, limit, ...filter }: EventQuery): readonly EventRecord[] {
    return this.#events(filter)
      .filter((event) => before === undefined || comesAfter(event, before))
      .slice(0, limit);
  }

  countEvents(filter: EventFilter): number {
    return this.#events(filter).length;
  }

  #events(filter: EventFilter): EventRecord[] {
    const { names, receivedAfterMs = 0, receivedBeforeMs = Number.MAX_SAFE_INTEGER } = filter;
    return this.facts
      .filter((fact) => fact.t === 'event')
      .map(({ internalId, receivedAtMs, payload }) => ({
        internalId,
        receivedAtMs,
        payload,
        name: String(JSON.parse(payload).name),
      }))
      .filter(({ name }) => filter.includeInternal === true || !name.startsWith('inngest/'))
      .filter(({ name }) => names === undefined || names.includes(name))
      .filter(({ receivedAtMs: atMs }) => atMs >= receivedAfterMs && atMs <= receivedBeforeMs)
      .sort((a, b) => (comesAfter(a, b) ? 1 : -1));
  }

  #matching(filter: RunFilter): RunRecord[] {
    const timeOf = timeIn(filter.timeField);
    const { fromMs = 0, untilMs = Number.MAX_SAFE_INTEGER } = filter;
    const hasWindow = filter.fromMs !== undefined || filter.untilMs !== undefined;
    const isIn = (atMs: number | null) =>
      !hasWindow || (atMs !== null && atMs >= fromMs && atMs <= untilMs);
    const { statuses, functionIds, appIds, eventId, isDeferred } = filter;
    return this.#runs()
      .filter((run) => isIn(timeOf(run)))
      .filter(({ status }) => statuses?.includes(status) ?? status !== 'Skipped')
      .filter((run) => functionIds?.includes(run.functionId) ?? true)
      .filter((run) => appIds?.includes(run.appId) ?? true)
      .filter((run) => eventId === undefined || run.eventIds.includes(eventId))
      .filter((run) => isDeferred === undefined || run.isDeferred === isDeferred);
  }

  #runs(): RunRecord[] {
    const ids = new Set(
      this.facts.flatMap((fact) => (fact.t === 'run.scheduled' ? [fact.runId] : [])),
    );
    return [...ids].flatMap((id) => this.run(id) ?? []);
  }

  #factsOfRun<T extends RunFact['t']>(runId: string, t: T): Extract<RunFact, { t: T }>[] {
    const isIt = (fact: Fact): fact is Extract<RunFact, { t: T }> =>
      fact.t === t && fact.runId === runId;
    return this.facts.filter(isIt);
  }
}

function comesAfter(event: EventRecord, place: string | EventPlace): boolean {
  if (typeof place === 'string') return event.internalId < place;
  if (event.internalId !== place.internalId) return event.internalId < place.internalId;
  return event.receivedAtMs < place.receivedAtMs;
}

interface Place {
  readonly atMs: number;
  readonly runId: string;
}

function timeIn(field: RunTimeField): (run: RunRecord) => number | null {
  return {
    queued: (run: RunRecord) => run.scheduledAtMs,
    started: (run: RunRecord) => run.startedAtMs,
    ended: (run: RunRecord) => run.endedAtMs,
  }[field];
}

function earliest<T extends { readonly atMs: number }>(facts: readonly T[]): T | undefined {
  return facts.toSorted((a, b) => a.atMs - b.atMs)[0];
}

function isAboutAi(fact: Fact): fact is TraceFact {
  if (fact.t === 'step')
    return ['aiInfer', 'aiWrap'].includes(fact.kind) || fact.op === 'AIGateway';
  return fact.t === 'metadata' && fact.kind === 'inngest.ai';
}

function isTrace(fact: Fact): fact is TraceFact {
  return fact.t !== 'event' && !fact.t.startsWith('run.');
}

function identityOf(fact: TraceFact): unknown {
  switch (fact.t) {
    case 'step': {
      const occasion = fact.callId ?? (fact.stepId === 'step' ? fact.atMs : null);
      return [fact.stepId, fact.attempt, fact.status, occasion];
    }
    case 'call.started':
    case 'call.ended':
      return [fact.t, fact.callId];
    case 'defer':
      return [fact.t, fact.deferId, fact.status];
    case 'userland':
      return [fact.t, fact.spanId];
    case 'metadata':
      return [fact.t, fact.id];
  }
}
