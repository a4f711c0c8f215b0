/**
 * What steps follow: known steps, each at most once, never themselves, not in a circle, and all of them in the end
 * the trigger (cue-config.md §4.3).
 */
import { triggerStep } from '../../function/dag.ts';
import { quote } from '../../function/validation.ts';
import { nearestWord } from '../../lib/nearest_word.ts';
import { elementaryCycles, type Followers, reachable } from './cycles.ts';
import type { Place } from './finding_list.ts';
import type { FoundStep } from './function_shape.ts';

/** A document with more has one mistake, not many. */
export const cyclesMax = 20;
/** Steps of a cycle that are written out. */
const cycleStepsShownMax = 50;

/** `place` is that of the steps. */
export function checkGraph(place: Place, steps: readonly FoundStep[]): void {
  const ids = steps.map(({ id }) => id);
  const known = new Set(ids);
  const followers = new Map<string, string[]>([triggerStep, ...ids].map((id) => [id, []]));
  const edgeIndexes = new Map<string, ReadonlyMap<string, number>>();
  // A step with an edge that is refused counts as reached: what follows from that is no news.
  const starts = new Set([triggerStep]);
  for (const { id, shape } of steps) {
    if (shape === null) starts.add(id);
    else if (shape.after.length === 0) followers.get(triggerStep)?.push(id);
    const parents = new Map<string, number>();
    for (const [index, { step: parent }] of (shape?.after ?? []).entries()) {
      const at = place.at(id, 'after', index, 'step');
      if (!checkParent(at, id, parent, ids, known, parents)) {
        starts.add(id);
        continue;
      }
      parents.set(parent, index);
      followers.get(parent)?.push(id);
    }
    edgeIndexes.set(id, parents);
  }
  const reached = reachable(starts, followers);
  for (const cycle of elementaryCycles(ids, followers, cyclesMax)) {
    const [first = '', last = ''] = [cycle[0], cycle.at(-1)];
    const index = edgeIndexes.get(first)?.get(last) ?? 0;
    place.at(first, 'after', index).refuse(cycleText(cycle, reached));
  }
  checkReached(place, ids, followers, reached);
}

/** Whether the edge is one that can be walked. */
function checkParent(
  at: Place,
  id: string,
  parent: string,
  ids: readonly string[],
  known: ReadonlySet<string>,
  parents: ReadonlyMap<string, number>,
): boolean {
  const earlier = parents.get(parent);
  if (parent === id) at.refuse(`a step cannot follow itself: ${quote(id)}`);
  else if (earlier !== undefined) {
    at.refuse(
      `duplicate edge: after[${earlier}] leads from ${quote(parent)} to ${quote(id)} already; join the conditions with ||`,
    );
  } else if (parent !== triggerStep && !known.has(parent)) {
    at.refuse(unknownText(id, parent, at.list.isFull ? [] : [triggerStep, ...ids]));
  } else return true;
  return false;
}

function unknownText(id: string, parent: string, words: readonly string[]): string {
  const near = nearestWord(
    parent,
    words.filter((word) => word !== id),
  );
  const advice = near === null ? '' : `; did you mean ${quote(near)}?`;
  return `unknown step ${quote(parent)}, which step ${quote(id)} is to follow${advice}`;
}

function cycleText(cycle: readonly string[], reached: ReadonlySet<string>): string {
  const shown = cycle.slice(0, cycleStepsShownMax);
  const cut = cycle.length - shown.length;
  const trail = [...shown, ...(cut > 0 ? [`… ${cut} more`] : []), cycle[0]].join(' → ');
  const island = cycle.some((id) => reached.has(id))
    ? ''
    : `; nothing leads into it, so its steps are unreachable from ${triggerStep}`;
  return `cycle: ${trail}; a step can only follow steps that end before it begins${island}`;
}

/** Steps that are on a cycle have been told so. */
function checkReached(
  place: Place,
  ids: readonly string[],
  followers: Followers,
  reached: ReadonlySet<string>,
): void {
  for (const id of ids) {
    if (reached.has(id) || reachable(followers.get(id) ?? [], followers).has(id)) continue;
    place
      .at(id, 'after')
      .refuse(`step ${quote(id)} is unreachable from ${triggerStep}: it follows only a cycle`);
  }
}
