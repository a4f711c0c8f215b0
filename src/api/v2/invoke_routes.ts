/** `POST /v2/apps/{app}/functions/{function}/invoke`: starts a function and says which run it is (http-api.md §7.3). */
import { z } from 'zod';
import { eventBytesMax } from '../../event/parse.ts';
import type { FunctionDefinition } from '../../function/definition.ts';
import type { RunRecord } from '../../history/history.ts';
import { HistoryUnavailableError } from '../../history/history_error.ts';
import { idempotencyMs } from '../../runner/start_run.ts';
import { overloaded, Problem } from '../problem.ts';
import { traced } from '../traced.ts';
import { functionParams } from './app_routes.ts';
import { functionOf, type V2Context } from './context.ts';
import { enveloped } from './envelope.ts';
import { invocationOf, type RunWait, startedRun } from './invocation.ts';
import { type Call, type V2Route, v2Route } from './route.ts';
import { runIdSchema } from './run_action_routes.ts';

const keyCharsMax = 512;

const bodySchema = z.strictObject({
  data: z
    .record(z.string(), z.unknown(), {
      error: ({ input }) =>
        input === undefined ? 'Input data is required' : 'Input data must be an object',
    })
    .describe('What the function gets as `event.data`.'),
  idempotencyKey: z
    .string()
    .max(keyCharsMax)
    .describe('For 24 hours the same key starts the function once.')
    .optional(),
});

type Invoke = Call<unknown, z.output<typeof bodySchema>>;

export function invokeRoutes(context: V2Context): readonly V2Route[] {
  return [
    v2Route({
      id: 'InvokeFunction',
      method: 'POST',
      path: '/apps/:appId/functions/:functionId/invoke',
      tag: 'Apps and functions',
      summary: 'Invoke a function',
      description:
        'Starts one function and answers with the id of its run, without waiting for its end.',
      params: functionParams,
      body: { schema: bodySchema },
      bodyBytesMax: eventBytesMax,
      answers: {
        200: { description: 'The run.', schema: runIdSchema },
        409: {
          description: 'The key was used before; this is the run it started.',
          schema: runIdSchema,
        },
      },
      refusals: {
        400: 'There is no data, or it is not understood.',
        404: 'There is no such function.',
        413: 'The data is too large.',
        422: 'The function is paused or the run was skipped for another reason.',
        504: 'The invocation is stored, but its run has not started so far, or history cannot say which it is.',
      },
      handle: async (call) => {
        if (context.services.intake.isOverloaded()) throw overloaded();
        const fn = await functionOf(context, call.param('appId'), call.param('functionId'));
        return invoke(fn, call, context);
      },
    }),
  ];
}

async function invoke(
  fn: FunctionDefinition,
  { request, body }: Invoke,
  { services }: V2Context,
): Promise<Response> {
  const { clock, history, intake } = services;
  const nowMs = clock.now();
  const key = body.idempotencyKey || undefined;
  const { event, eventIds } = invocationOf(fn, body.data, key, nowMs);
  const earlier = key === undefined ? [] : await history.eventsById(eventIds);
  const known = earlier.find(({ receivedAtMs }) => receivedAtMs > nowMs - idempotencyMs);
  if (known === undefined) {
    await intake.accept(traced([event], request));
    await services.settled();
  }
  const { signal } = request;
  const run = await shownRun({
    history,
    clock,
    functionId: fn.id,
    eventIds,
    sinceMs: nowMs,
    signal,
  });
  if (run === null) throw notStarted(known?.internalId ?? event.internalId);
  if (run.status === 'Skipped') throw skipped(run);
  // History may not have known the earlier event yet; the run then belongs to that one.
  const isAnothers = known !== undefined || !run.eventIds.includes(event.internalId);
  return enveloped({ runId: run.runId }, { nowMs, status: isAnothers ? 409 : 200 });
}

/**
 * The invocation is stored: whoever sent it again because history went away would start the function again. To them
 * it is the same as a run that does not start in time.
 */
async function shownRun(wait: RunWait): Promise<RunRecord | null> {
  try {
    return await startedRun(wait);
  } catch (error) {
    if (error instanceof HistoryUnavailableError) return null;
    throw error;
  }
}

function skipped({ skipReason }: RunRecord): Problem {
  const reasons: Readonly<Record<string, string>> = {
    FunctionPaused: 'the function is paused',
    FunctionDrained: 'the function is draining',
    Singleton: 'another run of the singleton is under way',
    FunctionBacklogSizeLimitHit: 'the backlog of the function is full',
  };
  const reason = reasons[skipReason ?? ''] ?? 'the server does not say why';
  return new Problem(422, `The run was skipped: ${reason}`, { code: 'function_skipped' });
}

function notStarted(eventId: string): Problem {
  const advice =
    'do not repeat it without an idempotencyKey; GET /v2/events/{id}/runs will show the run';
  return new Problem(
    504,
    `The invocation is stored as event ${eventId}, but its run has not started so far; ${advice}`,
    { code: 'internal_error' },
  );
}
