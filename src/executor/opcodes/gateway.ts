/**
 * Gateway and AIGateway: the server makes the request, in an item of its own. So a step that is reported twice
 * is requested once, and a failed request is retried without calling the app again (sdk-http-protocol.md §5).
 */

import { z } from 'zod';
import type { Opcode } from '../../driver/opcode.ts';
import { runItemId } from '../../queue/item.ts';
import { edgeItem } from '../edge.ts';
import { factBase, type PlanContext, type PlanDraft } from '../plan_draft.ts';
import { opcodeFact } from '../step_fact.ts';

const gatewayDataSchema = z.object({
  functionId: z.string(),
  op: z.object({
    op: z.enum(['Gateway', 'AIGateway']),
    id: z.string(),
    displayName: z.string(),
    opts: z.record(z.string(), z.unknown()),
    parallelMode: z.enum(['wait', 'race']),
  }),
});

/** `data` of a `gateway` item. It can hold a provider's key, so it is never shown or logged. */
export function parseGatewayData(data: string): { functionId: string; op: Opcode } {
  return gatewayDataSchema.parse(JSON.parse(data));
}

export function planGateway(op: Opcode, context: PlanContext, draft: PlanDraft): null {
  const { runId, nowMs, metadata } = context;
  const { op: name, id, displayName, opts, parallelMode } = op;
  const edge = edgeItem(context, {
    id: runItemId(runId, 'gateway', id),
    kind: 'edge',
    atMs: nowMs,
    nowMs,
  });
  draft.items.push({
    openStepId: id,
    fact: opcodeFact(
      { ...op, opts: { type: opts.type } },
      { ...factBase(context), status: 'Running', attempt: 0 },
    ),
    item: {
      ...edge,
      kind: 'gateway',
      data: JSON.stringify({
        functionId: metadata.functionId,
        op: { op: name, id, displayName, opts, parallelMode },
      }),
    },
  });
  return null;
}
