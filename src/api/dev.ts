/**
 * `GET /dev`: how SDKs and the browser app find a server and what it was started with (http-api.md §8.1). A cloud
 * server tells those who hold the signing key; the original has no such page there, which its browser app misses.
 */
import { Elysia } from 'elysia';
import type { Registry } from '../state/registry.ts';
import { jsonText } from './answer.ts';
import { requireSigningKey } from './auth.ts';
import { functionJson } from './function_json.ts';
import type { Services, StartOptions } from './services.ts';

/** Searching runs by expression needs no account here. */
const features = {
  FEATURE_CEL_SEARCH: true,
  'enable-step-metadata': true,
  'run-details-v4': true,
};

export function devRoutes(services: Services, registry: Pick<Registry, 'apps'>) {
  const { kind, version, signingKey, eventKeys, startOptions } = services;
  return new Elysia().onBeforeHandle(requireSigningKey(services)).get('/dev', () => {
    const functions = registry.apps().flatMap((app) => app.functions.map(functionJson));
    const body = {
      version,
      // Whoever sees this page in cloud has shown the key.
      authed: signingKey !== null,
      startOpts: startOptions === undefined ? {} : startOptsOf(startOptions),
      functions,
      handlers: null,
      isSingleNodeService: startOptions?.isSingleNode ?? false,
      isMissingSigningKey: kind === 'cloud' && signingKey === null,
      isMissingEventKeys: kind === 'cloud' && eventKeys.length === 0,
      features,
    };
    return jsonText(`${JSON.stringify(body, null, 2)}\n`, {
      headers: { 'content-type': 'application/json; charset=utf-8' },
    });
  });
}

/** In the words of the original; addresses of databases may hold passwords and are not told. */
function startOptsOf(options: StartOptions): Readonly<Record<string, unknown>> {
  return {
    urls: options.urls,
    autodiscover: options.isDiscoveryOn,
    poll: options.isPollingOn,
    poll_interval: Math.round(options.pollIntervalMs / 1000),
    retry_interval: Math.round((options.retryIntervalMs ?? 0) / 1000),
    queue_workers: options.queueWorkers,
    require_keys: options.requiresKeys,
    persist: options.isPersistent,
  };
}
