/** What steps must and must never do: attempts are counted, and what was saved is neither forgotten nor done again. */
import type { Rules, RunSeen, Violation } from './checker.ts';
import type { PredictedStep } from './model.ts';
import { type Execution, type HistoryStep, hashedId, type Observations } from './observation.ts';

export function checkSteps(
  runs: readonly RunSeen[],
  seen: Observations,
  rules: Rules,
): Violation[] {
  const checkpoints = Map.groupBy(seen.checkpoints, ({ runId }) => runId);
  const rows = Map.groupBy(seen.steps, ({ runId }) => runId);
  return runs.flatMap((run) => {
    const { runId } = run.run;
    const reported = checkpoints.get(runId) ?? [];
    return [
      ...checkAttempts(run),
      ...checkMemory(run, reported, rules),
      ...(run.predicted.status === 'Cancelled' ? [] : checkHistory(run, rows.get(runId) ?? [])),
    ];
  });
}

/** Every step is executed on each of its attempts, in order, and on no other; nothing else is executed. */
function checkAttempts({ predicted, run, calls, executions }: RunSeen): Violation[] {
  const { eid: subject, fn, steps } = predicted;
  const violations: Violation[] = [];
  const order = new Map(calls.map(({ requestId }, at) => [requestId, at] as const));
  const byStep = Map.groupBy(executions, ({ stepId }) => stepId);
  for (const { id, lastAttempt } of steps) {
    if (lastAttempt === null) continue;
    const attempts = (byStep.get(id) ?? [])
      .toSorted((left, right) => builtOrder(left, right, order))
      .map(({ attempt }) => attempt);
    const isCounted = isCountedUp(attempts) && attempts.at(-1) === lastAttempt;
    if (isCounted) continue;
    const detail = `${fn} ${run.runId}, ${id}: attempts ${attempts.join(', ') || 'none'}, not 0 to ${lastAttempt}`;
    violations.push({ rule: 'attempts were miscounted', subject, detail });
  }
  const known = new Set(steps.map(({ id }) => id));
  for (const id of byStep.keys()) {
    if (known.has(id)) continue;
    const detail = `${fn} ${run.runId} has no ${id}`;
    violations.push({ rule: 'an unknown step was executed', subject, detail });
  }
  return violations;
}

/** By the time at which the server built the call, which is in its id; the order of arrival may differ. */
function builtOrder(
  left: Execution,
  right: Execution,
  arrival: ReadonlyMap<string, number>,
): number {
  if (left.requestId === right.requestId) return left.atMs - right.atMs;
  const leftTime = left.requestId.slice(0, 10);
  const rightTime = right.requestId.slice(0, 10);
  if (leftTime !== rightTime) return leftTime < rightTime ? -1 : 1;
  return (arrival.get(left.requestId) ?? 0) - (arrival.get(right.requestId) ?? 0);
}

/** 0, then each the same as the one before or one more: a call that died with its server is made again. */
function isCountedUp(attempts: readonly number[]): boolean {
  return attempts.every((attempt, at) => {
    const before = attempts[at - 1];
    return before === undefined ? attempt === 0 : attempt === before || attempt === before + 1;
  });
}

/**
 * A result is certainly saved once a call carries it, or once a report of it was answered with 200. From then on calls
 * carry it, and do not execute the step.
 */
function checkMemory(
  { predicted, run, calls, executions }: RunSeen,
  checkpoints: Observations['checkpoints'],
  { buildMsMax }: Rules,
): Violation[] {
  const subject = predicted.eid;
  const named = `${predicted.fn} ${run.runId}`;
  const savedAtMs = new Map<string, number>();
  const note = (id: string, atMs: number): void => {
    savedAtMs.set(id, Math.min(savedAtMs.get(id) ?? Number.POSITIVE_INFINITY, atMs));
  };
  for (const call of calls) for (const id of call.memos.keys()) note(id, call.receivedAtMs);
  for (const checkpoint of checkpoints) {
    for (const id of checkpoint.hashedIds) note(id, checkpoint.savedAtMs);
  }
  const violations: Violation[] = [];
  const values = new Map<string, string>();
  const executed = Map.groupBy(executions, ({ requestId }) => requestId);
  for (const call of calls) {
    const isSaved = (id: string): boolean =>
      (savedAtMs.get(id) ?? Number.POSITIVE_INFINITY) + buildMsMax < call.builtAtMs;
    for (const id of savedAtMs.keys()) {
      if (!isSaved(id) || call.memos.has(id)) continue;
      const detail = `${named}: call ${call.requestId} lacks ${id}`;
      violations.push({ rule: 'a saved result was forgotten', subject, detail });
    }
    for (const { stepId } of executed.get(call.requestId) ?? []) {
      if (!isSaved(hashedId(stepId)) && !call.memos.has(hashedId(stepId))) continue;
      const detail = `${named}: call ${call.requestId} executed ${stepId}`;
      violations.push({ rule: 'a saved step was executed again', subject, detail });
    }
    for (const [id, value] of call.memos) {
      const first = values.get(id) ?? value;
      values.set(id, first);
      if (first === value) continue;
      const detail = `${named}: ${id} was ${first} and is ${value}`;
      violations.push({ rule: 'a saved result changed', subject, detail });
    }
  }
  return violations;
}

const endedStatuses = new Set(['Completed', 'Failed', 'TimedOut']);

/** History tells of each step's end once. */
function checkHistory({ predicted, run }: RunSeen, rows: readonly HistoryStep[]): Violation[] {
  const ended = Map.groupBy(
    rows.filter(({ status }) => endedStatuses.has(status)),
    ({ hashedId: id }) => id,
  );
  const isAsPredicted = ({ id, endings }: PredictedStep): boolean => {
    if (endings.length === 0) return true;
    const had = ended.get(hashedId(id)) ?? [];
    return had.length === 1 && endings.includes(had[0]?.status ?? '');
  };
  return predicted.steps
    .filter((step) => !isAsPredicted(step))
    .map(({ id, endings }) => {
      const had = (ended.get(hashedId(id)) ?? []).map(({ status }) => status).join(', ') || 'none';
      const detail = `${predicted.fn} ${run.runId}, ${id}: ended as ${had}, not once as ${endings.join(' or ')}`;
      return { rule: 'history tells a step wrongly', subject: predicted.eid, detail };
    });
}
