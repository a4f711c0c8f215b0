/**
 * What somebody may have meant by a name that does not exist.
 */

import { nearestWord } from '../lib/nearest_word.ts';

/** Names of other languages for what CEL and we call something else. */
const otherLanguages: ReadonlyMap<string, string> = new Map([
  ['any', 'exists'],
  ['count', 'size'],
  ['every', 'all'],
  ['includes', 'contains'],
  ['len', 'size'],
  ['length', 'size'],
  ['lower', 'lowercase'],
  ['match', 'matches'],
  ['parsejson', 'json_parse'],
  ['some', 'exists'],
  ['test', 'matches'],
  ['tolower', 'lowercase'],
  ['tolowercase', 'lowercase'],
  ['toupper', 'uppercase'],
  ['touppercase', 'uppercase'],
  ['tostring', 'string'],
  ['upper', 'uppercase'],
]);

/** `; did you mean 'size'?`, or nothing when no name is near. */
export function suggestion(name: string, known: readonly string[]): string {
  const near = translation(name, known) ?? nearestWord(name, known);
  return near === null ? '' : `; did you mean '${near}'?`;
}

function translation(name: string, known: readonly string[]): string | null {
  const found = otherLanguages.get(name.toLowerCase());
  return found !== undefined && known.includes(found) ? found : null;
}
