/** Triggers of declared functions: the rules that all functions share, and what documents add to them. */
import { checkTriggers } from '../../function/trigger_rules.ts';
import { quote } from '../../function/validation.ts';
import { Report } from '../../function/validation_error.ts';
import { sharedExpressionRule } from './expression_place.ts';
import type { Place } from './finding_list.ts';
import type { TriggerShape } from './function_shape.ts';
import { refuseReported } from './shared_report.ts';

export function checkTriggerList(place: Place, triggers: readonly TriggerShape[]): void {
  const at = place.at('triggers');
  if (triggers.length === 0) {
    at.refuse('at least one trigger is required, an event or a cron');
    return;
  }
  const report = new Report('', '');
  const inputs = triggers.map(({ event, expression, cron, jitter }) => ({
    event,
    expression,
    cron,
    jitter,
  }));
  checkTriggers(inputs, report, sharedExpressionRule(place));
  refuseReported(report, place);
  for (const [index, trigger] of triggers.entries()) checkFields(at.at(index), trigger);
}

function checkFields(
  at: Place,
  { event, expression, cron, jitter, definition }: TriggerShape,
): void {
  if (event !== undefined && cron !== undefined) return;
  if (event !== undefined && jitter !== undefined) {
    at.at('jitter').refuse('only a cron has jitter; an event starts its run at once');
  }
  if (event === undefined && cron !== undefined && expression !== undefined) {
    at.at('expression').refuse(
      'only an event has an expression; a cron starts a run at every tick',
    );
  }
  if (definition === undefined) return;
  if (event === undefined && cron !== undefined) {
    at.at('definition').refuse('only an event has a definition');
    return;
  }
  const { def } = definition;
  const isFile = typeof def === 'string' && def.startsWith('file://');
  const unread = isFile ? `; ${quote(def)} is not read` : '';
  at.at('definition').warn(`for readers only: events are not checked against it${unread}`);
}
