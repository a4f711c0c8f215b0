/** How long the names of functions and steps may be. */
import type { Place } from './finding_list.ts';

/** UTF-16 units. A name is for people, and is in every list and trace. */
export const nameCharsMax = 1_024;

/** `place` is what has the name. */
export function checkNameLength(place: Place, name: string): void {
  if (name.length <= nameCharsMax) return;
  place
    .at('name')
    .refuse(`a name has at most ${nameCharsMax} characters; this one has ${name.length}`);
}
