/** Search over events by CEL: one expression a line over `event`; all must hold. */
import { compileCondition } from '../../expression/strict/condition.ts';
import { parseConditions } from './conditions.ts';
import { documentOf } from './document.ts';
import { namesOf } from './event_names.ts';
import { mayHold, needOf } from './necessary_text.ts';

export interface EventSearch {
  /** Only events with one of these names can match; null for any. */
  readonly names: readonly string[] | null;
  /** Whether the event with this payload (JSON text) satisfies all conditions. */
  matches(payload: string): boolean;
}

/** Throws `QueryError` when the query cannot be used. */
export function compileEventSearch(query: string): EventSearch {
  const trees = parseConditions(query, ['event']).map(({ tree }) => tree);
  const conditions = trees.map((tree) => compileCondition(tree));
  const need = needOf(trees, ['event']);
  return {
    names: namesOf(trees),
    matches(payload) {
      if (!mayHold(need, payload)) return false;
      const event = documentOf(payload);
      const vars = {
        get event() {
          return event.value;
        },
      };
      return conditions.every((holds) => holds(vars));
    },
  };
}
