/** The HTTP application: every door in one Elysia app (http-api.md §0). */
import { Elysia } from 'elysia';
import type { Logger } from '../lib/logger.ts';
import { appFunctionRoutes } from './app_functions.ts';
import type { AppRegistry } from './app_registry.ts';
import { checkpointPrefixes, checkpointRoutes } from './checkpoint.ts';
import { corsHeaders, isPreflight, preflightResponse } from './cors.ts';
import { devRoutes } from './dev.ts';
import { eventHistoryRoutes } from './event_history.ts';
import { eventRoutes } from './events.ts';
import { functionLimitRoutes } from './function_limit.ts';
import { functionSyncRoutes } from './function_sync.ts';
import { graphqlRoutes } from './graphql/routes.ts';
import { healthRoutes } from './health.ts';
import { invokeRoutes } from './invoke.ts';
import { refuseOtherMethods } from './method.ts';
import { metricsRoutes, requestCounts } from './metrics.ts';
import { problemOf } from './problem.ts';
import { refusal, unknownPath } from './refusal.ts';
import { runOutputRoutes } from './run_output.ts';
import { runStateRoutes } from './run_state.ts';
import { runTokens } from './run_token.ts';
import { runRoutes } from './runs.ts';
import type { Services } from './services.ts';
import { signalRoutes } from './signals.ts';
import { userlandTraceRoutes } from './userland_trace.ts';
import { v1Routes } from './v1/routes.ts';
import { v2Doors } from './v2/routes.ts';

/**
 * Answers are the same through `handle` and over a socket: Bun's own router, which treats methods and
 * malformed paths in its own way, stays out of it. Hosts may have names of one letter, as in container
 * networks; Elysia's default finds no path behind those.
 */
const elysiaOptions = {
  strictPath: true,
  systemRouter: false,
  nativeStaticResponse: false,
  handler: { standardHostname: false },
} as const;

/** Answered whatever the store does: they say how the server is, or read history, which only hears of what is durable. */
const always: ReadonlySet<string> = new Set([
  'GET /health',
  'GET /ready',
  'GET /v1/events',
  'GET /v1/events/:eventId',
  'GET /v1/events/:eventId/runs',
  'GET /v1/runs',
  'GET /v1/runs/:runId',
  'GET /v1/runs/:runId/trace',
  'GET /metrics',
  'GET /v1/prom/:env',
  'GET /v1/openapi.json',
  'GET /v1/docs',
  // Waits by itself for what it changes.
  'GET /v0',
  'GET /v0/',
  'GET /v0/gql',
  'POST /v0/gql',
]);

/**
 * Builds the app; whoever calls this lets it listen. `log` hears of failures that nobody expected and of
 * apps that sync. Doors added later get the headers and the error answers too, but not 405: call
 * `refuseOtherMethods` again for those.
 */
export function createApp(
  services: Services,
  registry: AppRegistry,
  log: Pick<Logger, 'error' | 'warn' | 'info'>,
) {
  const tokens = runTokens(services.signingKey, services.clock);
  const v2 = v2Doors({ services, registry });
  const settled = async ({ method }: Request, route: string): Promise<void> => {
    const door = `${method} ${route}`;
    if (!always.has(door) && !v2.always.has(door)) await services.settled();
  };
  const app = new Elysia(elysiaOptions)
    .onRequest(({ request, set }) => {
      set.headers['x-inngest-server-kind'] = services.kind;
      if (isPreflight(request)) return preflightResponse(request);
      Object.assign(set.headers, corsHeaders(request));
      return undefined;
    })
    .onError(async ({ code, error, route, request }) => {
      if (code === 'NOT_FOUND') return unknownPath(request);
      // A refusal tells of what happened, too.
      const cause = await settled(request, route).then(
        () => error,
        (unavailable: unknown) => unavailable,
      );
      return refusal(problemOf(cause, route, log), route);
    })
    .onAfterHandle(async ({ request, route }) => settled(request, route))
    .use(requestCounts(services))
    .use(eventRoutes(services))
    .use(invokeRoutes(services, registry))
    .use(healthRoutes(services))
    .use(devRoutes(services, registry))
    .use(functionSyncRoutes(services, registry, log))
    .use(functionLimitRoutes(services))
    .use(runStateRoutes(services))
    .use(eventHistoryRoutes(services))
    .use(runRoutes(services))
    .use(appFunctionRoutes(services, registry))
    .use(graphqlRoutes(services, registry, log))
    .use(signalRoutes(services))
    .use(metricsRoutes(services))
    .use(userlandTraceRoutes(services))
    .use(v1Routes(services, registry))
    .use(v2.routes);
  for (const prefix of checkpointPrefixes) {
    app.use(checkpointRoutes(prefix, services, tokens));
    app.use(runOutputRoutes(prefix, services, tokens));
  }
  refuseOtherMethods(app);
  return app;
}
