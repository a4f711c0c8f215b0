/** `/v1/runs/{id}`: one run, its queue items, its cancellation and its metadata (http-api.md §3.2–3.6). */
import { Elysia } from 'elysia';
import type { RunJob } from '../executor/runs.ts';
import { empty, enveloped } from './answer.ts';
import { requireSigningKey } from './auth.ts';
import { Problem } from './problem.ts';
import { metadataWriter } from './run_metadata.ts';
import { isoTime, runObject } from './run_record.ts';
import type { Services } from './services.ts';
import { ulidInPath } from './ulid_param.ts';

const runMaxAgeSeconds = 3;
const jobsMaxAgeSeconds = 5;
const jobsMax = 10;

export function runRoutes(services: Services) {
  const { runs, history, clock } = services;
  const writeMetadata = metadataWriter(services);
  return new Elysia()
    .onBeforeHandle(requireSigningKey(services))
    .get('/v1/runs/:runId', async ({ request, params }) => {
      const runId = runIdOf(request, params.runId);
      const run = await history.run(runId);
      if (run === null) throw unknownRun(runId);
      return enveloped(runObject(run), clock.now(), runMaxAgeSeconds);
    })
    .delete(
      '/v1/runs/:runId',
      async ({ request, params }) => {
        const runId = runIdOf(request, params.runId);
        const outcome = await runs.cancel(runId);
        if (outcome === 'unknown') throw unknownRun(runId);
        if (outcome === 'ended')
          throw new Problem(409, `Function run has already completed: ${runId}`);
        return empty();
      },
      { parse: 'none' },
    )
    .get('/v1/runs/:runId/jobs', async ({ request, params }) => {
      const runId = runIdOf(request, params.runId);
      const jobs = await runs.jobs(runId);
      // A run that has ended has no jobs; only one that never was is unknown.
      if (jobs.length === 0 && (await history.run(runId)) === null) throw unknownRun(runId);
      return enveloped(jobs.slice(0, jobsMax).map(jobObject), clock.now(), jobsMaxAgeSeconds);
    })
    .post(
      '/v1/runs/:runId/metadata',
      async ({ request, params }) => {
        await writeMetadata(runIdOf(request, params.runId), request);
        return empty();
      },
      { parse: 'none' },
    );
}

function runIdOf(request: Request, text: string | null): string {
  return ulidInPath(request, text, 'Invalid run ID');
}

function unknownRun(runId: string): Problem {
  return new Problem(404, `Unable to load function run: ${runId}`);
}

/** `Raw` holds the original's internal queue item, which is nobody's contract (§3.5). */
function jobObject(job: RunJob, position: number): Readonly<Record<string, unknown>> {
  return {
    JobID: job.jobId,
    at: isoTime(job.atMs),
    position,
    kind: job.kind,
    attempt: job.attempt,
    Raw: null,
  };
}
