/** A run with everything that happened in it: what both trees, outputs and exports are built from. */
import type { TraceFact } from '../history/fact.ts';
import type { EventRecord, History, RunRecord } from '../history/history.ts';

export interface RunTrace {
  readonly run: RunRecord;
  /** The events that started it, in the run's order; those that retention has taken are missing. */
  readonly events: readonly EventRecord[];
  /** In order of time. */
  readonly facts: readonly TraceFact[];
}

/** Null when no such run is known. */
export async function readRunTrace(
  history: Pick<History, 'run' | 'eventsById' | 'factsOf'>,
  runId: string,
): Promise<RunTrace | null> {
  const run = await history.run(runId);
  if (run === null) return null;
  const found = run.eventIds.length === 0 ? [] : await history.eventsById(run.eventIds);
  const byId = new Map(found.map((event) => [event.internalId, event]));
  return {
    run,
    events: run.eventIds.flatMap((id) => byId.get(id) ?? []),
    facts: await history.factsOf(runId),
  };
}
