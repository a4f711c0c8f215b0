/**
 * What the crash suite asks of a server, decided before it is asked: scenarios of every kind, the same ones for the
 * same seed. The app carries plans out, the load sends their events, the model predicts what comes of them.
 */
import { type Random, seededRandom } from './random.ts';

/** How a step or a function body fails: on every attempt, or at once and for good. */
export type Failing = 'every_attempt' | 'non_retriable';

/** A step of a run; `id` is its name and unique within the run. */
export type Step =
  | { readonly kind: 'run'; readonly id: string; readonly workMs: number }
  | { readonly kind: 'flaky'; readonly id: string; readonly failures: number }
  | { readonly kind: 'caught'; readonly id: string; readonly failing: Failing }
  | { readonly kind: 'sleep'; readonly id: string; readonly seconds: number }
  /** For an event that is sent again and again until it has been seen. */
  | { readonly kind: 'wait'; readonly id: string }
  /** The same with a timeout that may come first. */
  | { readonly kind: 'raced'; readonly id: string }
  /** For an event that nobody sends. */
  | { readonly kind: 'timeout'; readonly id: string; readonly seconds: number }
  | { readonly kind: 'invoke'; readonly id: string; readonly child: Workflow };
export type Part = Step | { readonly kind: 'parallel'; readonly of: readonly Step[] };

/** What the function body does after its last step. */
export type Ending =
  | { readonly kind: 'returns' }
  | { readonly kind: 'returns_after'; readonly failures: number }
  | { readonly kind: 'throws'; readonly failing: Failing }
  | { readonly kind: 'step_throws'; readonly id: string; readonly failing: Failing };

export interface Workflow {
  readonly parts: readonly Part[];
  readonly ending: Ending;
}

/** `key` is the id of the event that starts it, or what the ids of its events begin with. */
export type Scenario =
  | { readonly kind: 'workflow'; readonly key: string; readonly workflow: Workflow }
  /** At most `laneLimit` of its runs' calls at once. */
  | {
      readonly kind: 'lane';
      readonly key: string;
      readonly workflow: Workflow;
      readonly lane: string;
    }
  /** Waits for ever and is cancelled. */
  | {
      readonly kind: 'cancelled';
      readonly key: string;
      readonly workflow: Workflow;
      readonly by: 'event' | 'api';
    }
  /** Many events in one request; each starts two functions. */
  | { readonly kind: 'batch'; readonly key: string; readonly count: number }
  /** An event that starts nothing. */
  | { readonly kind: 'noise'; readonly key: string };

/** Retries of every function of the app. */
export const retries = 2;
export const laneLimit = 2;
const laneCount = 3;

/** Functions that each event starts, by the event's name. */
export const startedBy: Readonly<Record<string, readonly string[]>> = {
  'crash/workflow': ['workflow'],
  'crash/lane': ['lane'],
  'crash/cancelled': ['cancelled'],
  'crash/echo': ['echo', 'echo-too'],
  'crash/noise': [],
  'crash/approval': [],
  'crash/cancel': [],
};

/** Name of the event that starts a scenario's runs. */
export const eventNames: Readonly<Record<Scenario['kind'], string>> = {
  workflow: 'crash/workflow',
  lane: 'crash/lane',
  cancelled: 'crash/cancelled',
  batch: 'crash/echo',
  noise: 'crash/noise',
};

/** The scenario of that number; the same for the same seed, whatever happened before. */
export function scenarioOf(seed: number, number: number): Scenario {
  const random = seededRandom(seed, number);
  const key = `r${seed}-${number}`;
  const dice = random.between(1, 20);
  if (dice <= 11) return { kind: 'workflow', key, workflow: workflowOf(random) };
  if (dice <= 14) {
    const lane = `lane-${random.between(1, laneCount)}`;
    const steps = random.between(1, 3);
    const parts = Array.from({ length: steps }, (_, at) => runStep(`s${at}`, random));
    return { kind: 'lane', key, lane, workflow: { parts, ending: { kind: 'returns' } } };
  }
  if (dice <= 18) {
    const by = random.pick<'event' | 'api'>(['event', 'api']);
    return { kind: 'cancelled', key, by, workflow: endless(random) };
  }
  if (dice <= 19) return { kind: 'batch', key, count: random.between(5, 80) };
  return { kind: 'noise', key };
}

function workflowOf(random: Random): Workflow {
  const parts: Part[] = Array.from({ length: random.between(1, 5) }, (_, at) => {
    if (!random.isOneIn(4)) return stepOf(`s${at}`, random);
    const width = random.between(2, 4);
    const of = Array.from({ length: width }, (__, branch) => stepOf(`s${at}-${branch}`, random));
    return { kind: 'parallel', of };
  });
  return { parts, ending: endingOf(random) };
}

function stepOf(id: string, random: Random): Step {
  const kind = random.pick([
    ...(['run', 'run', 'run', 'run', 'flaky', 'caught', 'sleep'] as const),
    ...(['wait', 'raced', 'timeout', 'invoke', 'invoke'] as const),
  ]);
  switch (kind) {
    case 'run':
      return runStep(id, random);
    case 'flaky':
      return { kind, id, failures: random.between(1, retries) };
    case 'caught':
      return { kind, id, failing: failingOf(random) };
    case 'sleep':
    case 'timeout':
      return { kind, id, seconds: random.between(1, 2) };
    case 'wait':
    case 'raced':
      return { kind, id };
    case 'invoke':
      return { kind, id, child: childOf(random) };
  }
}

function runStep(id: string, random: Random): Step {
  return { kind: 'run', id, workMs: random.isOneIn(2) ? random.between(10, 250) : 0 };
}

function failingOf(random: Random): Failing {
  return random.pick(['every_attempt', 'non_retriable']);
}

function endingOf(random: Random): Ending {
  if (!random.isOneIn(4)) return { kind: 'returns' };
  const failing = failingOf(random);
  return random.pick<Ending>([
    { kind: 'returns_after', failures: random.between(1, retries) },
    { kind: 'throws', failing },
    { kind: 'step_throws', id: 'last', failing },
  ]);
}

function childOf(random: Random): Workflow {
  const parts: Part[] = [runStep('c0', random)];
  if (random.isOneIn(3)) parts.push({ kind: 'sleep', id: 'c1', seconds: 1 });
  const ending: Ending = random.isOneIn(4)
    ? { kind: 'throws', failing: 'non_retriable' }
    : { kind: 'returns' };
  return { parts, ending };
}

const hourS = 3600;

/** Something of everything that a cancellation has to clear away. */
function endless(random: Random): Workflow {
  const sleep: Step = { kind: 'sleep', id: 's1', seconds: hourS };
  const wait: Step = { kind: 'timeout', id: 's2', seconds: hourS };
  const rest: Part = random.pick<Part>([wait, sleep, { kind: 'parallel', of: [sleep, wait] }]);
  return { parts: [runStep('s0', random), rest], ending: { kind: 'returns' } };
}

/** All steps of a workflow in order, those of its parallel groups among them. */
export function stepsOf({ parts }: Workflow): Step[] {
  return parts.flatMap((part) => (part.kind === 'parallel' ? part.of : [part]));
}

/** The `eid` of a run that a step invokes. */
export function childKey(eid: string, stepId: string): string {
  return `${eid}/${stepId}`;
}

export function failureOf(eid: string, stepId: string): string {
  return `${eid} ${stepId} fails`;
}
