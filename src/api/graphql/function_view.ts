/** Functions as the API shows them (reference/graphql.md §3, §5.1). */
import type {
  AppId,
  ConcurrencyLimit,
  FunctionDefinition,
  FunctionId,
  Trigger,
} from '../../function/definition.ts';
import { failureSlugOf } from '../../function/identity.ts';
import type { RunRecord } from '../../history/history.ts';
import { functionJson } from '../function_json.ts';
import { removedApp } from './app_view.ts';
import type { GraphqlContext } from './context.ts';

const retriesDefault = 4;

export function functionView(fn: FunctionDefinition, context: GraphqlContext): object {
  const { registry, services, show } = context;
  return {
    id: fn.id,
    name: fn.name,
    slug: fn.slug,
    failureHandler: () => {
      const handler = registry.functionBySlug(failureSlugOf(fn.slug));
      return handler === null ? null : show.function(handler);
    },
    config: () => JSON.stringify(functionJson(fn)),
    configuration: () => configurationOf(fn),
    concurrency: fn.concurrency[0]?.limit ?? 0,
    triggers: fn.triggers.map(triggerView),
    url: fn.url,
    appID: fn.appId,
    app: () => show.app(registry.appById(fn.appId) ?? removedApp(fn)),
    isPaused: services.pauses.isPaused(fn.id),
  };
}

/** The function of a run: as it is now, or, when it is gone, what its run remembers. */
export function functionOfRun(run: RunRecord, { registry, show }: GraphqlContext): object {
  return show.function(registry.functionById(run.functionId) ?? removedFunction(run));
}

function removedFunction(run: RunRecord): FunctionDefinition {
  return {
    // The run had both from a function.
    id: run.functionId as FunctionId,
    appId: run.appId as AppId,
    appName: run.appName,
    slug: run.functionSlug,
    name: run.functionName === '' ? run.functionSlug : run.functionName,
    version: run.functionVersion,
    triggers: run.cron === null ? [{ event: run.eventName }] : [{ cron: run.cron }],
    url: '',
    driver: 'http',
    retries: retriesDefault,
    ...{ concurrency: [], runConcurrency: [], cancel: [] },
  };
}

function triggerView(trigger: Trigger): object {
  return 'cron' in trigger
    ? { type: 'CRON', value: trigger.cron, condition: null }
    : { type: 'EVENT', value: trigger.event, condition: trigger.expression ?? null };
}

function configurationOf(fn: FunctionDefinition): object {
  const { batchEvents, debounce, throttle, singleton } = fn;
  return {
    cancellations: fn.cancel.map(({ event, timeout, if: condition }) => ({
      ...{ event, timeout, condition },
    })),
    retries: { value: fn.retries, isDefault: fn.retries === retriesDefault },
    priority: fn.priority?.run ?? null,
    eventsBatch: batchEvents ?? null,
    concurrency: concurrencyOf(fn),
    rateLimit: rateLimitOf(fn),
    debounce: debounce ?? null,
    throttle: throttle ?? null,
    singleton: singleton
      ? { mode: singleton.mode.toUpperCase(), key: singleton.key ?? null }
      : null,
  };
}

/** Idempotency is a rate limit of one a day (sdk-http-protocol.md §1.7). */
function rateLimitOf({ rateLimit, idempotency }: FunctionDefinition): object | null {
  if (idempotency !== undefined) return { limit: 1, period: '24h', key: idempotency };
  return rateLimit ?? null;
}

const scopes: Readonly<Record<ConcurrencyLimit['scope'], string>> = {
  fn: 'FUNCTION',
  env: 'ENVIRONMENT',
  account: 'ACCOUNT',
};

function concurrencyOf({ concurrency, runConcurrency }: FunctionDefinition): readonly object[] {
  const limits = [...concurrency, ...runConcurrency].map(({ scope, limit, key }) => ({
    scope: scopes[scope],
    limit: { value: limit, isPlanLimit: false },
    key: key ?? null,
  }));
  const none = { scope: 'ACCOUNT', limit: { value: -1, isPlanLimit: true }, key: null };
  return limits.length === 0 ? [none] : limits;
}
