/** What history says of calls and times: in order, once each, and nothing that did not happen. */
import type { Rules, RunSeen, Violation } from './checker.ts';
import type { HistoryCall, HistoryRun, HistoryStep, Observations } from './observation.ts';

export function checkCalls(
  runs: readonly RunSeen[],
  seen: Observations,
  { disorderMsMax }: Pick<Rules, 'disorderMsMax'>,
): Violation[] {
  const told = Map.groupBy(seen.told, ({ runId }) => runId);
  const steps = Map.groupBy(seen.steps, ({ runId }) => runId);
  const made = new Set(seen.calls.map(({ requestId }) => requestId));
  return runs.flatMap((run) => {
    const calls = told.get(run.run.runId) ?? [];
    return [
      ...checkRunTimes(run),
      ...checkStepTimes(run, steps.get(run.run.runId) ?? [], disorderMsMax),
      ...calls.flatMap((call) => checkCallTimes(run, call, disorderMsMax)),
      ...checkTold(run, calls, made),
    ];
  });
}

function violation(rule: string, { predicted, run }: RunSeen, detail: string): Violation {
  return { rule, subject: predicted.eid, detail: `${predicted.fn} ${run.runId}: ${detail}` };
}

const disorder = 'history has times out of order';

function checkRunTimes(seen: RunSeen): Violation[] {
  const { scheduledAtMs, startedAtMs, endedAtMs } = seen.run;
  // A run that is cancelled before its first call never starts.
  const times = [scheduledAtMs, startedAtMs, endedAtMs].filter((time) => time !== null);
  return isAscending(times) ? [] : [violation(disorder, seen, times.join(', '))];
}

function checkStepTimes(
  seen: RunSeen,
  steps: readonly HistoryStep[],
  disorderMsMax: number,
): Violation[] {
  return steps
    .filter(({ atMs }) => !isWithin(seen.run, atMs, disorderMsMax))
    .map(({ hashedId, status, atMs }) =>
      violation(disorder, seen, `step ${hashedId} ${status} at ${atMs}`),
    );
}

function checkCallTimes(seen: RunSeen, call: HistoryCall, disorderMsMax: number): Violation[] {
  const { callId, dueAtMs, startedAtMs, atMs } = call;
  const isInOrder = isAscending([dueAtMs, startedAtMs, atMs]);
  if (isInOrder && isWithin(seen.run, atMs, disorderMsMax)) return [];
  return [violation(disorder, seen, `call ${callId}: ${dueAtMs}, ${startedAtMs}, ${atMs}`)];
}

/** Each call once; only calls that the app had; and of a run that completed the one that completed it. */
function checkTold(
  seen: RunSeen,
  calls: readonly HistoryCall[],
  made: ReadonlySet<string>,
): Violation[] {
  const violations: Violation[] = [];
  for (const [requestId, told] of Map.groupBy(calls, (call) => call.requestId)) {
    if (told.length > 1) violations.push(violation('history tells a call twice', seen, requestId));
    if (told.some(({ isAnswered }) => isAnswered) && !made.has(requestId))
      violations.push(violation('history tells of a call that was never made', seen, requestId));
  }
  const last = calls.filter(({ isResult }) => isResult).length;
  if (seen.run.status === 'Completed' && last !== 1)
    violations.push(violation('history tells the last call wrongly', seen, `${last} results`));
  return violations;
}

function isWithin(
  { scheduledAtMs, endedAtMs }: HistoryRun,
  atMs: number,
  disorderMsMax: number,
): boolean {
  return atMs >= (scheduledAtMs ?? atMs) && atMs <= (endedAtMs ?? atMs) + disorderMsMax;
}

function isAscending(times: readonly number[]): boolean {
  return times.every((time, at) => time >= (times[at - 1] ?? time));
}
