/** Creating runs (lua/lib/creation.lua; execution.md §4). */
import { type NewPause, pauseArgs } from '../pause/pause.ts';
import { itemListArgs, type NewItem } from '../queue/item.ts';
import { asNumber } from '../store/reply_shape.ts';
import type { Store } from '../store/store.ts';
import type { RunMetadata } from './run_metadata.ts';

export interface NewRun {
  readonly runId: string;
  readonly metadata: RunMetadata;
  /** JSON array text of the triggering events. */
  readonly events: string;
  /** -1 when not known yet. */
  readonly requestVersion: number;
  /** The run is created only if none of these was used within its lifetime. */
  readonly idempotencyKeys: readonly { readonly key: string; readonly lifetimeMs: number }[];
  readonly items: readonly NewItem[];
  readonly cancellations: readonly NewPause[];
  readonly facts: readonly string[];
  /** What the run need not do again, because another has done it (rerun from a step). */
  readonly preset?: Preset;
  /** What happens when the run is not created. */
  readonly otherwise: { readonly items: readonly NewItem[]; readonly facts: readonly string[] };
}

export interface Preset {
  /** Hashed step ids and outputs as they are memoized, in the order in which the steps finished. */
  readonly steps: readonly (readonly [string, string])[];
  /** Hashed step ids and `{"input": …}` as JSON text. */
  readonly inputs: readonly (readonly [string, string])[];
}

const nothingPreset: Preset = { steps: [], inputs: [] };

/** A run as ARGV (`arg_run`). */
export function runArgs(run: NewRun): (string | number)[] {
  const { steps, inputs } = run.preset ?? nothingPreset;
  return [
    run.runId,
    JSON.stringify(run.metadata),
    run.events,
    run.requestVersion,
    run.idempotencyKeys.length,
    ...run.idempotencyKeys.flatMap((once) => [once.key, once.lifetimeMs]),
    ...itemListArgs(run.items),
    run.cancellations.length,
    ...run.cancellations.flatMap(pauseArgs),
    run.facts.length,
    ...run.facts,
    ...itemListArgs(run.otherwise.items),
    run.otherwise.facts.length,
    ...run.otherwise.facts,
    steps.length,
    ...steps.flat(),
    inputs.length,
    ...inputs.flat(),
  ];
}

/** False when one of the idempotency keys was used before, or the run exists. */
export async function createRun(store: Store, run: NewRun): Promise<boolean> {
  return asNumber(await store.run('run_create', runArgs(run))) === 1;
}
