/** A golden run as the facts that a server would have recorded of it, trigger and end included. */
import type { Fact } from '../../src/history/fact.ts';
import type { RunTrace } from '../../src/trace/run_trace.ts';
import { charge } from '../api/door.ts';

export function factsOf({ run, events, facts }: RunTrace): readonly Fact[] {
  const { runId, functionSlug, scheduledAtMs, startedAtMs } = run;
  return [
    ...events.map(
      ({ internalId, receivedAtMs, payload }): Fact => ({
        ...{ t: 'event', internalId, receivedAtMs, payload },
      }),
    ),
    {
      ...{ t: 'run.scheduled', runId, functionSlug, atMs: scheduledAtMs },
      ...{ functionId: charge.id, functionVersion: run.functionVersion },
      ...{ functionName: charge.name, appId: charge.appId, appName: charge.appName },
      ...{ eventIds: run.eventIds, eventName: run.eventName },
      ...(run.cron !== null && { cron: run.cron }),
      ...(run.batchId !== null && { batchId: run.batchId }),
    },
    ...(startedAtMs === null
      ? []
      : [{ t: 'run.started', runId, atMs: startedAtMs, functionSlug } as const]),
    ...facts,
    ...endOf(run),
  ];
}

function endOf({ runId, status, endedAtMs, output, skipReason }: RunTrace['run']): Fact[] {
  if (endedAtMs === null || status === 'Scheduled' || status === 'Running') return [];
  return [
    {
      ...{ t: 'run.ended', runId, status, atMs: endedAtMs },
      ...(output !== null && { output }),
      // Told by `told`: one of the reasons that facts know.
      ...(skipReason === 'FunctionPaused' && { skipReason }),
    },
  ];
}
