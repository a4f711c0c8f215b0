/** Hand-made services for the doors: they remember what they were asked and answer what a test put in. */
import type {
  BulkOperation,
  BulkRequest,
  CancelOutcome,
  RerunOutcome,
  Services,
} from '../../src/api/services.ts';
import type { ReceivedEvent } from '../../src/event/event.ts';
import type { AsyncCheckpoint, CheckpointOutcome } from '../../src/executor/checkpoints.ts';
import type { SyncRunRequest } from '../../src/executor/new_sync_run.ts';
import type { RunJob } from '../../src/executor/runs.ts';
import type { SyncRunOutcome } from '../../src/executor/sync_runs.ts';
import type { AppDefinition } from '../../src/function/definition.ts';
import type { MetadataFact, TraceFact, UserlandSpanFact } from '../../src/history/fact.ts';
import type {
  EventQuery,
  EventRecord,
  History,
  RunQuery,
  RunRecord,
} from '../../src/history/history.ts';
import { type ManualClock, manualClock } from './manual_clock.ts';

/** The text waits need a real one; everything else in the fakes is synchronous. */
type OutputWait = (runId: string, signal: AbortSignal) => Promise<string | null>;

export class FakeWorld {
  readonly clock: ManualClock = manualClock();
  readonly accepted: ReceivedEvent[] = [];
  readonly runs = new Map<string, RunRecord>();
  readonly events = new Map<string, EventRecord>();
  readonly cancelOutcomes = new Map<string, CancelOutcome>();
  readonly jobs = new Map<string, readonly RunJob[]>();
  readonly actions = new Map<string, string>();
  readonly batches = new Map<string, string>();
  readonly waitingSignals = new Map<string, string>();
  readonly sentSignals: { signal: string; data: string }[] = [];
  readonly asyncCheckpoints: AsyncCheckpoint[] = [];
  readonly syncRuns: SyncRunRequest[] = [];
  readonly syncSteps: { runId: string; functionId: string; steps: unknown }[] = [];
  readonly stepLimits = new Map<string, number>();
  readonly stateSizeLimits = new Map<string, number>();
  readonly facts = new Map<string, readonly TraceFact[]>();
  readonly rerunOutcomes = new Map<string, RerunOutcome>();
  readonly reruns: { runId: string; fromStep?: { stepId: string; input?: string } }[] = [];
  readonly bulk: BulkOperation[] = [];
  readonly pausable = new Set<string>();
  readonly paused = new Set<string>();
  readonly annotations: (UserlandSpanFact | MetadataFact)[] = [];
  /** What a sync of a URL finds. */
  readonly syncable = new Map<string, AppDefinition>();
  readonly syncedUrls: string[] = [];
  /** Answers instead of the maps above: a real one. */
  history: History | null = null;
  eventQueries: EventQuery[] = [];
  runQueries: RunQuery[] = [];
  reasons: string[] = [];
  isOverloaded = false;
  /** What answers wait for. */
  settled: () => Promise<void> = async () => {};
  checkpointOutcome: CheckpointOutcome = { kind: 'saved' };
  syncRunOutcome: SyncRunOutcome | null = null;
  output: OutputWait = async () => null;
  /** Thrown by every service while it is set. */
  failure: Error | null = null;

  services(settings: Partial<Services> = {}): Services {
    return {
      clock: this.clock,
      kind: 'dev',
      version: '0.1.0',
      signingKey: null,
      eventKeys: [],
      ...settings,
      intake: {
        accept: async (events) => {
          this.#fail();
          this.accepted.push(...events);
        },
        isOverloaded: () => this.isOverloaded,
      },
      runs: this.#runs(),
      signals: {
        send: async (signal, data) => {
          this.#fail();
          this.sentSignals.push({ signal, data });
          const runId = this.waitingSignals.get(signal);
          return runId === undefined ? null : { runId };
        },
      },
      checkpoints: this.#checkpoints(),
      limits: this.#limits(),
      history: this.history ?? this.#history(),
      reruns: {
        rerun: async (runId, fromStep) => {
          this.#fail();
          this.reruns.push({ runId, fromStep });
          return this.rerunOutcomes.get(runId) ?? { kind: 'unknown_run' };
        },
      },
      bulk: this.#bulk(),
      pauses: this.#pauses(),
      annotations: {
        add: async (facts) => {
          this.#fail();
          this.annotations.push(...facts);
        },
      },
      appSyncs: {
        sync: async (url) => {
          this.#fail();
          this.syncedUrls.push(url);
          return this.syncable.get(url) ?? null;
        },
      },
      metrics: { contentType: 'text/plain; version=0.0.4', text: async () => '' },
      readiness: { reasons: () => this.reasons },
      settled: () => this.settled(),
    };
  }

  #fail(): void {
    if (this.failure !== null) throw this.failure;
  }

  #runs(): Services['runs'] {
    const lookUp = <T>(map: ReadonlyMap<string, T>, runId: string): T | undefined => {
      this.#fail();
      return map.get(runId);
    };
    return {
      cancel: async (runId) => lookUp(this.cancelOutcomes, runId) ?? 'unknown',
      jobs: async (runId) => lookUp(this.jobs, runId) ?? [],
      actions: async (runId) => lookUp(this.actions, runId) ?? null,
      batch: async (runId) => lookUp(this.batches, runId) ?? null,
    };
  }

  #checkpoints(): Services['checkpoints'] {
    return {
      saveAsync: async (request) => {
        this.#fail();
        this.asyncCheckpoints.push(request);
        return this.checkpointOutcome;
      },
      createSync: async (request) => {
        this.#fail();
        this.syncRuns.push(request);
        const created = { functionId: 'fn-1', appId: 'app-1', runId: request.runId };
        return this.syncRunOutcome ?? { kind: 'created', ...created };
      },
      saveSync: async (runId, functionId, steps) => {
        this.#fail();
        this.syncSteps.push({ runId, functionId, steps });
        return this.checkpointOutcome;
      },
      output: (runId, signal) => this.output(runId, signal),
    };
  }

  #limits(): Services['limits'] {
    return {
      setStepLimit: (functionId, limit) => void this.stepLimits.set(functionId, limit),
      removeStepLimit: (functionId) => this.stepLimits.delete(functionId),
      setStateSizeLimit: (functionId, limit) => void this.stateSizeLimits.set(functionId, limit),
      removeStateSizeLimit: (functionId) => this.stateSizeLimits.delete(functionId),
    };
  }

  #bulk(): Services['bulk'] {
    const find = (id: string): BulkOperation | null =>
      this.bulk.find((operation) => operation.id === id) ?? null;
    return {
      start: async (request: BulkRequest) => {
        this.#fail();
        const counts = { total: this.runs.size, done: 0, skipped: 0 };
        const operation: BulkOperation = {
          ...request,
          ...counts,
          id: `01K000000000000000000000B${this.bulk.length}`,
          status: 'running',
          createdAtMs: this.clock.now(),
          endedAtMs: null,
          error: null,
        };
        this.bulk.push(operation);
        return operation;
      },
      get: async (id) => find(id),
      list: async () => this.bulk.toReversed(),
      stop: async (id) => {
        const index = this.bulk.findIndex((operation) => operation.id === id);
        const found = this.bulk[index];
        if (found === undefined) return null;
        const stopped: BulkOperation = { ...found, status: 'stopped', endedAtMs: this.clock.now() };
        this.bulk[index] = stopped;
        return stopped;
      },
    };
  }

  #pauses(): Services['pauses'] {
    return {
      pause: async (id) => {
        if (!this.pausable.has(id)) return null;
        const was = this.paused.has(id);
        this.paused.add(id);
        return was ? 'paused_before' : 'paused';
      },
      unpause: async (id) => {
        if (!this.pausable.has(id)) return null;
        return this.paused.delete(id) ? 'unpaused' : 'not_paused';
      },
      isPaused: (id) => this.paused.has(id),
    };
  }

  #history(): Services['history'] {
    return {
      record: async () => undefined,
      events: async (filter) => {
        this.#fail();
        this.eventQueries.push(filter);
        return [...this.events.values()];
      },
      event: async (internalId) => this.events.get(internalId) ?? null,
      runsOfEvent: async (internalId) =>
        [...this.runs.values()].filter(({ eventIds }) => eventIds.includes(internalId)),
      run: async (runId) => this.runs.get(runId) ?? null,
      outputsOf: async (runIds) =>
        new Map(
          runIds.flatMap((runId) => {
            const output = this.runs.get(runId)?.output ?? null;
            return output === null ? [] : [[runId, output] as const];
          }),
        ),
      eventsById: async (ids) => ids.flatMap((id) => this.events.get(id) ?? []),
      runsOfEvents: async (ids) =>
        new Map(
          ids.map((id) => [
            id,
            [...this.runs.values()].filter(({ eventIds }) => eventIds.includes(id)),
          ]),
        ),
      countEvents: async () => this.events.size,
      runs: async (query) => {
        this.runQueries.push(query);
        return { runs: [...this.runs.values()].slice(0, query.limit), hasMore: false };
      },
      countRuns: async () => this.runs.size,
      factsOf: async (runId) => this.facts.get(runId) ?? [],
      prune: async () => ({ events: 0, runs: 0, traces: 0, hasMore: false }),
      close: async () => undefined,
    };
  }
}
