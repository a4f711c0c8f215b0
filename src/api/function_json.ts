/** A function as `/dev` and `/v1/apps/{app}/functions` show it (http-api.md §8.1). */
import type { FunctionDefinition } from '../function/definition.ts';

export function functionJson(fn: FunctionDefinition): Readonly<Record<string, unknown>> {
  return {
    id: fn.id,
    fv: fn.version,
    name: fn.name,
    slug: fn.slug,
    triggers: fn.triggers,
    steps: [{ id: 'step', name: 'step', uri: fn.url, retries: { attempts: fn.retries } }],
    // JSON leaves out what is undefined.
    priority: fn.priority,
    timeouts: fn.timeouts,
    concurrency: present([...fn.concurrency, ...fn.runConcurrency]),
    debounce: fn.debounce,
    checkpoint: fn.checkpoint,
    batchEvents: fn.batchEvents,
    rateLimit: fn.rateLimit,
    throttle: fn.throttle,
    cancel: present(fn.cancel),
    singleton: fn.singleton,
    driver: fn.driver,
  };
}

function present<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length === 0 ? undefined : list;
}
