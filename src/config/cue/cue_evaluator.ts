/**
 * Documents to values: those known from before out of the cache, the others by cue-wasm in a thread that lives only for
 * that. Why CUE refuses a document is told by its command line, which knows every error and its place.
 */
import type { Evaluator } from '../evaluator.ts';
import type { EvaluationLimits } from './cue_thread.ts';
import { EvaluationCache } from './evaluation_cache.ts';
import { EvaluationRound, type RoundParts } from './evaluation_round.ts';
import { explainDocuments, locateValues } from './explain.ts';
import { findPlaces, type PlaceParts } from './value_places.ts';

export interface EvaluatorParts {
  /** Where values are kept from one start to the next; null keeps none. */
  readonly cacheDir: string | null;
  readonly limits?: Partial<EvaluationLimits>;
  /** What goes wrong without a document being at fault. */
  readonly warn?: (message: string) => void;
  readonly startWorker?: () => Worker;
  /** How CUE's command line is asked; another one in tests. */
  readonly explainer?: Explainer;
}

export interface Explainer {
  readonly explain: typeof explainDocuments;
  readonly locate: typeof locateValues;
}

/** Enough for a document of a megabyte, and what a small machine can spare for a few seconds. */
const defaultLimits: EvaluationLimits = { wallMs: 10_000, memoryBytes: 512 * 1024 * 1024 };

const startCueWorker = (): Worker =>
  new Worker(new URL('./cue_worker.ts', import.meta.url), { smol: true });

export function createEvaluator(parts: EvaluatorParts): Evaluator {
  const warn = parts.warn ?? (() => undefined);
  const limits = { ...defaultLimits, ...parts.limits };
  const explainer = parts.explainer ?? { explain: explainDocuments, locate: locateValues };
  const cache = parts.cacheDir === null ? null : new EvaluationCache(parts.cacheDir, warn);
  const startWorker = parts.startWorker ?? startCueWorker;
  const round: RoundParts = { cache, limits, warn, startWorker, explain: explainer.explain };
  const inTurn = oneAtATime();
  return {
    evaluate: (sources, signal) =>
      inTurn(async () => {
        signal?.throwIfAborted();
        return await new EvaluationRound(round, signal).evaluate(sources);
      }),
    locate: (requests, signal) =>
      inTurn(async () => {
        signal?.throwIfAborted();
        const places: PlaceParts = { cache, limits, warn, locate: explainer.locate };
        return await findPlaces(requests, places, signal);
      }),
  };
}

/** Each engine takes up to 200 MB while it lives: one is enough. */
function oneAtATime(): <Result>(task: () => Promise<Result>) => Promise<Result> {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const result = last.then(task);
    last = result.catch(() => undefined);
    return result;
  };
}
