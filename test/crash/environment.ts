/** CRASH_* of the environment. */

function wholeNumber(name: string): number | null {
  const text = process.env[name] ?? '';
  if (text === '') return null;
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 1) {
    throw new Error(`${name} must be a whole number above 0, not ${JSON.stringify(text)}`);
  }
  return number;
}

let seed: number | null = null;

/** CRASH_SEED, or one by chance: the same throughout the process. */
export function crashSeed(): number {
  seed ??= wholeNumber('CRASH_SEED') ?? 1 + Math.floor(Math.random() * 1_000_000);
  return seed;
}

/** CRASH_KILLS, or null. */
export function crashKills(): number | null {
  return wholeNumber('CRASH_KILLS');
}

/** CRASH_REDIS_KILLS, or null. */
export function crashRedisKills(): number | null {
  return wholeNumber('CRASH_REDIS_KILLS');
}
