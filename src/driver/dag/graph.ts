/**
 * A function's steps as a graph: who follows whom, in an order in which every step comes after what it follows, and
 * under which ids the run's state knows steps and edges.
 */

import {
  type Dag,
  type DagEdge,
  type DagStep,
  triggerStep,
  waitKeyOf,
} from '../../function/dag.ts';
import { stepKeyOf } from '../../trace/step_key.ts';

export interface GraphStep {
  readonly step: DagStep;
  /** As SDKs hash it, so that APIs find the step by its plain id. */
  readonly opId: string;
  /** The edges that lead here, in the order in which they were declared. */
  readonly after: readonly GraphEdge[];
  /** The edges that lead on. */
  readonly before: readonly GraphEdge[];
}

/** `plain` edges take no time; the others have an operation of their own, which the run waits for. */
export type EdgeKind = 'plain' | 'wait' | 'async';

export interface GraphEdge {
  readonly edge: DagEdge;
  readonly kind: EdgeKind;
  /** Null for the trigger. */
  readonly parent: GraphStep | null;
  readonly child: GraphStep;
  /** Of the wait; '' for a plain edge. Known by the first edge that shares it, so that it outlives other changes. */
  readonly opId: string;
  /** The edges that wait for the same, as declared, itself among them: one operation serves them all. */
  readonly sharers: readonly GraphEdge[];
  /** Whether something has to be found out when the parent ends. */
  readonly isDecided: boolean;
}

export interface Graph {
  /** As declared. */
  readonly steps: readonly GraphStep[];
  /** Each step after all that it follows. */
  readonly ordered: readonly GraphStep[];
  readonly byOpId: ReadonlyMap<string, GraphStep>;
}

interface OpenStep extends GraphStep {
  readonly after: GraphEdge[];
  readonly before: GraphEdge[];
}

/** Definitions are replaced whole when a document changes, and so are their graphs. */
const graphs = new WeakMap<Dag, Graph>();

export function graphOf(dag: Dag): Graph {
  const known = graphs.get(dag);
  if (known !== undefined) return known;
  const graph = makeGraph(dag);
  graphs.set(dag, graph);
  return graph;
}

function makeGraph(dag: Dag): Graph {
  const byId = new Map<string, OpenStep>();
  for (const step of dag.steps) {
    byId.set(step.id, { step, opId: stepKeyOf(step.id), after: [], before: [] });
  }
  const steps = [...byId.values()];
  const waits = new Map<string, GraphEdge[]>();
  for (const child of steps) {
    for (const edge of child.step.after) {
      const parent = edge.from === triggerStep ? null : byId.get(edge.from);
      if (parent === undefined) continue;
      const linked = linkedEdge(edge, parent, child, waits);
      child.after.push(linked);
      parent?.before.push(linked);
    }
  }
  const byOpId = new Map(steps.map((step) => [step.opId, step]));
  return { steps, ordered: inOrder(steps), byOpId };
}

/** `waits`: the edges of each wait so far; the new one is added to its own. */
function linkedEdge(
  edge: DagEdge,
  parent: GraphStep | null,
  child: GraphStep,
  waits: Map<string, GraphEdge[]>,
): GraphEdge {
  const kind = edge.async ? 'async' : edge.wait !== undefined ? 'wait' : 'plain';
  const key = waitKeyOf(edge, child.step.id);
  const sharers = (key !== null && waits.get(key)) || [];
  const firstId = sharers[0]?.child.step.id ?? child.step.id;
  const opId = key === null ? '' : stepKeyOf(JSON.stringify([kind, edge.from, firstId]));
  const isDecided = kind !== 'plain' || edge.if !== undefined;
  const linked = { edge, kind, parent, child, opId, sharers, isDecided } as const;
  sharers.push(linked);
  if (key !== null) waits.set(key, sharers);
  return linked;
}

/** Loading a document has refused cycles; steps of one would be left out here, and never run. */
function inOrder(steps: readonly GraphStep[]): GraphStep[] {
  const missing = new Map<GraphStep, number>();
  for (const step of steps) {
    missing.set(step, step.after.filter(({ parent }) => parent !== null).length);
  }
  const ordered = steps.filter((step) => missing.get(step) === 0);
  // Grows while it is walked, by each step once.
  for (const step of ordered) {
    for (const { child } of step.before) {
      const left = (missing.get(child) ?? 0) - 1;
      missing.set(child, left);
      if (left === 0) ordered.push(child);
    }
  }
  return ordered;
}

/** For people: `"score" → "approve"`. */
export function edgeName({ edge, child }: GraphEdge): string {
  return `"${edge.from}" → "${child.step.id}"`;
}
