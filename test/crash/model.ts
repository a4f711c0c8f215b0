/** What must come of a scenario, however often the server dies: its runs, their ends, and what each step does. */
import {
  childKey,
  type Ending,
  type Failing,
  failureOf,
  retries,
  type Scenario,
  type Step,
  stepsOf,
  type Workflow,
} from './plan.ts';

/** What a value must look like. */
export type Pattern =
  | { readonly is: 'value'; readonly value: unknown }
  /** The result of an execution of that step on that attempt. */
  | { readonly is: 'result'; readonly stepId: string; readonly attempt: number }
  /** The approval that one of the events sent for that step brought. */
  | { readonly is: 'approval'; readonly stepId: string }
  | { readonly is: 'list'; readonly of: readonly Pattern[] }
  | { readonly is: 'record'; readonly of: Readonly<Record<string, Pattern>> }
  | { readonly is: 'one_of'; readonly of: readonly Pattern[] }
  /** What the run of that `eid` returned. */
  | { readonly is: 'output'; readonly eid: string }
  /** An error with that text in its message. */
  | { readonly is: 'error'; readonly message: string }
  | { readonly is: 'anything' };

export interface PredictedStep {
  readonly id: string;
  /** Attempts 0 to this one are executed; null for a step that the app does not execute. */
  readonly lastAttempt: number | null;
  /** How history says it ended: exactly once, with one of these. Empty: not said. */
  readonly endings: readonly string[];
}

export interface PredictedRun {
  readonly fn: string;
  /** Of the event that starts it. */
  readonly eid: string;
  readonly status: 'Completed' | 'Failed' | 'Cancelled';
  readonly output: Pattern;
  readonly steps: readonly PredictedStep[];
  /** Whether an invocation starts it and not an event of a sender. */
  readonly isInvoked: boolean;
}

export function predict(scenario: Scenario): PredictedRun[] {
  const { key } = scenario;
  switch (scenario.kind) {
    case 'workflow':
    case 'lane':
      return workflowRuns(scenario.kind, key, scenario.workflow, false);
    case 'cancelled':
      return [cancelledRun(key)];
    case 'batch':
      return Array.from({ length: scenario.count }, (_, at) => `${key}.${at}`).flatMap((eid) => [
        echoRun('echo', eid),
        echoRun('echo-too', eid),
      ]);
    case 'noise':
      return [];
  }
}

function echoRun(fn: string, eid: string): PredictedRun {
  const output: Pattern = { is: 'value', value: { eid } };
  return { fn, eid, status: 'Completed', output, steps: [], isInvoked: false };
}

function cancelledRun(eid: string): PredictedRun {
  // It is cancelled when its first step has been seen; whether its waits have begun by then is not known.
  const steps = [{ id: 's0', lastAttempt: 0, endings: [] }];
  const output: Pattern = { is: 'anything' };
  return { fn: 'cancelled', eid, status: 'Cancelled', output, steps, isInvoked: false };
}

/** The run of a workflow and those that it invokes. */
function workflowRuns(
  fn: string,
  eid: string,
  workflow: Workflow,
  isInvoked: boolean,
): PredictedRun[] {
  const steps = stepsOf(workflow);
  const { status, body, last } = endingOf(eid, workflow.ending);
  const results: Pattern[] = workflow.parts.map((part) =>
    part.kind === 'parallel'
      ? { is: 'list', of: part.of.map((step) => resultOf(eid, step)) }
      : resultOf(eid, part),
  );
  const returned: Pattern = {
    is: 'record',
    of: { eid: { is: 'value', value: eid }, results: { is: 'list', of: results } },
  };
  const failure: Pattern = { is: 'error', message: failureOf(eid, last?.id ?? 'body') };
  return [
    {
      fn,
      eid,
      status,
      output: status === 'Completed' ? returned : failure,
      steps: [...steps.map(predictedStep), ...(body ? [body] : []), ...(last ? [last] : [])],
      isInvoked,
    },
    ...steps.flatMap((step) =>
      step.kind === 'invoke' ? workflowRuns('child', childKey(eid, step.id), step.child, true) : [],
    ),
  ];
}

function lastAttemptOf(failing: Failing): number {
  return failing === 'non_retriable' ? 0 : retries;
}

function endingOf(
  eid: string,
  ending: Ending,
): {
  readonly status: 'Completed' | 'Failed';
  readonly body?: PredictedStep;
  readonly last?: PredictedStep;
} {
  // The body's own calls have no row that ends them.
  const body = (lastAttempt: number): PredictedStep => ({ id: 'body', lastAttempt, endings: [] });
  switch (ending.kind) {
    case 'returns':
      return { status: 'Completed', body: body(0) };
    case 'returns_after':
      return { status: 'Completed', body: body(ending.failures) };
    case 'throws':
      return { status: 'Failed', body: body(lastAttemptOf(ending.failing)) };
    case 'step_throws': {
      const lastAttempt = lastAttemptOf(ending.failing);
      return { status: 'Failed', last: { id: ending.id, lastAttempt, endings: ['Failed'] } };
    }
    default:
      throw new Error(`the model knows no such ending of ${eid}`);
  }
}

const nothing: Pattern = { is: 'value', value: null };

function resultOf(eid: string, step: Step): Pattern {
  switch (step.kind) {
    case 'run':
      return { is: 'result', stepId: step.id, attempt: 0 };
    case 'flaky':
      return { is: 'result', stepId: step.id, attempt: step.failures };
    case 'caught':
      return { is: 'error', message: failureOf(eid, step.id) };
    case 'sleep':
    case 'timeout':
      return nothing;
    case 'wait':
      return { is: 'approval', stepId: step.id };
    case 'raced':
      return { is: 'one_of', of: [nothing, { is: 'approval', stepId: step.id }] };
    case 'invoke': {
      const child = childKey(eid, step.id);
      return step.child.ending.kind === 'returns'
        ? { is: 'output', eid: child }
        : { is: 'error', message: failureOf(child, 'body') };
    }
  }
}

function predictedStep(step: Step): PredictedStep {
  const { id } = step;
  switch (step.kind) {
    case 'run':
      return { id, lastAttempt: 0, endings: ['Completed'] };
    case 'flaky':
      return { id, lastAttempt: step.failures, endings: ['Completed'] };
    case 'caught':
      return { id, lastAttempt: lastAttemptOf(step.failing), endings: ['Failed'] };
    case 'sleep':
    case 'wait':
      return { id, lastAttempt: null, endings: ['Completed'] };
    case 'raced':
      return { id, lastAttempt: null, endings: ['Completed', 'TimedOut'] };
    case 'timeout':
      return { id, lastAttempt: null, endings: ['TimedOut'] };
    case 'invoke': {
      const isFine = step.child.ending.kind === 'returns';
      return { id, lastAttempt: null, endings: [isFine ? 'Completed' : 'Failed'] };
    }
  }
}
