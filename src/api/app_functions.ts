/** `GET /v1/apps/{app}/functions`: a bare array, empty for an app nobody knows (http-api.md §3.8). */
import { Elysia } from 'elysia';
import { environmentId } from '../function/definition.ts';
import type { Registry } from '../state/registry.ts';
import { json } from './answer.ts';
import { requireSigningKey } from './auth.ts';
import { functionJson } from './function_json.ts';
import { isoTime } from './run_record.ts';
import type { Services } from './services.ts';

/** Go's zero time: not archived. Functions that left their app are not listed at all. */
const notArchived = '0001-01-01T00:00:00Z';

export function appFunctionRoutes(services: Services, registry: Pick<Registry, 'app'>) {
  return new Elysia()
    .onBeforeHandle(requireSigningKey(services))
    .get('/v1/apps/:appName/functions', ({ params }) => {
      const app = registry.app(params.appName ?? '');
      const elements = (app?.functions ?? []).map((fn) => ({
        internal_id: fn.id,
        env_id: environmentId,
        app_id: fn.appId,
        id: fn.slug,
        name: fn.name,
        config: functionJson(fn),
        created_at: isoTime(app?.syncedAtMs ?? 0),
        archived_at: notArchived,
      }));
      return json(elements);
    });
}
