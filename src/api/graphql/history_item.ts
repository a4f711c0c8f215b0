/** A run's history as rows, one for each thing that happened (reference/graphql.md §3 RunHistoryItem). */
import { createHash } from 'node:crypto';
import type { CallEndedFact, RunStatus, StepFact, TraceFact } from '../../history/fact.ts';
import type { RunRecord } from '../../history/history.ts';
import { ulidFromBytes } from '../../lib/ulid.ts';
import type { GraphqlContext } from './context.ts';
import { stepDetail } from './step_detail.ts';

export interface HistoryItem {
  readonly id: string;
  readonly view: object;
  /** JSON text. */
  readonly output: string | null;
}

interface Row {
  readonly atMs: number;
  readonly type: string;
  readonly output?: string | undefined;
  /** Fields of the item besides those that all have. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

const stepTypes: Readonly<Record<StepFact['status'], string>> = {
  Queued: 'StepScheduled',
  Running: 'StepStarted',
  Sleeping: 'StepSleeping',
  Waiting: 'StepWaiting',
  Invoking: 'StepWaiting',
  Completed: 'StepCompleted',
  TimedOut: 'StepCompleted',
  Errored: 'StepErrored',
  Failed: 'StepFailed',
  Cancelled: 'None',
};

const endTypes: Readonly<Partial<Record<RunStatus, string>>> = {
  Completed: 'FunctionCompleted',
  Failed: 'FunctionFailed',
  Cancelled: 'FunctionCancelled',
  Skipped: 'FunctionStatusUpdated',
};

const kinds: Readonly<Record<string, string>> = {
  sleep: 'Sleep',
  waitForEvent: 'Wait',
  waitForSignal: 'Wait',
  invoke: 'Wait',
  sendEvent: 'Send',
  sendSignal: 'Send',
};

export function historyItemsOf(
  run: RunRecord,
  facts: readonly TraceFact[],
  { registry }: GraphqlContext,
): readonly HistoryItem[] {
  const app = registry.appById(run.appId);
  const sdk = {
    framework: app === null || app.framework === '' ? null : app.framework,
    platform: null,
    sdkLanguage: app?.sdkLanguage ?? '',
    sdkVersion: app?.sdkVersion ?? '',
  };
  return rowsOf(run, facts).map(({ atMs, type, output, fields }, index) => {
    const id = idOf(run.runId, atMs, index);
    const result = output === undefined ? null : { ...sdk, ...resultOf(output, fields) };
    const common = { attempt: 0, createdAt: atMs, functionVersion: run.functionVersion };
    return { id, output: output ?? null, view: { ...common, ...fields, id, type, result } };
  });
}

/** The same row has the same id each time: it follows from its place. */
function idOf(runId: string, atMs: number, index: number): string {
  const entropy = createHash('sha256').update(`history:${runId}:${index}`).digest();
  return ulidFromBytes(atMs, entropy.subarray(0, 10));
}

function rowsOf(run: RunRecord, facts: readonly TraceFact[]): readonly Row[] {
  const rows: Row[] = [{ atMs: run.scheduledAtMs, type: 'FunctionScheduled' }];
  if (run.startedAtMs !== null) rows.push({ atMs: run.startedAtMs, type: 'FunctionStarted' });
  for (const fact of facts) {
    if (fact.t === 'step') rows.push(stepRow(fact));
    if (fact.t === 'call.ended' && fact.outcome === 'error') rows.push(failedCallRow(fact));
  }
  const end = run.endedAtMs === null ? undefined : endTypes[run.status];
  if (run.endedAtMs !== null && end !== undefined) {
    rows.push({
      atMs: run.endedAtMs,
      type: end,
      output: run.output ?? undefined,
      fields: run.status === 'Cancelled' ? { cancel: noCause } : {},
    });
  }
  return rows;
}

/** History does not say who or what cancelled a run. */
const noCause = { eventID: null, expression: null, userID: null };

function stepRow(fact: StepFact): Row {
  return {
    atMs: fact.atMs,
    type: stepTypes[fact.status],
    output: fact.output,
    fields: {
      attempt: fact.attempt,
      groupID: fact.callId?.replace(/#\d+$/, '') ?? null,
      stepName: fact.name,
      stepType: kinds[fact.kind] ?? 'Run',
      durationMs: fact.durationMs,
      ...waitFields(fact),
    },
  };
}

function failedCallRow(fact: CallEndedFact): Row {
  return {
    atMs: fact.atMs,
    type: fact.isFinal === true ? 'StepFailed' : 'StepErrored',
    output: fact.output ?? 'null',
    fields: {
      attempt: fact.attempt,
      groupID: fact.group,
      stepName: fact.stepName ?? null,
      stepType: 'Run',
      url: fact.url,
      durationMs: fact.atMs - fact.startedAtMs,
    },
  };
}

function waitFields(fact: StepFact): Readonly<Record<string, unknown>> {
  const { subject, expression, timeoutAtMs, untilMs, functionId, eventId, runId } =
    stepDetail(fact);
  const isOver = fact.status === 'Completed' || fact.status === 'TimedOut';
  const isTimedOut = fact.status === 'TimedOut';
  const isInvoke = fact.kind === 'invoke';
  if (fact.status === 'Sleeping' && untilMs !== null) return { sleep: { until: untilMs } };
  if (fact.status === 'Waiting' && timeoutAtMs !== null) {
    return { waitForEvent: { eventName: subject ?? '', expression, timeout: timeoutAtMs } };
  }
  if (fact.status === 'Invoking' && timeoutAtMs !== null) {
    const correlationID = `${fact.runId}.${fact.stepId}`;
    const invocation = { functionID: functionId ?? '', correlationID, timeout: timeoutAtMs };
    return { invokeFunction: { eventID: eventId ?? '', ...invocation } };
  }
  if (isInvoke && (isOver || fact.status === 'Failed')) {
    return { invokeFunctionResult: { eventID: eventId, timeout: isTimedOut, runID: runId } };
  }
  if (isOver && kinds[fact.kind] === 'Wait') {
    return { waitResult: { eventID: eventId, timeout: isTimedOut } };
  }
  return {};
}

function resultOf(output: string, fields: Row['fields']): object {
  const durationMs = fields?.durationMs;
  return {
    durationMS: typeof durationMs === 'number' ? Math.round(durationMs) : 0,
    errorCode: null,
    sizeBytes: Buffer.byteLength(output),
  };
}
