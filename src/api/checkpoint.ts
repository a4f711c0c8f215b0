/**
 * Checkpoints: steps that an app ran by itself, reported while its call is open (`/async`) or from a durable
 * endpoint (create, then `/steps`); sdk-http-protocol.md §7.3–7.5. Both prefixes mean the same.
 */
import { Elysia } from 'elysia';
import type { CheckpointOutcome } from '../executor/checkpoints.ts';
import type { SyncRunOutcome } from '../executor/sync_runs.ts';
import { empty, enveloped } from './answer.ts';
import { requireSigningKey } from './auth.ts';
import { readJson } from './body.ts';
import { asyncRule, createRule, stepsRule } from './checkpoint_body.ts';
import { Problem } from './problem.ts';
import type { RunTokens } from './run_token.ts';
import type { Services } from './services.ts';
import { ulidInPath, ulidOf } from './ulid_param.ts';

export const checkpointPrefixes = ['/v1/checkpoint', '/v1/http/runs'] as const;

export type CheckpointPrefix = (typeof checkpointPrefixes)[number];

export function checkpointRoutes(prefix: CheckpointPrefix, services: Services, tokens: RunTokens) {
  const { checkpoints } = services;
  return new Elysia({ prefix })
    .onBeforeHandle(requireSigningKey(services))
    .post('', async ({ request }) => create(request, services, tokens), { parse: 'none' })
    .post(
      '/:runId/steps',
      async ({ request, params }) => {
        const runId = ulidInPath(request, params.runId, badRun);
        const body = await readJson(request, stepsRule);
        refuseOtherRun(body.run_id, runId);
        return saved(await checkpoints.saveSync(runId, body.fn_id, body.steps), runId);
      },
      { parse: 'none' },
    )
    .post(
      '/:runId/async',
      async ({ request, params }) => {
        const runId = ulidInPath(request, params.runId, badRun);
        const body = await readJson(request, asyncRule);
        refuseOtherRun(body.run_id, runId);
        const outcome = await checkpoints.saveAsync({
          runId,
          functionId: body.fn_id,
          queueItem: body.qi_id,
          generation: body.generation_id,
          requestStartedAtMs: body.request_started_at,
          steps: body.steps,
        });
        return saved(outcome, runId);
      },
      { parse: 'none' },
    );
}

const badRun = 'Invalid run ID';

async function create(
  request: Request,
  { checkpoints, clock }: Services,
  tokens: RunTokens,
): Promise<Response> {
  const body = await readJson(request, createRule);
  const runId = ulidOf(body.run_id, `${badRun}: ${body.run_id}`);
  const outcome: SyncRunOutcome = await checkpoints.createSync({
    runId,
    event: body.event,
    steps: body.steps,
    requestVersion: body.request_version,
    retries: body.retries,
    ...(body.idempotency === undefined ? {} : { idempotency: body.idempotency }),
  });
  if (outcome.kind === 'rejected') throw refusal(outcome.status, outcome.message, runId);
  const created = { fn_id: outcome.functionId, app_id: outcome.appId, run_id: outcome.runId };
  // Only a run that has steps can outlive the request, so only then is there an output to wait for (§7.4).
  const token = body.steps.length === 0 ? {} : { token: tokens.output(outcome.runId) };
  const data = { ...created, ...token, realtime_token: tokens.realtime(outcome.runId) };
  return enveloped(data, clock.now());
}

/** The id in the body is optional; a body meant for another run is a mix-up that must not be saved. */
function refuseOtherRun(bodyRunId: string | undefined, runId: string): void {
  if (bodyRunId === undefined || bodyRunId.toUpperCase() === runId) return;
  throw refusal(400, `run_id in the body (${bodyRunId}) is not the run in the path`, runId);
}

/**
 * The original answers 200 to `/steps` whatever happens. Here what was not saved is not called saved: SDKs
 * try again and then go on as if it had been.
 */
function saved(outcome: CheckpointOutcome, runId: string): Response {
  if (outcome.kind === 'saved') return empty();
  throw refusal(outcome.status, outcome.message, runId);
}

function refusal(status: number, message: string, runId: string): Problem {
  return new Problem(status, message, { data: { run_id: runId } });
}
