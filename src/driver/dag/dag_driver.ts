/**
 * Runs functions that are declared in documents (cue-config.md §6). The executor calls this driver as it calls an
 * app, and gets what an SDK would have answered: steps to plan, sleeps, waits for events, results of steps. So
 * queue, retries, waits, crash safety and traces are those of every function, and nothing durable happens here.
 *
 * A discovery walks the graph over what has been stored and reports all that is open; what is known already costs
 * nothing. When a single step is open and nothing else, it is run at once. When nothing is open, the run ends.
 * A call for one step runs that step. What leads on from a step (`if`, `wait`, `match`) is decided when it ends and
 * stored with its output; edges from the trigger are decided anew each time, by the event and the start of the run.
 * Waits count as steps where the number of a run's steps is limited.
 */

import type { Dag } from '../../function/dag.ts';
import type { Clock } from '../../lib/clock.ts';
import { isUlid, ulidTime } from '../../lib/ulid.ts';
import type { Driver } from '../driver.ts';
import type { Fetch } from '../exchange.ts';
import { callTimeoutMs as callTimeoutMsDefault } from '../http.ts';
import type { CallRequest } from '../request.ts';
import type { CallOutcome } from '../response.ts';
import { withFreshRetry } from '../stale_connection.ts';
import { appFetch } from '../wide_fetch.ts';
import { decideEdge, isComplete, taken } from './decision.ts';
import { type Graph, type GraphStep, graphOf } from './graph.ts';
import { Memos } from './memos.ts';
import { none, opcodeOf, removedStep } from './opcodes.ts';
import { RunData } from './run_data.ts';
import { runEnd } from './run_end.ts';
import { type ExecutionParts, executeStep, opcodes } from './step_execution.ts';
import { type Decide, type Walk, walk } from './walk.ts';

export interface DagDriverParts {
  readonly clock: Clock;
  readonly signingKey?: string;
  readonly fetch?: Fetch;
  /** The memos of a run whose state is too large to come with the call; null when the run has ended. */
  readonly loadSteps: (runId: string) => Promise<CallRequest['steps'] | null>;
  readonly callTimeoutMs?: number;
}

/** The step id of a discovery. */
const discoveryStep = 'step';

/** Drivers of functions by their steps. A call rejects when, and only when, `loadSteps` does. */
export function dagDriver(parts: DagDriverParts): (dag: Dag) => Driver {
  const { clock, signingKey, loadSteps, callTimeoutMs = callTimeoutMsDefault } = parts;
  const fetch = withFreshRetry(parts.fetch ?? appFetch, clock);
  const execution: ExecutionParts = { clock, fetch, signingKey, callTimeoutMs };
  return (dag) => ({
    async call(request, signal) {
      const steps = request.stepsTooLarge ? await loadSteps(request.runId) : request.steps;
      if (steps === null) return opcodes([none]);
      const run = runOf(graphOf(dag), { ...request, steps }, clock);
      const { stepId } = request;
      if (stepId === discoveryStep) return discover(run, execution, signal);
      const step = run.graph.byOpId.get(stepId);
      if (step === undefined) return opcodes([removedStep(stepId)]);
      // A step that has ended is never run again, whoever asks for it.
      if (run.memos.text(stepId) !== undefined) return opcodes([none]);
      return execute(step, run, execution, signal);
    },
  });
}

interface Run {
  readonly graph: Graph;
  readonly memos: Memos;
  readonly data: RunData;
  readonly request: CallRequest;
  readonly walked: Walk;
}

function runOf(graph: Graph, request: CallRequest, clock: Clock): Run {
  const memos = new Memos(request.stack, request.steps);
  const data = new RunData(graph, memos, request.event);
  const decide = decisionOn({ memos, data, request }, clock);
  return { graph, memos, data, request, walked: walk(graph, memos, decide) };
}

async function discover(
  run: Run,
  execution: ExecutionParts,
  signal?: AbortSignal,
): Promise<CallOutcome> {
  const { graph, memos, request, walked } = run;
  const [only, ...others] = walked.open;
  if (only === undefined) return runEnd(graph, memos, walked);
  const mayRun = others.length === 0 && !request.disableImmediateExecution;
  if (only.kind === 'step' && mayRun) return execute(only.step, run, execution, signal);
  return opcodes(walked.open.map(opcodeOf));
}

function execute(
  step: GraphStep,
  { graph, data, request, walked }: Run,
  execution: ExecutionParts,
  signal?: AbortSignal,
): Promise<CallOutcome> {
  const reached = walked.reached.get(step);
  return executeStep({ graph, step, reached, data, request }, execution, signal);
}

/** What was decided when the parent ended. Edges that the document has got since are decided by what is known now. */
function decisionOn(
  { memos, data, request }: { memos: Memos; data: RunData; request: CallRequest },
  clock: Clock,
): Decide {
  return (edge, standing) => {
    const { parent, child, isDecided } = edge;
    if (parent === null) {
      return isDecided
        ? decideEdge(edge.edge, data.triggerVariables(), startOf(request, clock))
        : taken;
    }
    const stored = memos.output(parent.opId).edges.get(child.step.id);
    if (stored !== undefined && isComplete(stored, edge)) return stored;
    if (!isDecided) return taken;
    const asyncText = standing?.resumedBy?.eventText;
    const vars = data.variables(data.response(parent), { asyncText });
    return decideEdge(edge.edge, vars, clock.now());
  };
}

/**
 * The same at every call of the run: when it began to be executed, which may be long after it was created (a delayed
 * event, a queue); without that, when it was created, which its id says.
 */
function startOf({ startedAtMs, runId }: CallRequest, clock: Clock): number {
  if (startedAtMs !== undefined) return startedAtMs;
  return isUlid(runId) ? ulidTime(runId) : clock.now();
}
