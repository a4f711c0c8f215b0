/** Compares what was seen with what the model predicts. Pure: it knows no server, only observations. */
import { checkCalls } from './call_checker.ts';
import { matchPattern } from './match.ts';
import type { PredictedRun } from './model.ts';
import type { Call, Execution, HistoryRun, Observations } from './observation.ts';
import { leftoversOf } from './remains.ts';
import { checkSteps } from './step_checker.ts';

export interface Violation {
  readonly rule: string;
  /** The `eid` of the run or event, or the key of the store. */
  readonly subject: string;
  readonly detail: string;
}

export interface Rules {
  /**
   * What the server reads of a run, it puts into a call within this time: a result that was saved earlier than that
   * before the call was built must be in it.
   */
  readonly buildMsMax: number;
  /** Whether the calls of a killed server still take room of concurrency keys: their leases live on. */
  readonly doLeasesOutlive: boolean;
  readonly laneLimit: number;
  /**
   * How far the end of a run may lie before what happened last in it. A transition has the time at which its server sent
   * it; where servers share a store, another one's may get there first. One server alone keeps the order.
   */
  readonly disorderMsMax: number;
}

/** What one run did, found by function and `eid`. */
export interface RunSeen {
  readonly predicted: PredictedRun;
  readonly run: HistoryRun;
  readonly calls: readonly Call[];
  readonly executions: readonly Execution[];
}

export function check(
  predictions: readonly PredictedRun[],
  seen: Observations,
  rules: Rules,
): Violation[] {
  const runs = pairRuns(predictions, seen);
  return [
    ...seen.refusals.map(({ subject, answer, times }) => ({
      rule: 'a client was answered wrongly',
      subject,
      detail: `${times} times: ${answer}`,
    })),
    ...checkEvents(seen),
    ...runs.violations,
    ...checkLifecycle(seen),
    ...runs.found.flatMap((run) => checkEnd(run, runs.outputs)),
    ...checkSteps(runs.found, seen, rules),
    ...checkCalls(runs.found, seen, rules),
    ...checkLanes(seen, rules),
    ...checkKeys(seen.keys),
  ];
}

/** Every event that was acknowledged is in history once, and nothing is that nobody sent. */
function checkEvents({ postings, events }: Observations): Violation[] {
  const violations: Violation[] = [];
  const byEid = Map.groupBy(
    events.filter((event) => !event.isInternal),
    (event) => String(event.data.eid),
  );
  const sent = new Set<string>();
  for (const { eids, internalIds, attempts } of postings) {
    for (const [at, eid] of eids.entries()) {
      sent.add(eid);
      const stored = byEid.get(eid) ?? [];
      const acknowledged = stored.filter(({ internalId }) => internalId === internalIds[at]).length;
      if (acknowledged === 0) {
        const detail = `acknowledged as ${internalIds[at]}, not in history`;
        violations.push({ rule: 'an acknowledged event was lost', subject: eid, detail });
      }
      // A request that was repeated because its answer was lost may have been stored each time.
      if (stored.length > attempts) {
        const detail = `in history ${stored.length} times, sent ${attempts} times`;
        violations.push({ rule: 'an event was doubled', subject: eid, detail });
      }
    }
  }
  for (const eid of byEid.keys()) {
    if (sent.has(eid)) continue;
    violations.push({ rule: 'an event came from nowhere', subject: eid, detail: 'never sent' });
  }
  return violations;
}

interface Pairing {
  readonly found: readonly RunSeen[];
  /** What completed runs returned, by `eid`. */
  readonly outputs: ReadonlyMap<string, unknown>;
  readonly violations: readonly Violation[];
}

/** Every event started exactly the functions that it should. */
function pairRuns(predictions: readonly PredictedRun[], seen: Observations): Pairing {
  const eidOf = eidsByInternalId(seen);
  const runs = Map.groupBy(seen.runs, (run) => nameOf(run.fn, eidOf(run)));
  const calls = Map.groupBy(seen.calls, (call) => call.runId);
  const executions = Map.groupBy(seen.executions, (execution) => execution.runId);
  const found: RunSeen[] = [];
  const violations: Violation[] = [];
  const expected = new Set<string>();
  for (const predicted of predictions) {
    const name = nameOf(predicted.fn, predicted.eid);
    expected.add(name);
    const [run, ...more] = runs.get(name) ?? [];
    if (run === undefined) {
      const detail = `no run of ${predicted.fn}`;
      violations.push({ rule: 'a run is missing', subject: predicted.eid, detail });
      continue;
    }
    if (more.length > 0) {
      const detail = `${predicted.fn} ran as ${[run, ...more].map(({ runId }) => runId).join(', ')}`;
      violations.push({ rule: 'a run was doubled', subject: predicted.eid, detail });
    }
    const { runId } = run;
    found.push({
      predicted,
      run,
      calls: calls.get(runId) ?? [],
      executions: executions.get(runId) ?? [],
    });
  }
  for (const [name, [run]] of runs) {
    if (expected.has(name)) continue;
    const detail = `run ${run?.runId} that nothing should have started`;
    violations.push({ rule: 'a run came from nowhere', subject: name, detail });
  }
  const outputs = new Map(found.map(({ predicted, run }) => [predicted.eid, run.output]));
  return { found, outputs, violations };
}

function nameOf(fn: string, eid: string): string {
  return `${fn} of ${eid}`;
}

/** Invocations carry the `eid` that the invoker gave them, as events of senders do. */
function eidsByInternalId({ events }: Observations): (run: HistoryRun) => string {
  const eids = new Map(events.map((event) => [event.internalId, String(event.data.eid)]));
  return (run) => eids.get(run.eventIds[0] ?? '') ?? `unknown event ${run.eventIds[0]}`;
}

const endEvents: Readonly<Record<string, readonly string[]>> = {
  Completed: ['inngest/function.finished'],
  Failed: ['inngest/function.finished', 'inngest/function.failed'],
  Cancelled: ['inngest/function.finished', 'inngest/function.cancelled'],
};

/** Every run ends once: the events that say so were made once. Every invocation was sent once. */
function checkLifecycle({ events, runs }: Observations): Violation[] {
  const internal = events.filter((event) => event.isInternal);
  const told = Map.groupBy(
    internal.filter(({ name }) => name !== 'inngest/function.invoked'),
    (event) => String(event.data.run_id),
  );
  const violations = runs.flatMap(({ runId, fn, status }) => {
    const wanted = [...(endEvents[status ?? ''] ?? [])].sort().join(', ');
    const names = (told.get(runId) ?? []).map(({ name }) => name);
    const had = names.sort().join(', ');
    if (had === wanted) return [];
    const detail = `${fn} ${status}: history has the events [${had}], not [${wanted}]`;
    return [{ rule: 'the end of a run was told wrongly', subject: runId, detail }];
  });
  const invocations = Map.groupBy(
    internal.filter(({ name }) => name === 'inngest/function.invoked'),
    (event) => String(event.data.eid),
  );
  for (const [eid, sent] of invocations) {
    if (sent.length === 1) continue;
    const detail = `${sent.length} invocations`;
    violations.push({ rule: 'a function was invoked twice', subject: eid, detail });
  }
  return violations;
}

/** A call that was built this long after its run's end was not just under way when it ended. */
const afterEndMs = 2_000;

/** The run ended, as the model says, and was then left alone. */
function checkEnd(
  { predicted, run, calls, executions }: RunSeen,
  outputs: ReadonlyMap<string, unknown>,
): Violation[] {
  const { eid: subject, status, output } = predicted;
  const { endedAtMs } = run;
  const named = `${predicted.fn} ${run.runId}`;
  if (endedAtMs === null) {
    return [{ rule: 'a run never ended', subject, detail: `${named} is ${run.status}` }];
  }
  const violations: Violation[] = [];
  if (run.status !== status) {
    const detail = `${named} is ${run.status}, not ${status}: ${JSON.stringify(run.output)}`;
    violations.push({ rule: 'a run ended wrongly', subject, detail });
  } else {
    const saved = new Map(calls.flatMap(({ memos }) => [...memos]));
    const mismatch = matchPattern(output, run.output, { executions, outputs, saved });
    if (mismatch !== null) {
      violations.push({
        rule: 'a run has a wrong output',
        subject,
        detail: `${named}: ${mismatch}`,
      });
    }
  }
  const late = calls.find(({ builtAtMs }) => builtAtMs > endedAtMs + afterEndMs);
  if (late !== undefined) {
    const detail = `${named} was called ${late.builtAtMs - endedAtMs} ms later`;
    violations.push({ rule: 'a run was called after its end', subject, detail });
  }
  return violations;
}

/** Never more calls at once than a concurrency key allows. */
function checkLanes({ calls, killsMs }: Observations, rules: Rules): Violation[] {
  const violations: Violation[] = [];
  const lanes = Map.groupBy(
    calls.filter(({ lane }) => lane !== null),
    ({ lane }) => lane,
  );
  for (const [lane, inLane] of lanes) {
    for (const call of inLane) {
      const killedMs = rules.doLeasesOutlive ? 0 : lastBefore(killsMs, call.receivedAtMs);
      const atOnce = inLane.filter(
        (other) =>
          other.builtAtMs > killedMs &&
          other.receivedAtMs <= call.receivedAtMs &&
          (other.answeredAtMs ?? Number.POSITIVE_INFINITY) > call.receivedAtMs,
      );
      if (atOnce.length <= rules.laneLimit || call.builtAtMs <= killedMs) continue;
      const detail = `${atOnce.length} calls at once: ${atOnce.map(({ eid }) => eid).join(', ')}`;
      violations.push({ rule: 'a concurrency limit was exceeded', subject: String(lane), detail });
    }
  }
  return violations;
}

/** The last of ascending times that is not after `ms`; 0 for none. */
function lastBefore(timesMs: readonly number[], ms: number): number {
  return timesMs.findLast((timeMs) => timeMs <= ms) ?? 0;
}

function checkKeys(keys: readonly string[]): Violation[] {
  const { leaked, lingering } = leftoversOf(keys);
  return [...leaked, ...lingering].map((subject) => ({
    rule: 'a key was left behind',
    subject,
    detail: 'every run has ended',
  }));
}
