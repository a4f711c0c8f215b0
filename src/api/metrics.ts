/**
 * `GET /metrics`: what Prometheus scrapes. In `start` it needs the signing key like other doors; Prometheus sends it as
 * `authorization: { type: Bearer, credentials: <the key, or its hash as SDKs send it> }` of the scrape configuration.
 */
import { Elysia } from 'elysia';
import { environmentId } from '../function/definition.ts';
import { requireSigningKey } from './auth.ts';
import { Problem } from './problem.ts';
import type { Services } from './services.ts';

export function metricsRoutes(services: Services) {
  const { metrics } = services;
  const answer = async (): Promise<Response> =>
    new Response(await metrics.text(), {
      headers: { 'content-type': metrics.contentType, 'cache-control': 'no-store' },
    });
  return new Elysia()
    .onBeforeHandle(requireSigningKey(services))
    .get('/metrics', answer)
    .get('/v1/prom/:env', ({ params }) => {
      if (params.env !== environmentId) {
        throw new Problem(
          404,
          `There is no environment with this ID; the only one is ${environmentId}.`,
        );
      }
      return answer();
    });
}

/** Where requests end that no route is for. */
const noRoute = 'none';

/** Counts every answer. To be used before the routes; preflights are not counted. */
export function requestCounts({ metrics }: Services) {
  return new Elysia().onAfterResponse(
    { as: 'global' },
    ({ request, route, responseValue, set }) => {
      const isKnown = route !== undefined && route !== '';
      metrics.countRequest?.(
        request.method,
        isKnown ? route : noRoute,
        statusOf(responseValue, set.status, isKnown),
      );
    },
  );
}

function statusOf(answer: unknown, status: unknown, isKnownRoute: boolean): number {
  if (answer instanceof Response) return answer.status;
  if (!isKnownRoute) return 404;
  return typeof status === 'number' ? status : 200;
}
