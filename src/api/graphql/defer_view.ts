/**
 * What a run has put off until its end, and which run put this one off (execution.md §11.7). The run's facts say what
 * it put off; the event that starts a deferred run names its parent and comes with the parent's end.
 */
import * as z from 'zod';
import { internalDataKey, internalEvents } from '../../event/internal.ts';
import type { DeferFact } from '../../history/fact.ts';
import type { EventRecord, RunRecord } from '../../history/history.ts';
import type { GraphqlContext } from './context.ts';
import { functionOfRun } from './function_view.ts';

/** The events of one end are made in one moment; clocks of several servers may differ by a little. */
const slackMs = 2_000;
/** More runs than that do not end in such a moment on one server. */
const eventsMax = 1_000;

const deferredPayload = z.object({
  data: z.object({
    [internalDataKey]: z.object({
      fn_slug: z.string(),
      parent_run_id: z.string(),
      parent_fn_id: z.string().default(''),
      parent_defer_id: z.string().default(''),
    }),
  }),
});

interface Deferral {
  readonly eventId: string;
  readonly functionSlug: string;
  readonly parentRunId: string;
  readonly parentFunctionId: string;
  /** Empty when an older server sent the event. */
  readonly hashedId: string;
}

/** A defer as it stands now. */
interface Defer {
  readonly hashedId: string;
  readonly name: string;
  readonly functionSlug: string;
  readonly status: 'SCHEDULED' | 'ABORTED' | 'REJECTED';
  /** That starts its run; null when there is none, or none yet. */
  readonly eventId: string | null;
}

export async function defersOf(run: RunRecord, context: GraphqlContext): Promise<object[]> {
  const [facts, sent] = await Promise.all([context.factsOf(run.runId), deferralsOf(run, context)]);
  const told = toldDefers(facts.filter((fact) => fact.t === 'defer'));
  const eventIds = new Map(sent.map(({ hashedId, eventId }) => [hashedId, eventId]));
  const known = told.map((defer) => ({ ...defer, eventId: eventIds.get(defer.hashedId) ?? null }));
  const names = new Map(
    facts
      .flatMap((fact) => (fact.t === 'call.ended' ? (fact.ops ?? []) : []))
      .filter(({ op }) => op === 'DeferAdd')
      .map(({ id, name }) => [id, name]),
  );
  const ids = new Set(told.map(({ hashedId }) => hashedId));
  // Older servers tell of them by their events alone.
  const untold = sent
    .filter(({ hashedId }) => !ids.has(hashedId))
    .map((deferral): Defer => {
      const name = names.get(deferral.hashedId) ?? '';
      return { ...deferral, name, status: 'SCHEDULED' };
    });
  return Promise.all([...known, ...untold].map((defer) => deferView(defer, context)));
}

/** In the order in which they were put off. What was refused cannot be called off. */
function toldDefers(facts: readonly DeferFact[]): readonly Omit<Defer, 'eventId'>[] {
  const aborted = new Set(
    facts.filter(({ status }) => status === 'Aborted').map(({ deferId }) => deferId),
  );
  return facts
    .filter(({ status }) => status !== 'Aborted')
    .map(({ deferId, name, functionSlug, status }) => {
      const open = aborted.has(deferId) ? 'ABORTED' : 'SCHEDULED';
      return {
        hashedId: deferId,
        name,
        functionSlug,
        status: status === 'Rejected' ? 'REJECTED' : open,
      };
    });
}

/** Those that the end of the run has sent on their way. */
async function deferralsOf(run: RunRecord, context: GraphqlContext): Promise<readonly Deferral[]> {
  if (run.endedAtMs === null) return [];
  const events = await context.services.history.events({
    names: [internalEvents.deferredSchedule],
    includeInternal: true,
    receivedAfterMs: run.endedAtMs - slackMs,
    receivedBeforeMs: run.endedAtMs + slackMs,
    limit: eventsMax,
  });
  return events.flatMap((event) => deferralOf(event) ?? []).filter(isOf(run.runId));
}

/** What the parents of a deferred run put off beside it. */
export async function siblingsOf(run: RunRecord, context: GraphqlContext): Promise<object[]> {
  const parents = await Promise.all(
    (await deferralsBehind(run, context)).map(({ parentRunId }) => context.run(parentRunId)),
  );
  const lists = parents.map((parent) => (parent === null ? [] : defersOf(parent, context)));
  return (await Promise.all(lists)).flat();
}

export async function parentsOf(run: RunRecord, context: GraphqlContext): Promise<object[]> {
  return (await deferralsBehind(run, context)).map(({ parentRunId, parentFunctionId }) => {
    const parent = () => context.run(parentRunId);
    return {
      runID: parentRunId,
      function: async () => {
        // The event names it, so that lists need not look the parent up.
        const fn = context.registry.functionById(parentFunctionId);
        if (fn !== null) return context.show.function(fn);
        const found = await parent();
        return found === null ? null : functionOfRun(found, context);
      },
      run: async () => {
        const found = await parent();
        return found === null ? null : context.show.run(found);
      },
    };
  });
}

async function deferralsBehind(
  run: RunRecord,
  context: GraphqlContext,
): Promise<readonly Deferral[]> {
  if (!run.isDeferred) return [];
  const events = await Promise.all(run.eventIds.map((id) => context.event(id)));
  return events.flatMap((event) => (event === undefined ? [] : (deferralOf(event) ?? [])));
}

async function deferView(defer: Defer, context: GraphqlContext): Promise<object> {
  const { hashedId, name, functionSlug, status, eventId } = defer;
  const [run] = eventId === null ? [] : ((await context.runsOfEvent(eventId)) ?? []);
  const fn = context.registry.functionBySlug(functionSlug);
  return {
    hashedDeferID: hashedId,
    userlandDeferID: name,
    fnSlug: functionSlug,
    status,
    function: fn === null ? null : () => context.show.function(fn),
    runID: run?.runId ?? null,
    run: run === undefined ? null : () => context.show.run(run),
  };
}

function deferralOf({ internalId, payload }: EventRecord): Deferral | null {
  const read = deferredPayload.safeParse(JSON.parse(payload));
  if (!read.success) return null;
  const origin = read.data.data[internalDataKey];
  return {
    eventId: internalId,
    functionSlug: origin.fn_slug,
    parentRunId: origin.parent_run_id,
    parentFunctionId: origin.parent_fn_id,
    hashedId: origin.parent_defer_id,
  };
}

function isOf(runId: string) {
  return ({ parentRunId }: Deferral): boolean => parentRunId === runId;
}
