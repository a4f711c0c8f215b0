/**
 * Where a run stands: which steps and waits are open, found by walking its graph over what has been stored. Pure, and
 * linear in the graph. More memos never take back what fewer have opened, so walks over an older and a newer
 * state of the same run agree, and what one run reports twice is the same operation.
 *
 * A step is reached by its first taken edge (join `any`), or by the last when all are taken (join `all`). An edge
 * is taken when its parent has ended well, its `if` was true, and its wait is over. When no edge can be taken any
 * more (`all`: one cannot), the step never runs.
 */

import type { EdgeDecision } from './edge_decision.ts';
import type { Graph, GraphEdge, GraphStep } from './graph.ts';
import type { Memos } from './memos.ts';

/** What a run is waiting for. */
export type OpenOp =
  | { readonly kind: 'step'; readonly step: GraphStep }
  | { readonly kind: 'wait' | 'async'; readonly edge: GraphEdge; readonly decision: EdgeDecision };

/** What went wrong, at which place of the order in which operations ended. */
export type Trouble = { readonly position: number } & (
  | { readonly step: GraphStep }
  | { readonly edge: GraphEdge; readonly error: string }
);

/** The event that resumed an async edge. */
interface Resumption {
  readonly position: number;
  readonly eventText: string;
}

export interface Reached {
  /** `pending`: an edge may still be taken. `never`: none can be. `ready`: to be run. */
  readonly state: 'pending' | 'never' | 'ready' | 'failed' | 'done';
  /** The edge by which the step is reached: of several that were needed, the last. */
  readonly by?: GraphEdge;
  /** The event that resumed the last async edge on the way. */
  readonly resumedBy?: Resumption;
}

export interface Walk {
  /** In declared order. */
  readonly open: readonly OpenOp[];
  /** In the order in which things went wrong. */
  readonly troubles: readonly Trouble[];
  readonly reached: ReadonlyMap<GraphStep, Reached>;
}

/** Decides an edge whose parent has ended, when nothing is stored of it. */
export type Decide = (edge: GraphEdge, parent: Reached | undefined) => EdgeDecision;

type EdgeState =
  | { readonly kind: 'pending' | 'dead' }
  | { readonly kind: 'waiting'; readonly op: OpenOp }
  | TakenEdge;

interface TakenEdge {
  readonly kind: 'taken';
  readonly edge: GraphEdge;
  readonly position: number;
  readonly resumedBy?: Resumption;
}

const pending = { kind: 'pending' } as const;
const dead = { kind: 'dead' } as const;
/** Of the trigger: before everything else. */
const startPosition = -1;

export function walk(graph: Graph, memos: Memos, decide: Decide): Walk {
  const reached = new Map<GraphStep, Reached>();
  const waits = new Map<GraphStep, OpenOp[]>();
  const troubles: Trouble[] = [];
  for (const step of graph.ordered) {
    const states = step.after.map((edge) => edgeState(edge, { memos, decide, reached, troubles }));
    const standing = stepState(step, states, memos);
    reached.set(step, standing);
    if (standing.state === 'failed') troubles.push({ position: memos.position(step.opId), step });
    // Of a step that is reached already, or never will be, no edge is waited for.
    if (standing.state !== 'pending') continue;
    waits.set(
      step,
      states.flatMap((state) => (state.kind === 'waiting' ? [state.op] : [])),
    );
  }
  troubles.sort((left, right) => left.position - right.position);
  const open = graph.steps.flatMap((step): readonly OpenOp[] =>
    reached.get(step)?.state === 'ready' ? [{ kind: 'step', step }] : (waits.get(step) ?? []),
  );
  return { open: withoutRepeats(open), troubles, reached };
}

/** Of edges that share a wait the first reports it. */
function withoutRepeats(open: readonly OpenOp[]): OpenOp[] {
  const reported = new Set<string>();
  return open.filter((op) => {
    if (op.kind === 'step') return true;
    const isNew = !reported.has(op.edge.opId);
    reported.add(op.edge.opId);
    return isNew;
  });
}

interface Surroundings {
  readonly memos: Memos;
  readonly decide: Decide;
  readonly reached: ReadonlyMap<GraphStep, Reached>;
  readonly troubles: Trouble[];
}

function edgeState(edge: GraphEdge, around: Surroundings): EdgeState {
  const { parent } = edge;
  const { memos, reached } = around;
  const standing = parent === null ? undefined : reached.get(parent);
  if (standing?.state === 'never' || standing?.state === 'failed') return dead;
  const hasWaited = edge.kind !== 'plain' && memos.text(edge.opId) !== undefined;
  const isSettled = parent === null && isNoMatterNow(edge, memos);
  // What has been waited for to the end was decided once, whatever the document says by now. Where others wait for
  // the same, it may have been for them alone.
  if (hasWaited && (isSettled || edge.sharers.length === 1))
    return endedWait(edge, memos, standing);
  if (isSettled) return { kind: 'taken', edge, position: startPosition };
  if (parent !== null && standing?.state !== 'done') return pending;
  const position = parent === null ? startPosition : memos.position(parent.opId);
  const decision = around.decide(edge, standing);
  if (decision.error !== undefined) {
    around.troubles.push({ position, edge, error: decision.error });
  }
  if (!decision.taken) return dead;
  if (hasWaited) return endedWait(edge, memos, standing);
  if (edge.kind !== 'plain') {
    return { kind: 'waiting', op: { kind: edge.kind, edge, decision } };
  }
  return { kind: 'taken', edge, position, resumedBy: standing?.resumedBy };
}

/**
 * Whether the step has run already, and can only have done so by way of this edge. Edges from the trigger are decided
 * at each call; those need not be.
 */
function isNoMatterNow({ child }: GraphEdge, memos: Memos): boolean {
  const isOnlyWay = child.after.length === 1 || child.step.join === 'all';
  return isOnlyWay && memos.text(child.opId) !== undefined;
}

/** A wait is over, or the event of an async edge came or did not. */
function endedWait(edge: GraphEdge, memos: Memos, parent: Reached | undefined): EdgeState {
  const position = memos.position(edge.opId);
  const came = edge.kind === 'async' && memos.text(edge.opId) !== 'null';
  const isWanted = edge.kind === 'wait' || came !== edge.edge.async?.onTimeout;
  if (!isWanted) return dead;
  const eventText = came ? memos.text(edge.opId) : undefined;
  const resumedBy = eventText === undefined ? parent?.resumedBy : { position, eventText };
  return { kind: 'taken', edge, position, resumedBy };
}

function stepState(step: GraphStep, states: readonly EdgeState[], memos: Memos): Reached {
  const ways = states.filter((state) => state.kind === 'taken');
  const way = step.step.join === 'all' ? joined(ways) : first(ways);
  const rest = { by: way?.edge, resumedBy: way?.resumedBy };
  if (memos.text(step.opId) !== undefined) {
    return { state: memos.hasFailed(step.opId) ? 'failed' : 'done', ...rest };
  }
  return { state: openState(step, states, ways.length), ...rest };
}

function openState(
  { step }: GraphStep,
  states: readonly EdgeState[],
  waysCount: number,
): 'pending' | 'never' | 'ready' {
  const isDead = (state: EdgeState): boolean => state.kind === 'dead';
  const never = step.join === 'all' ? states.some(isDead) : states.every(isDead);
  if (never || states.length === 0) return 'never';
  const isReady = step.join === 'all' ? waysCount === states.length : waysCount > 0;
  return isReady ? 'ready' : 'pending';
}

/** The way that was open first; of several at once, the first that was declared. */
function first(ways: readonly TakenEdge[]): TakenEdge | undefined {
  return ways.reduce<TakenEdge | undefined>(
    (best, way) => (best === undefined || way.position < best.position ? way : best),
    undefined,
  );
}

/** The way that completed a join, with the latest event of all of them. */
function joined(ways: readonly TakenEdge[]): TakenEdge | undefined {
  const [start] = ways;
  return ways.reduce<TakenEdge | undefined>((last, way) => {
    if (last === undefined) return way;
    const later = way.position > last.position ? way : last;
    return { ...later, resumedBy: laterOf(last.resumedBy, way.resumedBy) };
  }, start);
}

function laterOf(one?: Resumption, other?: Resumption): Resumption | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return other.position > one.position ? other : one;
}
