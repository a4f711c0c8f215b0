/**
 * What a rerun from a step starts with (execution.md §18): the results of the steps that had finished before it, in
 * their order, and the input that replaces its own. Pure: from what history knows of the original run.
 */
import { factText, type StepFact, type TraceFact } from '../history/fact.ts';
import type { Preset } from '../state/run_creation.ts';
import { stepKeyOf } from '../trace/step_key.ts';
import type { Edge } from './edge.ts';
import { dataMemo, nullMemo } from './step_memo.ts';

export interface FromStep {
  /** Hashed id, plain id or display name. */
  readonly stepId: string;
  /** JSON array text. */
  readonly input?: string;
}

export interface Resumption {
  readonly kind: 'found';
  readonly preset: Preset;
  /** The step, when the app can be asked for it directly: one that runs in the app. Others are discovered. */
  readonly target?: NonNullable<Edge['target']>;
  /** What the original run's history says of the steps that finished, in their order. */
  readonly finished: readonly FinishedStep[];
}

interface FinishedStep {
  /** Of a sleep, wait or invocation: what it was for. Its end does not say so. */
  readonly begin?: StepFact;
  /** With what only other facts of the step say. */
  readonly end: StepFact;
}

export type ResumptionOutcome =
  | Resumption
  | { readonly kind: 'unknown_step' }
  | { readonly kind: 'ambiguous_step' };

/** Opcodes of steps whose code runs in the app. */
const plainOps: ReadonlySet<string> = new Set([
  'Step',
  'StepRun',
  'StepError',
  'StepFailed',
  'StepPlanned',
]);
/** Facts of older servers have no opcode. */
const otherKinds: ReadonlySet<string> = new Set([
  'sleep',
  'waitForEvent',
  'waitForSignal',
  'invoke',
  'aiInfer',
  'fetch',
]);
const finishedStatuses: ReadonlySet<string> = new Set(['Completed', 'Failed', 'TimedOut']);
const lastingStatuses: ReadonlySet<string> = new Set(['Sleeping', 'Waiting', 'Invoking']);

interface KnownStep {
  readonly stepId: string;
  name: string;
  isPlain: boolean;
  /** The first that there is. */
  input?: string;
  begin?: StepFact;
}

export function resumptionFrom(
  facts: readonly TraceFact[],
  { stepId: wanted, input }: FromStep,
): ResumptionOutcome {
  const stepFacts = facts.filter(isOfStep);
  const steps = stepsOf(stepFacts);
  const step = stepNamed(steps, wanted);
  if (typeof step === 'string') return { kind: step };
  const ends = finishedBefore(stepFacts, step.stepId);
  return {
    kind: 'found',
    preset: {
      steps: ends.map((fact) => [fact.stepId, memoOf(fact)]),
      inputs: input === undefined ? [] : [[step.stepId, inputMemo(input)]],
    },
    ...(step.isPlain && { target: { stepId: step.stepId, name: step.name } }),
    finished: ends.map((end) => finishedStep(end, steps.get(end.stepId))),
  };
}

function finishedStep(end: StepFact, known: KnownStep | undefined): FinishedStep {
  const { begin, name = end.name, input = end.input } = known ?? {};
  return {
    ...(begin && { begin: { ...begin, name } }),
    end: { ...end, name, input, op: end.op ?? begin?.op },
  };
}

/**
 * What history is told of steps that a new run has from another: as if they had finished when it began. So its trace
 * is whole, and it can be rerun from a step itself.
 */
export function presetFacts(
  { finished }: Resumption,
  { runId, originalRunId, nowMs }: { runId: string; originalRunId: string; nowMs: number },
): string[] {
  const told = (seq: number, fact: StepFact): string => {
    const { stepId, name, kind, status, attempt, input, output, op, detail } = fact;
    return factText({
      ...{ t: 'step', runId, stepId, name, kind, status, attempt, op, input, output },
      // Without a duration: nothing ran that could be measured.
      ...{ atMs: nowMs, startedAtMs: nowMs, seq },
      detail: { ...detail, memoized_from: originalRunId },
    });
  };
  return finished.flatMap(({ begin, end }, seq) =>
    (begin === undefined ? [end] : [begin, end]).map((fact) => told(seq, fact)),
  );
}

function isOfStep(fact: TraceFact): fact is StepFact {
  return fact.t === 'step' && fact.kind !== 'function';
}

function stepsOf(facts: readonly StepFact[]): ReadonlyMap<string, KnownStep> {
  const steps = new Map<string, KnownStep>();
  for (const fact of facts) {
    const { stepId, name, op, kind } = fact;
    const isPlain = op === undefined ? !otherKinds.has(kind) : plainOps.has(op);
    const step = steps.get(stepId) ?? { stepId, name, isPlain };
    steps.set(stepId, step);
    // Some facts about the end of a wait do not say what its step is called, and none says its opcode.
    if (step.name === '') step.name = name;
    step.isPlain &&= isPlain;
    step.input ??= fact.input;
    if (lastingStatuses.has(fact.status)) step.begin ??= fact;
  }
  return steps;
}

function stepNamed(
  steps: ReadonlyMap<string, KnownStep>,
  wanted: string,
): KnownStep | 'unknown_step' | 'ambiguous_step' {
  const exact = steps.get(wanted) ?? steps.get(stepKeyOf(wanted));
  if (exact !== undefined) return exact;
  const [named, another] = [...steps.values()].filter(({ name }) => name === wanted);
  if (named === undefined) return 'unknown_step';
  return another === undefined ? named : 'ambiguous_step';
}

/** Of each step the first end counts, as in the run's state. */
function finishedBefore(facts: readonly StepFact[], stepId: string): StepFact[] {
  const finished = new Map<string, StepFact>();
  for (const fact of facts) {
    if (!finishedStatuses.has(fact.status) || finished.has(fact.stepId)) continue;
    if (fact.stepId === stepId) break;
    finished.set(fact.stepId, fact);
  }
  return [...finished.values()];
}

function memoOf({ output, kind }: StepFact): string {
  return output ?? (otherKinds.has(kind) ? nullMemo : dataMemo(nullMemo));
}

function inputMemo(input: string): string {
  if (!Array.isArray(JSON.parse(input))) {
    throw new TypeError('the input of a step is a JSON array: one element per argument');
  }
  return `{"input":${input}}`;
}
