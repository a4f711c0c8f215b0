/** Expressions of a declared function that are checked where they stand. */
import type { ExpressionRule } from '../../function/expression_rule.ts';
import { type ExpressionUse, expressionProblems } from './expression_rules.ts';
import { cancelScope, startScope, triggerScope } from './expression_scope.ts';
import type { Place } from './finding_list.ts';
import { rulePathOf } from './shared_report.ts';

export function checkExpression(place: Place, text: string | undefined, use: ExpressionUse): void {
  // What has no room in the report is not worth the reading of long texts.
  if (text === undefined || place.list.isFull) return;
  for (const { kind, message } of expressionProblems(text, use)) {
    place.refuse(kind === 'invalid' ? `invalid expression: ${message}` : message);
  }
}

/** For the rules that declared functions share with those of SDKs, which name a place by its path. */
export function sharedExpressionRule(place: Place): ExpressionRule {
  return (path, text) => checkExpression(place.at(...rulePathOf(path)), text, useAt(path));
}

function useAt(path: string): ExpressionUse {
  if (path.startsWith('triggers')) return { scope: triggerScope, wanted: 'boolean' };
  if (path.startsWith('cancel')) return { scope: cancelScope, wanted: 'boolean' };
  if (path === 'batchEvents.if') return { scope: startScope, wanted: 'boolean' };
  return { scope: startScope, wanted: 'any' };
}
