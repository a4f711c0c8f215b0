/**
 * The requests to the app as they belong together: calls of one queue item are attempts at the same work. What was
 * never seen as a call (older servers, durable endpoints) is put in as an implied one, so that trees need one shape.
 */
import type { CallEndedFact, CallStartedFact, StepFact, TraceFact } from '../history/fact.ts';
import type { RunRecord } from '../history/history.ts';
import { uuidV5 } from '../lib/uuid.ts';

export interface CalledOp {
  readonly op: string;
  readonly id: string;
  readonly name: string;
}

export interface Call {
  readonly callId: string;
  readonly group: string;
  readonly attempt: number;
  /** Infinity where nobody said. */
  readonly attemptsMax: number;
  /** The planned step that the call was for; null for a discovery. */
  readonly stepId: string | null;
  readonly stepName: string | null;
  readonly dueAtMs: number;
  readonly startedAtMs: number;
  /** Null while it goes on. */
  readonly endedAtMs: number | null;
  /** It was under way when its run ended: whatever the app answers is dropped. */
  readonly isCutOff: boolean;
  readonly outcome: CallEndedFact['outcome'] | null;
  readonly isFinal: boolean;
  readonly statusCode: number | null;
  readonly headers: Readonly<Record<string, string>>;
  /** What the answer said; steps that were checkpointed before it are not among them. */
  readonly ops: readonly CalledOp[];
  /** The first step that the answer says the app has run; null when it told of none. */
  readonly executed: CalledOp | null;
  readonly output: string | null;
  /** No request is known: it follows from what else is. */
  readonly isImplied: boolean;
}

export interface CallGroup {
  readonly group: string;
  /** As people see it: a UUID. */
  readonly groupId: string;
  /** At least one, in order of time. */
  readonly calls: readonly Call[];
}

/** Operations that say that user code of a step has been run. */
const executedOps: ReadonlySet<string> = new Set(['Step', 'StepRun', 'StepError', 'StepFailed']);

function isExecuted({ op }: CalledOp): boolean {
  return executedOps.has(op);
}

/** Group of a run's end that no call brought about. */
const endGroup = 'end';

/** About the function's body, not about a step. */
export function isBodyFact({ stepId, kind }: StepFact): boolean {
  return stepId === 'step' && kind === 'function';
}

export function groupIdOf(runId: string, group: string): string {
  return uuidV5(`group:${runId}:${group}`);
}

/** `facts` in order of time. */
export function callGroupsOf(run: RunRecord, facts: readonly TraceFact[]): CallGroup[] {
  const told = toldCalls(run, facts);
  const body = impliedByBody(facts, told);
  const known = [...told, ...body].sort(byTime);
  const end = impliedByEnd(run, known, facts);
  const byGroup = new Map<string, Call[]>();
  for (const call of end === null ? known : [...known, end]) {
    const calls = byGroup.get(call.group);
    if (calls === undefined) byGroup.set(call.group, [call]);
    else calls.push(call);
  }
  return [...byGroup].map(([group, calls]) => ({
    group,
    groupId: groupIdOf(run.runId, group),
    calls: calls
      .filter((call, index) => call.endedAtMs !== null || index === calls.length - 1)
      .map((call) => cutOff(call, run)),
  }));
}

function cutOff(call: Call, { endedAtMs }: RunRecord): Call {
  if (call.endedAtMs !== null || endedAtMs === null) return call;
  return { ...call, endedAtMs: Math.max(endedAtMs, call.startedAtMs), isCutOff: true };
}

/** A call that never ended was lost when a later one of its group took its place; such calls stay in for now. */
function toldCalls(run: RunRecord, facts: readonly TraceFact[]): Call[] {
  const byId = new Map<string, Call>();
  for (const fact of facts) {
    if (fact.t === 'call.ended') byId.set(fact.callId, endedCall(run, fact));
    else if (fact.t === 'call.started' && !byId.has(fact.callId)) {
      byId.set(fact.callId, openCall(fact));
    }
  }
  return [...byId.values()];
}

function openCall(fact: CallStartedFact | CallEndedFact): Call {
  const startedAtMs = fact.t === 'call.ended' ? fact.startedAtMs : fact.atMs;
  return {
    callId: fact.callId,
    group: fact.group,
    attempt: fact.attempt,
    attemptsMax: fact.attemptsMax,
    stepId: fact.stepId ?? null,
    stepName: fact.stepName ?? null,
    dueAtMs: Math.min(fact.dueAtMs, startedAtMs),
    startedAtMs,
    endedAtMs: null,
    isCutOff: false,
    outcome: null,
    isFinal: false,
    statusCode: null,
    headers: {},
    ops: [],
    executed: null,
    output: null,
    isImplied: false,
  };
}

function endedCall(run: RunRecord, fact: CallEndedFact): Call {
  const ended = endedRun(run, fact);
  const outcome = ended ?? fact.outcome;
  return {
    ...openCall(fact),
    endedAtMs: Math.max(fact.atMs, fact.startedAtMs),
    outcome,
    isFinal: fact.isFinal ?? ended === 'error',
    statusCode: fact.statusCode ?? null,
    headers: fact.headers ?? {},
    ops: fact.ops ?? [],
    executed: outcome === 'steps' ? (fact.ops?.find(isExecuted) ?? null) : null,
    output: ended === 'error' ? run.output : (fact.output ?? null),
  };
}

/** Apps can tell of the function's end by an opcode, too. A durable endpoint's may stand for a failure. */
function endedRun(run: RunRecord, { outcome, ops = [] }: CallEndedFact): 'result' | 'error' | null {
  const isEnd = ops.some(({ op }) => op === 'RunComplete' || op === 'SyncRunComplete');
  if (outcome !== 'steps' || !isEnd) return null;
  return run.status === 'Failed' ? 'error' : 'result';
}

function byTime(left: Call, right: Call): number {
  return left.startedAtMs - right.startedAtMs || left.attempt - right.attempt;
}

/** Attempts of the function's body that failed, as older servers and durable endpoints tell of them. */
function impliedByBody(facts: readonly TraceFact[], told: readonly Call[]): Call[] {
  const errors = new Set(
    told
      .filter((call) => call.outcome === 'error')
      .map((call) => `${call.attempt}:${call.output ?? ''}`),
  );
  const calls: Call[] = [];
  let round = 0;
  let previousMs: number | null = null;
  for (const fact of facts) {
    if (fact.t !== 'step') continue;
    if (!isBodyFact(fact)) {
      previousMs = fact.atMs;
      continue;
    }
    if (errors.has(`${fact.attempt}:${fact.output ?? ''}`)) continue;
    if (fact.attempt <= (calls.at(-1)?.attempt ?? -1)) round += 1;
    const startedAtMs = Math.min(fact.startedAtMs ?? previousMs ?? fact.atMs, fact.atMs);
    calls.push(
      implied({
        group: `body:${round}`,
        attempt: fact.attempt,
        startedAtMs,
        endedAtMs: fact.atMs,
        outcome: 'error',
        output: fact.output ?? null,
      }),
    );
    previousMs = fact.atMs;
  }
  return calls;
}

/** The end of a run that no call's answer was: of a durable endpoint, or found out by the server. */
function impliedByEnd(
  run: RunRecord,
  known: readonly Call[],
  facts: readonly TraceFact[],
): Call | null {
  if (run.endedAtMs === null) return null;
  if (run.status !== 'Completed' && run.status !== 'Failed') return null;
  const outcome = run.status === 'Completed' ? 'result' : 'error';
  const last = known.findLast((call) => call.endedAtMs !== null);
  if (last?.outcome === outcome || known.some((call) => isEnd(call, outcome))) return null;
  const follows = last?.isImplied === true && last.outcome === 'error' ? last : null;
  return implied({
    group: follows?.group ?? endGroup,
    attempt: follows === null ? 0 : follows.attempt + 1,
    startedAtMs: Math.min(run.endedAtMs, lastKnownMs(run, facts)),
    endedAtMs: run.endedAtMs,
    outcome,
    output: outcome === 'error' ? run.output : null,
  });
}

function isEnd(call: Call, outcome: 'result' | 'error'): boolean {
  return call.outcome === outcome && (outcome === 'result' || call.isFinal);
}

function lastKnownMs(run: RunRecord, facts: readonly TraceFact[]): number {
  const last = facts.findLast((fact) => fact.t === 'step' || fact.t === 'call.ended');
  return last?.atMs ?? run.startedAtMs ?? run.scheduledAtMs;
}

function implied(
  fields: Pick<Call, 'group' | 'attempt' | 'startedAtMs' | 'endedAtMs' | 'outcome' | 'output'>,
): Call {
  return {
    ...fields,
    callId: `${fields.group}#${fields.attempt}`,
    attemptsMax: Number.POSITIVE_INFINITY,
    stepId: null,
    stepName: null,
    dueAtMs: fields.startedAtMs,
    isFinal: false,
    isCutOff: false,
    statusCode: null,
    headers: {},
    ops: [],
    executed: null,
    isImplied: true,
  };
}
