/** `/v2/runs/{id}/rerun` and `/cancel` (http-api.md §7.3; execution.md §18). */
import { z } from 'zod';
import { Problem } from '../problem.ts';
import type { RerunOutcome } from '../services.ts';
import { ulidNamed, type V2Context } from './context.ts';
import { enveloped, oneSchema } from './envelope.ts';
import { type V2Route, v2Route } from './route.ts';
import { runParam } from './run_routes.ts';

const tag = 'Runs';

const rerunBody = z
  .strictObject({
    fromStep: z
      .strictObject({
        stepId: z
          .string('Step ID is required')
          .min(1, 'Step ID is required')
          .describe("The step's own id, its display name, or its hashed id."),
        input: z
          .array(z.unknown(), 'Step input must be an array')
          .describe('Arguments that replace those of the step.')
          .optional(),
      })
      .describe('Steps that finished before this one keep their results.')
      .nullish(),
  })
  .nullish();

export const runIdSchema = oneSchema(z.object({ runId: z.string() }));

export function runActionRoutes({ services }: V2Context): readonly V2Route[] {
  const { clock, reruns, runs, history } = services;
  return [
    v2Route({
      id: 'Rerun',
      method: 'POST',
      path: '/runs/:runId/rerun',
      tag,
      summary: 'Rerun a run',
      description:
        'Starts a new run with the events of another, from the beginning or from a step.',
      params: runParam,
      body: { schema: rerunBody, isOptional: true },
      answers: { 200: { description: 'The new run.', schema: runIdSchema } },
      refusals: {
        400: 'That is no run id, or there is no such step.',
        404: 'There is no such run, or its function or events are gone.',
      },
      handle: async ({ param, body }) => {
        const runId = ulidNamed(param('runId'), 'Run ID');
        const outcome = await reruns.rerun(runId, fromStepOf(body));
        return enveloped({ runId: createdRun(outcome) }, { nowMs: clock.now() });
      },
    }),
    v2Route({
      id: 'CancelRun',
      method: 'POST',
      path: '/runs/:runId/cancel',
      tag,
      summary: 'Cancel a run',
      description:
        'Ends a run that has not ended. A step that an app is running is not interrupted.',
      params: runParam,
      answers: { 200: { description: 'It is cancelled.', schema: runIdSchema } },
      refusals: {
        400: 'That is no run id.',
        404: 'There is no such run.',
        409: 'The run has ended, or is cancelled already.',
      },
      handle: async ({ param }) => {
        const runId = ulidNamed(param('runId'), 'Run ID');
        const outcome = await runs.cancel(runId);
        if (outcome === 'cancelled') return enveloped({ runId }, { nowMs: clock.now() });
        // The state of a run goes some time after its end; history knows it for longer.
        const run = await history.run(runId);
        if (outcome === 'unknown' && run === null) throw new Problem(404, 'Run not found');
        throw run?.status === 'Cancelled'
          ? new Problem(409, 'Run is already cancelled', { code: 'run_already_cancelled' })
          : new Problem(409, 'Cannot cancel an ended run', { code: 'run_already_ended' });
      },
    }),
  ];
}

function fromStepOf(body: z.output<typeof rerunBody>) {
  const fromStep = body?.fromStep ?? undefined;
  if (fromStep === undefined) return undefined;
  const { stepId, input } = fromStep;
  return { stepId, ...(input === undefined ? {} : { input: JSON.stringify(input) }) };
}

function createdRun(outcome: RerunOutcome): string {
  switch (outcome.kind) {
    case 'created':
      return outcome.runId;
    case 'unknown_run':
      throw new Problem(404, 'Run not found');
    case 'unknown_function':
      throw new Problem(404, 'The function of this run is not registered any more');
    case 'events_gone':
      throw new Problem(404, 'The events of this run have been deleted with age');
    case 'unknown_step':
      throw new Problem(400, 'Step not found in original run');
    case 'not_rerunnable':
      throw new Problem(400, 'The app itself started this run; call its endpoint again');
    case 'ambiguous_step':
      throw new Problem(400, 'Several steps have this name; use the hashed id of the step');
  }
}
