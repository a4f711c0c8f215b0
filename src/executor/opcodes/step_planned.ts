/** StepPlanned: the step is run by a call of its own, with attempts of its own. */

import type { Opcode } from '../../driver/opcode.ts';
import { runItemId } from '../../queue/item.ts';
import { edgeItem } from '../edge.ts';
import { factBase, type PlanContext, type PlanDraft } from '../plan_draft.ts';
import { opcodeFact } from '../step_fact.ts';

export function planStepPlanned(op: Opcode, context: PlanContext, draft: PlanDraft): null {
  const { runId, nowMs } = context;
  draft.items.push({
    openStepId: op.id,
    fact: opcodeFact(op, { ...factBase(context), status: 'Queued', attempt: 0 }),
    item: edgeItem(context, {
      id: runItemId(runId, 'plan', op.id),
      kind: 'edge',
      atMs: nowMs,
      nowMs,
      target: { stepId: op.id, name: op.displayName },
    }),
  });
  return null;
}
