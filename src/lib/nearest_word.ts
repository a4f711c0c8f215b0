/** "Did you mean …?" for a mistyped word. */

/** A word further away than this is a different word, not a slip. */
const distanceMax = 2;

/** The known word nearest to `typed`, or null when none is near. */
export function nearestWord(typed: string, known: readonly string[]): string | null {
  const nearest = known
    // As many letters at least have to be added or left out.
    .filter((word) => Math.abs(word.length - typed.length) <= distanceMax)
    .map((word) => ({ word, distance: editDistance(typed.toLowerCase(), word) }))
    .filter(({ word, distance }) => distance <= Math.min(distanceMax, word.length - 1))
    .sort((left, right) => left.distance - right.distance)[0];
  return nearest?.word ?? null;
}

/** Levenshtein: insertions, deletions and replacements from one word to the other. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (const [index, letter] of [...from].entries()) {
    const next = [index + 1];
    for (const [column, other] of [...to].entries()) {
      const replaced = (row[column] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
