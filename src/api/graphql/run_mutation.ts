/** Cancelling and running again (reference/graphql.md §6). */
import type { RunRecord } from '../../history/history.ts';
import { ulid } from '../../lib/ulid.ts';
import type { RerunOutcome } from '../services.ts';
import type { GraphqlContext } from './context.ts';
import { FieldError, noRows } from './field_error.ts';
import type { Fields } from './fields.ts';

/** History hears of a cancellation within milliseconds; an answer does not wait for longer than this. */
const historyMsMax = 5_000;
const lookEveryMs = 50;

interface RerunInput {
  readonly runID: string;
  readonly fromStep?: { readonly stepID: string; readonly input?: string | null } | null;
}

export function runMutations(context: GraphqlContext): Fields {
  const { services } = context;
  return {
    cancelRun: async ({ runID }: { readonly runID: string }) =>
      context.show.legacyRun(await cancelled(runID, context)),
    rerun: async ({ runID, fromStep }: RerunInput) => {
      const outcome = await services.reruns.rerun(runID, fromStep ? placeOf(fromStep) : undefined);
      if (outcome.kind === 'created') return outcome.runId;
      const isTold = outcome.kind === 'not_rerunnable';
      throw new FieldError(isTold ? outcome.message : refusals[outcome.kind]);
    },
    // Nothing is kept of it: the ids only tie together what a client does.
    createDebugSession: () => ({
      debugSessionID: ulid(context.nowMs),
      debugRunID: ulid(context.nowMs),
    }),
  };
}

async function cancelled(runId: string, context: GraphqlContext): Promise<RunRecord> {
  const { runs, history } = context.services;
  const outcome = await runs.cancel(runId);
  if (outcome === 'unknown') throw new FieldError('not found');
  if (outcome === 'cancelled') return await endedRun(runId, context);
  const run = await history.run(runId);
  if (run?.status === 'Cancelled') return run;
  throw new FieldError('cannot cancel an ended run');
}

/** The run as history shows it once it has heard. It is cancelled whether or not history says so in time. */
async function endedRun(runId: string, { services }: GraphqlContext): Promise<RunRecord> {
  const { history, clock } = services;
  const untilMs = clock.now() + historyMsMax;
  for (;;) {
    const run = await history.run(runId);
    if (run?.status === 'Cancelled') return run;
    if (clock.now() >= untilMs) {
      if (run !== null) return { ...run, status: 'Cancelled', endedAtMs: clock.now() };
      throw new FieldError(
        'the run is cancelled, but history is behind; ask for the run a little later',
      );
    }
    await new Promise<void>((resolve) => clock.at(clock.now() + lookEveryMs, resolve));
  }
}

function placeOf({ stepID: stepId, input }: NonNullable<RerunInput['fromStep']>) {
  if (input === null || input === undefined) return { stepId };
  if (!isArrayText(input)) throw new FieldError('input is not a valid JSON array');
  return { stepId, input };
}

function isArrayText(text: string): boolean {
  try {
    return Array.isArray(JSON.parse(text));
  } catch {
    return false;
  }
}

const stepNotFound = 'error reconstructing input state: rerun step not found';

const refusals: Readonly<
  Record<Exclude<RerunOutcome['kind'], 'created' | 'not_rerunnable'>, string>
> = {
  unknown_run: noRows,
  unknown_step: stepNotFound,
  ambiguous_step: 'several steps have that name; give the hashed id, `RunTraceSpan.stepID`',
  unknown_function: 'the function of the run is not registered any more; sync its app first',
  events_gone: 'the events that started the run are not kept any more, so it cannot run again',
};
