/**
 * Controls that are checked and kept, and that the server does not act on yet: it comes with flow control. Then this
 * file goes, with its call in `flow_rules.ts`.
 */
import type { Place } from './finding_list.ts';
import type { FunctionShape } from './function_shape.ts';

const fields = ['throttle', 'rateLimit', 'debounce', 'batch', 'priority', 'singleton'] as const;

/** One warning for a function, at the first of them. */
export function warnOfLater(place: Place, shape: FunctionShape): void {
  // What idempotency takes the place of has a warning of its own.
  const replaced: readonly string[] =
    shape.idempotency === undefined ? [] : ['throttle', 'rateLimit'];
  const given = fields.filter((field) => shape[field] !== undefined && !replaced.includes(field));
  const [first] = given;
  if (first === undefined) return;
  const [are, act] = given.length === 1 ? ['is', 'does'] : ['are', 'do'];
  place
    .at(first)
    .warn(
      `${given.join(', ')} ${are} checked and kept, and ${act} not act yet: flow control comes with a later release`,
    );
}
