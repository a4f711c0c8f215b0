/**
 * `/{run}/output?token=`: where the caller of a durable endpoint waits once its run went on in the background
 * (sdk-http-protocol.md §7.7). The token is the only key; any method will do, since SDKs redirect to here.
 */
import { Elysia } from 'elysia';
import { z } from 'zod';
import type { Clock } from '../lib/clock.ts';
import { json, jsonText } from './answer.ts';
import type { CheckpointPrefix } from './checkpoint.ts';
import { Problem } from './problem.ts';
import type { RunTokens } from './run_token.ts';
import type { Services } from './services.ts';

const waitMsMax = 5 * 60 * 1000;

/** What an app answered; only then is the output replayed as an HTTP answer. */
const apiResult = z.object({
  data: z.object({
    status: z.int().min(200).max(599),
    headers: z.record(z.string(), z.string()).nullish(),
    body: z.unknown().optional(),
  }),
});

type ApiResult = z.infer<typeof apiResult>['data'];

/** They describe the connection or encoding that the app's own answer had, not this one. */
const connectionHeaders = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'keep-alive',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
/** Statuses that `Response` refuses to give a body. */
const bodilessStatuses = new Set([204, 205, 304]);

export function runOutputRoutes(prefix: CheckpointPrefix, services: Services, tokens: RunTokens) {
  const { checkpoints, clock } = services;
  return new Elysia({ prefix }).all(
    '/:runId/output',
    async ({ request, params, server }) => {
      const runId = (params.runId ?? '').toUpperCase();
      const token = new URL(request.url).searchParams.get('token') ?? '';
      if (!tokens.isOutputToken(token, runId)) {
        throw new Problem(401, 'Unable to find run with auth token');
      }
      // The wait is longer than a connection may otherwise be silent; it has its own end.
      server?.timeout(request, 0);
      const output = await withDeadline(clock, request.signal, (signal) =>
        checkpoints.output(runId, signal),
      );
      return output === null ? stillRunning() : replayed(output);
    },
    { parse: 'none' },
  );
}

/** Ends the wait after five minutes, or at once when the caller hangs up. */
async function withDeadline<T>(
  clock: Clock,
  hangUp: AbortSignal,
  wait: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const deadline = new AbortController();
  const timer = clock.at(clock.now() + waitMsMax, () => deadline.abort());
  try {
    return await wait(AbortSignal.any([deadline.signal, hangUp]));
  } finally {
    timer.cancel();
  }
}

function stillRunning(): Response {
  return json({ status: 'running', message: 'run did not end within 5 minutes' });
}

function replayed(output: string): Response {
  const result = apiResult.safeParse(JSON.parse(output));
  if (!result.success) return jsonText(output);
  const { status, headers, body } = result.data.data;
  const hasBody = body !== undefined && body !== null && !bodilessStatuses.has(status);
  return new Response(hasBody ? textOf(body) : null, { status, headers: replayedHeaders(headers) });
}

function textOf(body: unknown): string {
  return typeof body === 'string' ? body : JSON.stringify(body);
}

function replayedHeaders(given: ApiResult['headers']): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(given ?? {})) {
    if (connectionHeaders.has(name.toLowerCase())) continue;
    try {
      headers.set(name, value);
    } catch {
      // Not a header HTTP could carry, so the app's answer never had it either.
    }
  }
  return headers;
}
