/** A function as `/dev` and `/v1/apps/{app}/functions` show it (http-api.md §8.1). */
import type { Dag } from '../function/dag.ts';
import type { FunctionDefinition } from '../function/definition.ts';

export function functionJson(fn: FunctionDefinition): Readonly<Record<string, unknown>> {
  return {
    id: fn.id,
    fv: fn.version,
    name: fn.name,
    slug: fn.slug,
    triggers: fn.triggers,
    ...(fn.dag ? graphOf(fn.dag) : { steps: [onlyStep(fn)] }),
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

/** SDKs register one step, whatever the function does in it. */
function onlyStep({ url, retries }: FunctionDefinition): object {
  return { id: 'step', name: 'step', uri: url, retries: { attempts: retries } };
}

/** The steps of a function that is declared in a document, and what leads to them (cue-config.md §5). */
function graphOf({ steps }: Dag): object {
  return {
    steps: steps.map(({ id, name, url, attempts }) => ({
      ...{ id, name, uri: url, retries: { attempts: attempts - 1 } },
    })),
    edges: steps.flatMap(({ id, after }) =>
      after.map(({ from, ...metadata }) => ({
        ...{ outgoing: from, incoming: id },
        ...(Object.keys(metadata).length > 0 && { metadata }),
      })),
    ),
  };
}

function present<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length === 0 ? undefined : list;
}
