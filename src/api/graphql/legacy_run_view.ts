/** Runs in their older form (reference/graphql.md §5.1 FunctionRun). */
import type { RunStatus, StepFact, TraceFact } from '../../history/fact.ts';
import type { RunRecord } from '../../history/history.ts';
import type { GraphqlContext } from './context.ts';
import { workspace } from './event_view.ts';
import { FieldError } from './field_error.ts';
import { functionOfRun } from './function_view.ts';
import { historyItemsOf } from './history_item.ts';
import { outputOf, timeOfBatch } from './run_view.ts';
import { stepDetail } from './step_detail.ts';

/** There was no word for a run that waits to begin, nor for one that never did. */
const statusNames: Readonly<Record<RunStatus, string>> = {
  Scheduled: 'RUNNING',
  Running: 'RUNNING',
  Completed: 'COMPLETED',
  Failed: 'FAILED',
  Cancelled: 'CANCELLED',
  Skipped: 'CANCELLED',
};

export function legacyRunView(run: RunRecord, context: GraphqlContext): object {
  const eventOf = async (id: string): Promise<readonly object[]> => {
    const event = await context.event(id);
    return event === undefined ? [] : [context.show.legacyEvent(event)];
  };
  const items = async () => {
    const ended = { ...run, output: await outputOf(run, context) };
    return historyItemsOf(ended, await context.factsOf(run.runId), context);
  };
  const openSteps = async () => openStepsOf(run, await context.factsOf(run.runId));
  return {
    id: run.runId,
    functionID: run.functionId,
    function: () => functionOfRun(run, context),
    workspace,
    event: async () => (await eventOf(run.eventIds[0] ?? ''))[0] ?? null,
    events: async () => (await Promise.all(run.eventIds.map(eventOf))).flat(),
    batchID: run.batchId,
    batchCreatedAt: timeOfBatch(run),
    status: statusNames[run.status],
    waitingFor: async () => waitOf(await openSteps()),
    pendingSteps: async () => (await openSteps()).length,
    startedAt: run.scheduledAtMs,
    finishedAt: run.endedAtMs,
    output: () => outputOf(run, context),
    history: async () => (await items()).map(({ view }) => view),
    historyItemOutput: async ({ id }: { readonly id: string }) => {
      const item = (await items()).find((candidate) => candidate.id === id);
      if (item === undefined) throw new FieldError('history item not found');
      return item.output;
    },
    eventID: run.eventIds[0] ?? '',
    cron: run.cron,
  };
}

const openStatuses: ReadonlySet<StepFact['status']> = new Set([
  ...(['Queued', 'Running', 'Sleeping', 'Waiting', 'Invoking', 'Errored'] as const),
]);

/** The last fact of each step that is not over. */
function openStepsOf(run: RunRecord, facts: readonly TraceFact[]): readonly StepFact[] {
  if (run.endedAtMs !== null) return [];
  const last = new Map<string, StepFact>();
  for (const fact of facts) if (fact.t === 'step') last.set(fact.stepId, fact);
  return [...last.values()].filter(({ status }) => openStatuses.has(status));
}

function waitOf(steps: readonly StepFact[]): object | null {
  const wait = steps.find(({ kind }) => kind === 'waitForEvent' || kind === 'waitForSignal');
  if (wait === undefined) return null;
  const { subject, expression, timeoutAtMs } = stepDetail(wait);
  return { eventName: subject, expression, expiryTime: timeoutAtMs ?? wait.atMs };
}
