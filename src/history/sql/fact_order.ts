/** The order in which things happened in a run. Reruns from a step rely on it (execution.md §18). */
import type { StepStatus, TraceFact } from '../fact.ts';
import { factKey } from './fact_key.ts';

/**
 * By time; in the same millisecond in the order in which things happen to a step, and then in which the app reported
 * them. Never 0 for two facts of a run, so that it does not matter in which order a database has them.
 */
export function inOrder(a: TraceFact, b: TraceFact): number {
  return (
    a.atMs - b.atMs ||
    rankOf(a) - rankOf(b) ||
    seqOf(a) - seqOf(b) ||
    beginOf(a) - beginOf(b) ||
    (factKey(a) < factKey(b) ? -1 : 1)
  );
}

/** Only what apps report has a place. */
function seqOf(fact: TraceFact): number {
  return fact.t === 'step' && fact.seq !== undefined ? fact.seq : -1;
}

/** Servers before this one did not say in which order steps were reported. */
function beginOf(fact: TraceFact): number {
  return fact.t === 'step' && fact.startedAtMs !== undefined ? fact.startedAtMs : fact.atMs;
}

const stepRanks: Readonly<Partial<Record<StepStatus, number>>> = {
  Queued: 1,
  Running: 2,
  Sleeping: 3,
  Waiting: 3,
  Invoking: 3,
  Errored: 4,
};

function rankOf(fact: TraceFact): number {
  switch (fact.t) {
    case 'call.started':
      return 0;
    case 'step':
      return stepRanks[fact.status] ?? 5;
    case 'call.ended':
    case 'defer':
      return 6;
    case 'userland':
      return 7;
    case 'metadata':
      return 8;
  }
}
