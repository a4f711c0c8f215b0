/** Limits, keys, cancellations and timeouts of declared functions. */
import { checkBatch, checkCancellations, checkRate } from '../../function/validation.ts';
import { Report } from '../../function/validation_error.ts';
import { checkCancelTimeout, checkDuration } from './duration_rules.ts';
import { warnOfWildcard } from './event_name.ts';
import { checkExpression, sharedExpressionRule } from './expression_place.ts';
import { startScope } from './expression_scope.ts';
import type { Place } from './finding_list.ts';
import { flowOf } from './function_declaration.ts';
import type { FunctionShape } from './function_shape.ts';
import { warnOfLater } from './later_release.ts';
import { refuseReported } from './shared_report.ts';

export function checkFlow(place: Place, shape: FunctionShape): void {
  const { idempotency, priority, singleton, timeouts, debounce, cancel } = shape;
  const report = new Report('', '');
  const expression = sharedExpressionRule(place);
  const flow = flowOf(shape);
  // What idempotency takes the place of is checked all the same: it is there to be used again.
  checkRate({ ...flow, idempotency: undefined }, report, expression);
  expression('idempotency', idempotency);
  checkBatch(flow, report, expression);
  // Timeouts are left out: those of SDKs are ignored when they cannot be read.
  const events = cancel.map((one) => ({ event: one.event, if: one.if, timeout: undefined }));
  checkCancellations({ cancel: events }, report, expression);
  refuseReported(report, place);
  const number = { scope: startScope, wanted: 'number' } as const;
  checkExpression(place.at('priority', 'run'), priority?.run, number);
  expression('singleton.key', singleton?.key);
  checkDuration(place.at('timeouts', 'start'), timeouts?.start);
  checkDuration(place.at('timeouts', 'finish'), timeouts?.finish);
  checkDuration(place.at('debounce', 'timeout'), debounce?.timeout);
  for (const [index, { event, timeout }] of cancel.entries()) {
    warnOfWildcard(place.at('cancel', index, 'event'), event);
    checkCancelTimeout(place.at('cancel', index, 'timeout'), timeout);
  }
  warnOfReplaced(place, shape);
  warnOfLater(place, shape);
}

/** cue-config.md §4.1 */
function warnOfReplaced(place: Place, { idempotency, throttle, rateLimit }: FunctionShape): void {
  if (idempotency === undefined) return;
  const effect = 'without effect next to idempotency, which allows one run per value in 24 hours';
  if (throttle !== undefined) place.at('throttle').warn(effect);
  if (rateLimit !== undefined) place.at('rateLimit').warn(effect);
}
