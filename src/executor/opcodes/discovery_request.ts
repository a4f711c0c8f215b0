/** DiscoveryRequest: the SDK wants to be called again, whatever else goes on. */

import type { Opcode } from '../../driver/opcode.ts';
import { runItemId } from '../../queue/item.ts';
import { edgeItem } from '../edge.ts';
import type { PlanContext, PlanDraft } from '../plan_draft.ts';

export function planDiscovery(op: Opcode, context: PlanContext, draft: PlanDraft): null {
  const { runId, nowMs } = context;
  const id = runItemId(runId, 'request', op.id || context.newEventId());
  draft.items.push({
    openStepId: '',
    fact: '',
    item: edgeItem(context, { id, kind: 'edge', atMs: nowMs, nowMs }),
  });
  return null;
}
