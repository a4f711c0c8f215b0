/** Runs, plans and waits for tests of scripts. */
import type { NewPause } from '../../src/pause/pause.ts';
import type { NewItem } from '../../src/queue/item.ts';
import { createRun, type NewRun } from '../../src/state/run_creation.ts';
import type { RunMetadata } from '../../src/state/run_metadata.ts';
import type { EnterRequest } from '../../src/state/run_state.ts';
import {
  type CommitOutcome,
  commitSteps,
  type NewWait,
  type StepOutput,
  type StepPlan,
} from '../../src/state/step_commit.ts';
import type { Store } from '../../src/store/store.ts';
import { sampleItem } from '../queue/sample_item.ts';
import type { StoreUnderTest } from '../store_under_test.ts';

export function sampleMetadata(changes: Partial<RunMetadata> = {}): RunMetadata {
  return {
    functionId: 'fn-1',
    functionVersion: 1,
    functionSlug: 'app-fn',
    appId: 'app-1',
    scheduledAtMs: 1_000,
    eventIds: ['event-1'],
    eventName: 'test/go',
    correlations: [''],
    priorityMs: 0,
    concurrencyKeys: [],
    mode: 'async',
    attemptsMax: 5,
    ...changes,
  };
}

export function sampleRun(runId: string, changes: Partial<NewRun> = {}): NewRun {
  return {
    runId,
    metadata: sampleMetadata(),
    events: '[{"name":"test/go"}]',
    requestVersion: -1,
    idempotencyKeys: [],
    items: [runItem(runId, 'start', { kind: 'start' })],
    cancellations: [],
    facts: [],
    otherwise: { items: [], facts: [] },
    ...changes,
  };
}

/** An item of a run, due since long. */
export function runItem(runId: string, name: string, changes: Partial<NewItem> = {}): NewItem {
  return sampleItem({ id: `${runId}.${name}`, runId, ...changes });
}

export async function createSampleRun(
  store: Store,
  runId: string,
  changes: Partial<NewRun> = {},
): Promise<boolean> {
  return createRun(store, sampleRun(runId, changes));
}

export const output = (stepId: string, changes: Partial<StepOutput> = {}): StepOutput => ({
  stepId,
  output: `{"data":"${stepId}"}`,
  parallelMode: 'wait',
  fact: '',
  ...changes,
});

export function samplePlan(runId: string, changes: Partial<StepPlan> = {}): StepPlan {
  return {
    requestVersion: null,
    forcesPlan: false,
    group: [],
    outputs: [],
    discovery: runItem(runId, 'unnamed'),
    items: [],
    waits: [],
    defers: [],
    facts: [],
    ...changes,
  };
}

export function samplePause(
  runId: string,
  stepId: string,
  changes: Partial<NewPause> = {},
): NewPause {
  const id = `${runId}.${stepId}`;
  return {
    id,
    runId,
    stepId,
    kind: 'event',
    subject: 'test/wanted',
    expression: '',
    createdMs: 1_000,
    stepName: stepId,
    expiresMs: Number.MAX_SAFE_INTEGER,
    timeoutItemId: `${id}.timeout`,
    parallelMode: 'wait',
    followUp: {
      partition: 'fn-1',
      attemptsMax: 5,
      data: '"discovery"',
      scoreMs: 1_000,
      concurrencyKeys: [],
    },
    ...changes,
  };
}

export function sampleWait(
  runId: string,
  stepId: string,
  changes: Partial<NewWait> & { readonly of?: Partial<NewPause>; readonly atMs?: number } = {},
): NewWait {
  const { of, atMs = Number.MAX_SAFE_INTEGER, ...rest } = changes;
  const pause = samplePause(runId, stepId, { expiresMs: atMs, ...of });
  return {
    pause,
    timeout: sampleItem({
      id: `${pause.id}.timeout`,
      partition: 'timers',
      kind: 'timeout',
      runId,
      atMs,
      scoreMs: atMs,
    }),
    conflict: '',
    fact: '',
    items: [],
    ...rest,
  };
}

/** Commits a plan for the item that led to it. */
export function commit(
  { store, clock }: Pick<StoreUnderTest, 'store' | 'clock'>,
  item: { readonly id: string; readonly leaseToken: string; readonly runId: string },
  changes: Partial<StepPlan>,
  stateBytesMax = 1_000_000,
): Promise<CommitOutcome> {
  return commitSteps(store, {
    nowMs: clock.now(),
    item,
    runId: item.runId,
    stateBytesMax,
    plan: samplePlan(item.runId, changes),
  });
}

export function sampleEnter(nowMs: number, changes: Partial<EnterRequest> = {}): EnterRequest {
  return {
    nowMs,
    stepsMax: 1_000,
    inlineBytesMax: 1_000_000,
    startTimeoutMs: 0,
    scheduledAtMs: 1_000,
    finishTimeoutMs: 0,
    startedFact: '"started"',
    firstItems: [],
    ...changes,
  };
}
