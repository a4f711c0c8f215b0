/**
 * `GET /dev`: how SDKs and the browser app find a dev server (http-api.md §8.1). A cloud server has no such
 * page, and says so only to those who hold the signing key.
 */
import { Elysia } from 'elysia';
import type { Registry } from '../state/registry.ts';
import { jsonText, notFound } from './answer.ts';
import { requireSigningKey } from './auth.ts';
import { functionJson } from './function_json.ts';
import type { Services } from './services.ts';

export function devRoutes(services: Services, registry: Pick<Registry, 'apps'>) {
  const { kind, version } = services;
  return new Elysia().onBeforeHandle(requireSigningKey(services)).get('/dev', () => {
    if (kind === 'cloud') return notFound();
    const functions = registry.apps().flatMap((app) => app.functions.map(functionJson));
    const body = {
      version,
      authed: false,
      startOpts: {},
      functions,
      handlers: null,
      isSingleNodeService: false,
      isMissingSigningKey: false,
      isMissingEventKeys: false,
      features: {},
    };
    return jsonText(`${JSON.stringify(body, null, 2)}\n`, {
      headers: { 'content-type': 'application/json; charset=utf-8' },
    });
  });
}
