/** Chance that a seed repeats: the same seed and stream give the same numbers. */

export interface Random {
  /** From 0 to below 1. */
  next(): number;
  /** A whole number from `min` to `max`, both included. */
  between(min: number, max: number): number;
  pick<T>(from: readonly [T, ...T[]]): T;
  isOneIn(count: number): boolean;
  /** Waiting times of things that happen independently of each other, never above ten times the mean. */
  exponential(mean: number): number;
}

/** `stream` tells apart what uses the same seed, so that one does not shift the numbers of the other. */
export function seededRandom(seed: number, stream: number): Random {
  let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(stream + 1, 0xc2b2ae35);
  // mulberry32
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (min: number, max: number): number => min + Math.floor(next() * (max - min + 1));
  return {
    next,
    between,
    pick: (from) => from[between(0, from.length - 1)] ?? from[0],
    isOneIn: (count) => between(1, count) === 1,
    exponential: (mean) => Math.min(10 * mean, -mean * Math.log(1 - next())),
  };
}
