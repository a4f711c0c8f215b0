/** WaitForSignal (sdk-http-protocol.md §4.4.4). */
import type { Opcode } from '../../driver/opcode.ts';
import { timeoutAt } from '../../lib/timeout.ts';
import { waitMsDefault } from '../limits.ts';
import { factBase, type PlanContext, type PlanDraft } from '../plan_draft.ts';
import { invalidStep, type RunFailure } from '../run_failure.ts';
import { opcodeFact } from '../step_fact.ts';
import { waitOf } from '../wait.ts';

export function planWaitForSignal(
  op: Opcode,
  context: PlanContext,
  draft: PlanDraft,
): RunFailure | null {
  const { nowMs } = context;
  const { signal, timeout, conflict } = op.opts;
  if (typeof signal !== 'string' || signal === '') {
    return invalidStep(op.displayName, 'it does not say for which signal');
  }
  const end =
    typeof timeout === 'string' && timeout !== ''
      ? timeoutAt(timeout, nowMs)
      : ({ ok: true, atMs: nowMs + waitMsDefault } as const);
  if (!end.ok) return invalidStep(op.displayName, end.message);
  const expiresMs = Math.max(end.atMs, nowMs);
  draft.waits.push({
    ...waitOf(op, context, { kind: 'signal', subject: signal, expression: '', nowMs, expiresMs }),
    conflict: conflict === 'replace' ? 'replace' : 'fail',
    items: [],
    fact: opcodeFact(op, {
      ...factBase(context),
      status: 'Waiting',
      attempt: 0,
      detail: { signal, timeout: new Date(expiresMs).toISOString() },
    }),
  });
  return null;
}
