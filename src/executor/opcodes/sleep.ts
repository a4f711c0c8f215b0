/** Sleep: the item that wakes the run makes the discovery call itself (sdk-http-protocol.md §4.4.2). */

import type { Opcode } from '../../driver/opcode.ts';
import { sleepEndsAt } from '../../lib/timeout.ts';
import { runItemId } from '../../queue/item.ts';
import { edgeItem } from '../edge.ts';
import { waitMsMax } from '../limits.ts';
import { factBase, type PlanContext, type PlanDraft } from '../plan_draft.ts';
import { invalidStep, type RunFailure, sleepTooLong } from '../run_failure.ts';
import { opcodeFact } from '../step_fact.ts';

export function planSleep(op: Opcode, context: PlanContext, draft: PlanDraft): RunFailure | null {
  const { runId, nowMs } = context;
  const { duration } = op.opts;
  // Go sends opts.duration; JS and Python send the name.
  const text = typeof duration === 'string' && duration !== '' ? duration : (op.name ?? '');
  const end = sleepEndsAt(text, nowMs);
  if (!end.ok) return invalidStep(op.displayName, end.message);
  if (end.atMs - nowMs > waitMsMax) return sleepTooLong(text);
  const atMs = Math.max(end.atMs, nowMs);
  draft.items.push({
    openStepId: op.id,
    fact: opcodeFact(op, {
      ...factBase(context),
      status: 'Sleeping',
      attempt: 0,
      detail: { until: new Date(atMs).toISOString() },
    }),
    item: edgeItem(context, {
      id: runItemId(runId, 'sleep', op.id),
      kind: 'sleep',
      atMs,
      nowMs,
      slept: {
        stepId: op.id,
        name: op.displayName,
        parallelMode: op.parallelMode,
        startedAtMs: nowMs,
      },
    }),
  });
  return null;
}
