/** Look-ups of one request gathered into few: fields of a list ask one by one, history is asked once. */

/** What history takes at once. */
const keysMax = 1_000;

/**
 * A look-up that remembers its answers and passes on together what is asked in one turn. Undefined when `load` has
 * nothing under the key.
 */
export function batched<V>(
  load: (keys: readonly string[]) => Promise<ReadonlyMap<string, V>>,
): (key: string) => Promise<V | undefined> {
  const answers = new Map<string, Promise<V | undefined>>();
  let next: { readonly keys: string[]; readonly found: Promise<ReadonlyMap<string, V>> } | null =
    null;
  const gather = () => {
    const keys: string[] = [];
    const found = turn().then(() => {
      if (next?.keys === keys) next = null;
      return load(keys);
    });
    return { keys, found };
  };
  return (key) => {
    const known = answers.get(key);
    if (known !== undefined) return known;
    if (next === null || next.keys.length >= keysMax) next = gather();
    next.keys.push(key);
    const answer = next.found.then((values) => values.get(key));
    answers.set(key, answer);
    return answer;
  };
}

/** A look-up that remembers its answers. */
export function remembered<V>(load: (key: string) => Promise<V>): (key: string) => Promise<V> {
  const answers = new Map<string, Promise<V>>();
  return (key) => {
    const known = answers.get(key) ?? load(key);
    answers.set(key, known);
    return known;
  };
}

/** After what is under way in this turn, all the promises of it included. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
