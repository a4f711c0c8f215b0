/** Routes of /v1 that this folder adds to those beside it, and the document of them all. */
import { Elysia } from 'elysia';
import { requireSigningKey } from '../auth.ts';
import { openApiDocument } from '../openapi/document.ts';
import { documents } from '../openapi/documents.ts';
import type { Services } from '../services.ts';
import {
  type CancellationRegistry,
  createCancellation,
  deleteCancellation,
  listCancellations,
} from './cancellations.ts';
import { v1Notes } from './catalogue.ts';
import { errorSchema } from './envelope.ts';
import { runList } from './run_list.ts';
import { runTraceAnswer } from './run_trace.ts';

const description =
  'Events, runs and their functions; what SDKs use while runs go on (signals, checkpoints, metadata, spans).';

export function v1Routes(services: Services, registry: CancellationRegistry) {
  const { openApi, docs } = documents(() =>
    openApiDocument(
      {
        title: 'Inngest REST API v1',
        description,
        version: services.version,
        prefixes: ['/v1'],
        error: errorSchema,
        isKeyRefusedInText: true,
      },
      v1Notes,
    ),
  );
  return new Elysia()
    .get('/v1/openapi.json', openApi)
    .get('/v1/docs', docs)
    .use(keyedRoutes(services, registry));
}

function keyedRoutes(services: Services, registry: CancellationRegistry) {
  return new Elysia()
    .onBeforeHandle(requireSigningKey(services))
    .get('/v1/runs', ({ request }) => runList(request, services, registry))
    .get('/v1/runs/:runId/trace', ({ request, params }) =>
      runTraceAnswer(request, params.runId, services),
    )
    .get('/v1/cancellations', () => listCancellations(services, registry))
    .post('/v1/cancellations', ({ request }) => createCancellation(request, services, registry), {
      parse: 'none',
    })
    .delete(
      '/v1/cancellations/:cancellationId',
      ({ request, params }) => deleteCancellation(request, params.cancellationId, services),
      { parse: 'none' },
    );
}
