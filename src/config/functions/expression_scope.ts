/**
 * Which names an expression of a declared function may use, by when it is evaluated, and what it has to give
 * (cue-config.md §7.3). `steps` and `response` are there only while a run follows an edge.
 */
import type { Policy } from '../../expression/validate.ts';

export interface ExpressionScope {
  readonly names: readonly string[];
  /** Why names of other scopes are missing in this one. */
  readonly reason: string;
  readonly policy: Policy;
}

/** Everything that has a value at some time in a run. */
export const runNames: readonly string[] = ['event', 'steps', 'response', 'async'];

export const triggerScope: ExpressionScope = {
  names: ['event'],
  reason: 'a trigger is decided before there is a run; only event is known then',
  policy: 'full',
};

/** Keys, priorities and the condition of a batch. */
export const startScope: ExpressionScope = {
  names: ['event'],
  reason: 'this is decided before the run begins; only event is known then',
  policy: 'full',
};

export const edgeScope: ExpressionScope = { names: runNames, reason: '', policy: 'full' };

export const cancelScope: ExpressionScope = {
  names: ['event', 'async'],
  reason:
    "a cancellation is compared when an event comes, without the run's steps; only event and async, the event that came, are known then",
  policy: 'restrictive',
};
