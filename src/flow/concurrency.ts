/** Concurrency limits: which keys a run's items carry, and what a function may have in flight (execution.md §15.5). */
import { createHash } from 'node:crypto';
import type { EventPayload } from '../event/event.ts';
import { evaluateKey } from '../expression/expression.ts';
import {
  accountId,
  type ConcurrencyLimit,
  environmentId,
  type FunctionDefinition,
} from '../function/definition.ts';
import type { ConcurrencyKey } from '../queue/item.ts';

/** Requests in flight for all functions together, unless they ask for less. */
export const accountLimitDefault = 1_000;

/** Keys of the step-level limits, evaluated once from the first event. */
export function concurrencyKeysOf(fn: FunctionDefinition, event: EventPayload): ConcurrencyKey[] {
  return fn.concurrency
    .filter((limit) => limit.key !== undefined && limit.limit > 0)
    .map((limit) => ({ key: canonicalKey(fn, limit, event), limit: limit.limit }));
}

/** The limit of the function itself: its entry without a key; 0 for none. */
export function functionLimit(fn: FunctionDefinition): number {
  const own = fn.concurrency.find((limit) => limit.key === undefined && limit.scope === 'fn');
  return own?.limit ?? 0;
}

/**
 * `<f|e|a>:<owner>:<hash of the expression>:<hash of the value>`. Functions share an env or account key only when
 * they use the same expression.
 */
function canonicalKey(
  fn: FunctionDefinition,
  limit: ConcurrencyLimit,
  event: EventPayload,
): string {
  const expression = limit.key ?? '';
  const evaluated = evaluateKey(expression, { event });
  // Missing paths and errors share one bucket (execution.md §15.1).
  const value = evaluated.ok && evaluated.key !== false ? evaluated.key : 'false';
  const owners = {
    fn: ['f', fn.id],
    env: ['e', environmentId],
    account: ['a', accountId],
  } as const;
  return [...owners[limit.scope], shortHash(expression), shortHash(value)].join(':');
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 16);
}
