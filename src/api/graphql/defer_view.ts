/**
 * What a run has put off until its end, and which run put this one off (execution.md §11.7). The event that starts a
 * deferred run names its parent; a run's own ones come with its end.
 */
import * as z from 'zod';
import { internalDataKey, internalEvents } from '../../event/internal.ts';
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

/** Those that were sent on their way: what was called off or refused never became an event. */
export async function defersOf(run: RunRecord, context: GraphqlContext): Promise<object[]> {
  if (run.endedAtMs === null) return [];
  const events = await context.services.history.events({
    names: [internalEvents.deferredSchedule],
    includeInternal: true,
    receivedAfterMs: run.endedAtMs - slackMs,
    receivedBeforeMs: run.endedAtMs + slackMs,
    limit: eventsMax,
  });
  const own = events.flatMap((event) => deferralOf(event) ?? []).filter(isOf(run.runId));
  return Promise.all(own.map((deferral) => deferView(deferral, context)));
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

async function deferView(deferral: Deferral, context: GraphqlContext): Promise<object> {
  const [run] = (await context.runsOfEvent(deferral.eventId)) ?? [];
  const fn = context.registry.functionBySlug(deferral.functionSlug);
  return {
    hashedDeferID: deferral.hashedId,
    userlandDeferID: () => nameOf(deferral, context),
    fnSlug: deferral.functionSlug,
    status: 'SCHEDULED',
    function: fn === null ? null : () => context.show.function(fn),
    runID: run?.runId ?? null,
    run: run === undefined ? null : () => context.show.run(run),
  };
}

/** What the app calls it: only the answer that put it off says so. */
async function nameOf(
  { parentRunId, hashedId }: Deferral,
  context: GraphqlContext,
): Promise<string> {
  const facts = await context.factsOf(parentRunId);
  const ops = facts.flatMap((fact) => (fact.t === 'call.ended' ? (fact.ops ?? []) : []));
  return ops.find(({ op, id }) => op === 'DeferAdd' && id === hashedId)?.name ?? '';
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
