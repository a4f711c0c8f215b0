/**
 * How much the differential tests do, from the environment:
 *   DIFFERENTIAL_SEQUENCES  sequences per property on Redis (by default 20 000 in all); Valkey gets a tenth
 *   DIFFERENTIAL_SEED       repeats a run: the seed that a failure printed
 *   DIFFERENTIAL_PATH       with the seed: goes straight to the shrunk counterexample that a failure printed
 */
import type { Parameters } from 'fast-check';
import type { RedisFlavour } from '../../redis_server.ts';

const sequencesOf = numberFrom('DIFFERENTIAL_SEQUENCES');
const seed = numberFrom('DIFFERENTIAL_SEED');
const path = process.env.DIFFERENTIAL_PATH;

/** Valkey shares its code with Redis: it is there to see where the two have drifted apart. */
const shares: Readonly<Record<RedisFlavour, number>> = { redis: 1, valkey: 0.1 };

/** Parameters of fast-check for a suite that runs `usual` sequences unless told otherwise. */
export function runsOf(usual: number, flavour: RedisFlavour): Parameters<unknown> {
  return {
    numRuns: Math.ceil((sequencesOf ?? usual) * shares[flavour]),
    ...(seed !== undefined && { seed }),
    ...(path !== undefined && { path }),
  };
}

/** A suite that finds a difference shrinks it, which may take as long again. */
export const suiteMsMax = sequencesOf === undefined ? 120_000 : 3_600_000;

function numberFrom(name: string): number | undefined {
  const text = process.env[name];
  if (text === undefined || text === '') return undefined;
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new Error(`${name} must be a whole number, not ${text}`);
  return value;
}
