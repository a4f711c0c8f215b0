/** Expressions of a function, checked when it is registered. */
import { type Policy, validate } from '../expression/validate.ts';
import type { Report, ValidationCode } from './validation_error.ts';

/**
 * Checks an expression that may be absent, and reports it under `path`. Cancellations are held to the
 * restrictive policy (execution.md §24.8).
 */
export type ExpressionRule = (
  path: string,
  text: string | undefined,
  code?: ValidationCode,
  policy?: Policy,
) => void;

export function expressionRule(report: Report): ExpressionRule {
  return (path, text, code = 'config_invalid', policy = 'full') => {
    const validated = text === undefined ? null : validate(text, policy);
    if (validated?.ok !== false) return;
    report.add(path, `invalid expression: ${validated.messages.join('; ')}`, code);
  };
}
