/** All routes of /v2, under both prefixes (http-api.md §7). */
import { type AnyElysia, Elysia } from 'elysia';
import { requireSigningKey } from '../auth.ts';
import { openApiDocument } from '../openapi/document.ts';
import { docsNote, documents, openApiNote } from '../openapi/documents.ts';
import { Problem } from '../problem.ts';
import type { Services } from '../services.ts';
import { accountRoutes } from './account_routes.ts';
import { appRoutes } from './app_routes.ts';
import { bulkRoutes } from './bulk_routes.ts';
import type { V2Context } from './context.ts';
import { errorSchema } from './envelope.ts';
import { eventRoutes } from './event_routes.ts';
import { invokeRoutes } from './invoke_routes.ts';
import { missingRoutes } from './missing_routes.ts';
import { operationsRoute } from './operations.ts';
import { v2Prefixes } from './prefix.ts';
import { problemAnswer } from './refusal.ts';
import { type V2Route, v2Route } from './route.ts';
import { runActionRoutes } from './run_action_routes.ts';
import { runRoutes } from './run_routes.ts';
import { scoreRoutes } from './score_routes.ts';
import { traceRoutes } from './trace_routes.ts';

const description =
  'Apps, functions and runs: reading them, starting, cancelling and rerunning them. Fields that are empty, zero or ' +
  'false are left out of answers, and 64-bit integers are text.';

export interface V2Doors {
  readonly routes: AnyElysia;
  /** Routes (`GET /v2/runs`) whose answers wait for nothing: see `isAlways`. */
  readonly always: ReadonlySet<string>;
}

export function v2Doors(context: V2Context): V2Doors {
  const routes = catalogue(context);
  const refuse = keyRefusal(context.services);
  const app = new Elysia();
  for (const prefix of v2Prefixes) {
    for (const { method, path, isOpen, answer } of routes) {
      app.route(
        method,
        `${prefix}${path}`,
        async ({ request, params }) =>
          (isOpen === true ? null : refuse(request)) ?? answer(request, params),
        { parse: 'none' },
      );
    }
  }
  const always = routes
    .filter(({ isAlways }) => isAlways === true)
    .flatMap(({ method, path }) => v2Prefixes.map((prefix) => `${method} ${prefix}${path}`));
  return { routes: app, always: new Set(always) };
}

function catalogue(context: V2Context): readonly V2Route[] {
  const working = [
    ...accountRoutes(context),
    ...appRoutes(context),
    ...invokeRoutes(context),
    ...runRoutes(context),
    ...traceRoutes(context),
    ...runActionRoutes(context),
    ...scoreRoutes(context),
    ...eventRoutes(context),
    ...bulkRoutes(context),
  ];
  const { openApi, docs } = documents(() =>
    openApiDocument(
      {
        title: 'Inngest REST API v2',
        description,
        version: context.services.version,
        prefixes: v2Prefixes,
        error: errorSchema,
      },
      routes,
    ),
  );
  const routes: readonly V2Route[] = [
    ...working,
    operationsRoute(working),
    v2Route({ ...openApiNote, isAlways: true, handle: openApi }),
    v2Route({ ...docsNote, isAlways: true, handle: docs }),
    ...missingRoutes(),
  ];
  return routes;
}

/** As for the other doors, in the words of /v2. */
function keyRefusal(services: Services): (request: Request) => Response | null {
  const check = requireSigningKey(services);
  return (request) => {
    if (check({ request }) === undefined) return null;
    const problem = request.headers.has('authorization')
      ? new Problem(401, 'The signing key is wrong', { code: 'invalid_signing_key' })
      : new Problem(401, 'Authorization: Bearer <signing key> is required', {
          code: 'authorization_header_missing',
        });
    return problemAnswer(problem);
  };
}
