/** Calls every script as a server does, in the order in which a server comes to need it. */
import { loadScripts } from '../../src/store/scripts.ts';
import type { Store } from '../../src/store/store.ts';
import { appLoad } from './app_load.ts';
import { bulkLoad } from './bulk_load.ts';
import type { LoadScope } from './load_scope.ts';
import { queueLoad } from './queue_load.ts';
import { runLoad } from './run_load.ts';
import { ScriptTimer, scriptOf, type Timing } from './script_timer.ts';

/** Enough for a phase to take some milliseconds. */
export const subjectsDefault = 320;

let plays = 0;

/**
 * How many calls of each script the store answers a second. It is left with no more than it had, but for idempotency
 * keys. Throws when a script answers wrongly, and when a script of `lua/` has no part in the load.
 */
export async function playScripts(
  store: Store,
  { inFlight, subjects = subjectsDefault }: { inFlight: number; subjects?: number },
): Promise<readonly Timing[]> {
  plays += 1;
  const timer = new ScriptTimer(store, inFlight);
  const scope: LoadScope = { timer, key: `play-${plays}`, subjects, nowMs: Date.now() };
  await queueLoad(scope);
  // Its facts go with those of runs.
  await bulkLoad(scope);
  await runLoad(scope);
  await appLoad(scope);
  const played = new Set(timer.timings.map(({ name }) => scriptOf(name)));
  const missing = [...loadScripts().keys()].filter((script) => !played.has(script));
  if (missing.length > 0) {
    throw new Error(`no load calls ${missing.join(', ')}: add it to test/bench/*_load.ts`);
  }
  return timer.timings;
}
