/** What stands on the edges between steps: conditions, waits, events (cue-config.md §1.4, §6.3, §6.4). */
import { triggerStep } from '../../function/dag.ts';
import { quote } from '../../function/validation.ts';
import { reachable } from './cycles.ts';
import { checkDuration, checkWait } from './duration_rules.ts';
import { warnOfWildcard } from './event_name.ts';
import { checkExpression } from './expression_place.ts';
import { referencesOf } from './expression_rules.ts';
import { edgeScope } from './expression_scope.ts';
import type { Place } from './finding_list.ts';
import type { EdgeShape, FoundStep } from './function_shape.ts';

/** `place` is that of the steps. */
export function checkEdges(place: Place, steps: readonly FoundStep[]): void {
  const stepIds = new Set(steps.map(({ id }) => id));
  const before = place.list.findingCount;
  eachEdge(place, steps, (at, edge) => checkEdge(at, edge, stepIds));
  // Doubts about what has to be changed anyway help nobody.
  if (place.list.findingCount > before) return;
  const order = orderOf(steps);
  eachEdge(place, steps, (at, edge, id) => warnOfEarly(at, edge, id, order));
}

function eachEdge(
  place: Place,
  steps: readonly FoundStep[],
  visit: (at: Place, edge: EdgeShape, id: string) => void,
): void {
  for (const { id, shape } of steps) {
    for (const [index, edge] of (shape?.after ?? []).entries()) {
      visit(place.at(id, 'after', index), edge, id);
    }
  }
}

function checkEdge(at: Place, edge: EdgeShape, stepIds: ReadonlySet<string>): void {
  const { wait, async } = edge;
  const condition = { scope: edgeScope, wanted: 'boolean', stepIds } as const;
  checkExpression(at.at('if'), edge.if, condition);
  checkWait(at.at('wait'), wait, stepIds);
  if (async === undefined) return;
  if (wait !== undefined) at.at('wait').warn('without effect next to async, which waits itself');
  checkDuration(at.at('async', 'ttl'), async.ttl);
  const event = at.at('async', 'event');
  if (async.event === '') event.refuse('the name of the event is required');
  warnOfWildcard(event, async.event);
  checkExpression(at.at('async', 'match'), async.match, condition);
}

/** What can have happened before an edge is looked at. */
interface Order {
  /** A step and those that come after it. */
  laterThan(id: string): ReadonlySet<string>;
  /** Steps that an event may have led to. */
  readonly afterAsync: ReadonlySet<string>;
}

function orderOf(steps: readonly FoundStep[]): Order {
  const followers = new Map<string, string[]>(steps.map(({ id }) => [id, []]));
  const awakened: string[] = [];
  for (const { id, shape } of steps) {
    for (const { step, async } of shape?.after ?? []) {
      followers.get(step)?.push(id);
      if (async !== undefined) awakened.push(id);
    }
  }
  const later = new Map<string, ReadonlySet<string>>();
  return {
    laterThan(id) {
      const known = later.get(id) ?? reachable([id], followers);
      later.set(id, known);
      return known;
    },
    afterAsync: reachable(awakened, followers),
  };
}

/** Names that have no value yet when the edge is looked at: the condition would always come out the same. */
function warnOfEarly(at: Place, edge: EdgeShape, id: string, order: Order): void {
  const isFirst = edge.step === triggerStep;
  const texts = { if: edge.if, wait: edge.async === undefined ? edge.wait : undefined };
  for (const [field, text] of Object.entries(texts)) {
    if (text === undefined || !/steps|response|async/.test(text)) continue;
    const { names, stepIds } = referencesOf(text);
    if (names.has('async') && !order.afterAsync.has(edge.step)) {
      const advice =
        edge.async === undefined ? '' : '; what the event must be like is said in match';
      at.at(field).warn(`no event can have come yet: async is empty here${advice}`);
    }
    if (isFirst && names.has('response')) {
      at.at(field).warn('no step has run yet: response is empty here');
    }
    const early = isFirst
      ? [...stepIds]
      : [...stepIds].filter((one) => order.laterThan(id).has(one));
    for (const one of early) at.at(field).warn(`step ${quote(one)} cannot have run yet`);
  }
}
