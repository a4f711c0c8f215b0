/** Hand-made services for the doors: they remember what they were asked and answer what a test put in. */
import type { CancelOutcome, Services } from '../../src/api/services.ts';
import type { ReceivedEvent } from '../../src/event/event.ts';
import type { AsyncCheckpoint, CheckpointOutcome } from '../../src/executor/checkpoints.ts';
import type { SyncRunRequest } from '../../src/executor/new_sync_run.ts';
import type { RunJob } from '../../src/executor/runs.ts';
import type { SyncRunOutcome } from '../../src/executor/sync_runs.ts';
import type { EventFilter, EventRecord, RunRecord } from '../../src/history/history.ts';
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
  eventFilters: EventFilter[] = [];
  reasons: string[] = [];
  isOverloaded = false;
  /** What answers wait for. */
  settled: () => Promise<void> = async () => {};
  checkpointOutcome: CheckpointOutcome = { kind: 'saved' };
  syncRunOutcome: SyncRunOutcome | null = null;
  output: OutputWait = async () => null;
  /** Thrown by every service while it is set. */
  failure: Error | null = null;

  services(settings: Partial<Pick<Services, 'kind' | 'signingKey' | 'eventKeys'>> = {}): Services {
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
      history: this.#history(),
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

  #history(): Services['history'] {
    return {
      record: async () => undefined,
      events: async (filter) => {
        this.#fail();
        this.eventFilters.push(filter);
        return [...this.events.values()];
      },
      event: async (internalId) => this.events.get(internalId) ?? null,
      runsOfEvent: async (internalId) =>
        [...this.runs.values()].filter(({ eventIds }) => eventIds.includes(internalId)),
      run: async (runId) => this.runs.get(runId) ?? null,
      stepsOf: async () => [],
      close: async () => undefined,
    };
  }
}
