/**
 * The steps of a function that is declared in a document, and the edges that lead to them (cue-config.md §1.3, §1.4,
 * §6). The server itself walks them; what stands here has been found valid.
 */

/** Where every run begins: the parent of steps that follow no other step. */
export const triggerStep = '$trigger';

/** Stands for an `after` entry: one way by which a step can be reached. */
export interface DagEdge {
  /** The id of a step, or `$trigger`. */
  readonly from: string;
  /** CEL over `event`, `steps`, `response` and `async`; the edge is dropped when it is false. */
  readonly if?: string;
  /** Duration text or CEL (a time, a duration, or seconds). Without effect next to `async`. */
  readonly wait?: string;
  readonly async?: {
    readonly event: string;
    /** Duration text. */
    readonly ttl: string;
    /** CEL over `event`, `steps`, `response` and `async`, the event that came. */
    readonly match?: string;
    /** True: the edge is taken when the event did not come in time. False: when it came. */
    readonly onTimeout: boolean;
  };
}

export interface DagStep {
  readonly id: string;
  /** For people; the id when none was given. */
  readonly name: string;
  /** http or https; called with POST. */
  readonly url: string;
  /** Executions in all, from 1. */
  readonly attempts: number;
  /** Whether the first edge that is taken runs the step, or only all of them together. */
  readonly join: 'any' | 'all';
  /** At least one. No two have the same `from`. */
  readonly after: readonly DagEdge[];
}

/**
 * What an edge waits for, as a key: null when it takes no time. Edges from one parent that wait for the same event share
 * one wait, so that of an edge for its coming and one for its absence exactly one is taken.
 */
export function waitKeyOf({ from, wait, async }: DagEdge, childId: string): string | null {
  if (async !== undefined) {
    const { event, ttl, match = null } = async;
    return JSON.stringify(['async', from, event, ttl, match]);
  }
  return wait === undefined ? null : JSON.stringify(['wait', from, childId]);
}

/** Steps in declared order. Every one can be reached from `$trigger`, and none from itself. */
export interface Dag {
  readonly steps: readonly DagStep[];
}
