/**
 * What an SDK would have answered: the opcodes of steps and waits. All of them race, so that each branch of a graph
 * goes on by itself: in a group the fastest step would wait for the slowest, a sleep of three days included
 * (sdk-http-protocol.md §4.5).
 */

import type { Opcode } from '../opcode.ts';
import type { StepFailure } from '../step_failure.ts';
import type { GraphEdge, GraphStep } from './graph.ts';
import type { OpenOp } from './walk.ts';

const parallelMode = 'race';

/** Of the steps that share a wait this many are in its name. */
const namesShownMax = 3;

/** When a step ran, in epoch milliseconds. */
export interface Execution {
  readonly startedAtMs: number;
  readonly endedAtMs: number;
}

export function opcodeOf(open: OpenOp): Opcode {
  switch (open.kind) {
    case 'step':
      return planned(open.step);
    case 'wait':
      return sleep(open.edge, open.decision.at ?? '');
    case 'async':
      return wait(open.edge, open.decision.match);
  }
}

/** `dataText` is the canonical text of `data`. */
export function stepRun(
  step: GraphStep,
  output: Pick<Opcode, 'data' | 'dataText'>,
  execution: Execution,
): Opcode {
  return { ...base(step), op: 'StepRun', ...output, timing: timingOf(execution) };
}

/** `isFinal`: no further attempt is to be made. */
export function stepError(
  step: GraphStep,
  error: StepFailure,
  { isFinal, ...execution }: Execution & { readonly isFinal: boolean },
): Opcode {
  const op = isFinal ? 'StepFailed' : 'StepError';
  return { ...base(step), op, error, timing: timingOf(execution) };
}

/**
 * A step was planned and then removed from the document. It ends with an error that people can see, and that no
 * walk of the new document looks at: whatever the run needs by now goes on.
 */
export function removedStep(opId: string): Opcode {
  const message =
    'The step is no longer part of the document. The run goes on without it, by the steps that the document has now.';
  return {
    op: 'StepFailed',
    id: opId,
    displayName: opId,
    opts: { parallelMode },
    error: { name: 'StepRemoved', message },
    parallelMode,
  };
}

/** Nothing to report: when nobody else drives the run, the executor looks at it again. */
export const none: Opcode = { op: 'None', id: '', displayName: '', opts: {}, parallelMode };

function planned(step: GraphStep): Opcode {
  return { ...base(step), op: 'StepPlanned' };
}

function base({ step, opId }: GraphStep) {
  return {
    id: opId,
    displayName: step.name,
    opts: { parallelMode },
    userland: { id: step.id },
    parallelMode,
  } as const;
}

/** `at`: RFC 3339, absolute. However often the sleep is reported, it ends then. */
function sleep({ edge, child, opId }: GraphEdge, at: string): Opcode {
  return {
    op: 'Sleep',
    id: opId,
    displayName: `wait before ${child.step.name}`,
    opts: { duration: at, parallelMode },
    userland: { id: `wait:${edge.from}→${child.step.id}` },
    parallelMode,
  };
}

/** The same whichever of the edges that share the wait reports it. */
function wait({ edge, child, sharers, opId }: GraphEdge, match: string | undefined): Opcode {
  const { event = '', ttl = '' } = edge.async ?? {};
  const names = sharers.slice(0, namesShownMax).map((sharer) => sharer.child.step.name);
  const more = sharers.length - names.length;
  if (more > 0) names.push(`${more} more`);
  const first = sharers[0]?.child ?? child;
  return {
    op: 'WaitForEvent',
    id: opId,
    displayName: `${event} before ${names.join(', ')}`,
    opts: { event, timeout: ttl, ...(match !== undefined && { if: match }), parallelMode },
    userland: { id: `async:${edge.from}→${first.step.id}` },
    parallelMode,
  };
}

const nsPerMs = 1_000_000;

function timingOf({ startedAtMs, endedAtMs }: Execution): { a: number; b: number } {
  return { a: startedAtMs * nsPerMs, b: Math.max(0, endedAtMs - startedAtMs) * nsPerMs };
}
