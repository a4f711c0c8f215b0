/** WaitForEvent (sdk-http-protocol.md §4.4.3, execution.md §11.3). */
import type { Opcode } from '../../driver/opcode.ts';
import { interpolate } from '../../expression/interpolate.ts';
import { validate } from '../../expression/validate.ts';
import { timeoutAt } from '../../lib/timeout.ts';
import { waitMsMax } from '../limits.ts';
import { factBase, type PlanContext, type PlanDraft } from '../plan_draft.ts';
import { invalidExpression, invalidStep, type RunFailure, waitTooLong } from '../run_failure.ts';
import { opcodeFact } from '../step_fact.ts';
import { waitOf } from '../wait.ts';

export function planWaitForEvent(
  op: Opcode,
  context: PlanContext,
  draft: PlanDraft,
): RunFailure | null {
  const { nowMs } = context;
  const { event, if: condition, timeout } = op.opts;
  const eventName = typeof event === 'string' && event !== '' ? event : (op.name ?? '');
  if (eventName === '') return invalidStep(op.displayName, 'it does not say for which event');
  // An empty timeout is over at once: JS sends it for negative durations.
  const timeoutText = typeof timeout === 'string' ? timeout : '';
  const end = timeoutAt(timeoutText, nowMs);
  if (!end.ok) return invalidStep(op.displayName, end.message);
  if (end.atMs - nowMs > waitMsMax) return waitTooLong(timeoutText);
  const expression = storedCondition(condition, context);
  if (typeof expression !== 'string') return expression;
  const expiresMs = Math.max(end.atMs, nowMs);
  draft.waits.push({
    ...waitOf(op, context, { kind: 'event', subject: eventName, expression, nowMs, expiresMs }),
    conflict: '',
    items: [],
    fact: opcodeFact(op, {
      ...factBase(context),
      status: 'Waiting',
      attempt: 0,
      detail: {
        event: eventName,
        expression: expression === '' ? null : expression,
        timeout: new Date(expiresMs).toISOString(),
      },
    }),
  });
  return null;
}

/** The condition with the run's own event filled in; '' for none. */
function storedCondition(condition: unknown, context: PlanContext): string | RunFailure {
  if (typeof condition !== 'string' || condition === '') return '';
  const valid = validate(condition, 'full');
  if (!valid.ok) return invalidExpression(valid.messages.join('\n'));
  const events: unknown = JSON.parse(context.events);
  const event: unknown = Array.isArray(events) ? events[0] : undefined;
  const interpolated = interpolate(condition, { event });
  return interpolated.ok ? interpolated.text : invalidExpression(interpolated.message);
}
