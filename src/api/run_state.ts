/**
 * `/v0/runs`: what SDKs fetch when a request was too large to carry a run's state (`use_api`,
 * sdk-http-protocol.md §2.7), and cancellation. Bare JSON, no envelope.
 */
import { Elysia } from 'elysia';
import { empty, jsonText } from './answer.ts';
import { requireSigningKey } from './auth.ts';
import { Problem } from './problem.ts';
import type { Services } from './services.ts';
import { ulidOf } from './ulid_param.ts';

export function runStateRoutes(services: Services) {
  const { runs } = services;
  return new Elysia()
    .onBeforeHandle(requireSigningKey(services))
    .get('/v0/runs/:runId/actions', async ({ params }) => {
      const runId = runIdOf(params.runId);
      return jsonText(present(await runs.actions(runId), runId));
    })
    .get('/v0/runs/:runId/batch', async ({ params }) => {
      const runId = runIdOf(params.runId);
      return jsonText(present(await runs.batch(runId), runId));
    })
    .delete(
      '/v0/runs/:runId',
      async ({ params }) => {
        const outcome = await runs.cancel(runIdOf(params.runId));
        if (outcome === 'ended') throw new Problem(409, 'The function run has already completed');
        if (outcome === 'unknown') {
          throw new Problem(404, 'A function run with the given ID could not be found');
        }
        return empty(204);
      },
      { parse: 'none' },
    );
}

function runIdOf(text: string): string {
  return ulidOf(text, 'The run ID specified is invalid');
}

/** State goes when the run ends: gone (410), not unknown. */
function present(state: string | null, runId: string): string {
  if (state !== null) return state;
  throw new Problem(410, `runtime state is no longer available for runID: ${runId}`);
}
