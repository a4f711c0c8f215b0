/** Names of events that runs wait for and are cancelled by. Unlike those of triggers they hold no wildcards. */
import { isWildcard } from '../../event/pattern.ts';
import { quote } from '../../function/validation.ts';
import type { Place } from './finding_list.ts';

export function warnOfWildcard(place: Place, name: string): void {
  if (!isWildcard(name)) return;
  place.warn(
    `only an event that is called ${quote(name)} is meant: * is a wildcard in triggers only`,
  );
}
