/** A declared function that is valid, as the server registers it (cue-config.md §4.5). */
import type { Dag } from '../../function/dag.ts';
import { documentApp } from '../../function/document_app.ts';
import { type DeclaredFunction, triggerOf } from '../../function/registration.ts';
import type { FunctionShape } from './function_shape.ts';
import { slugPartOf } from './id_rule.ts';

/** The controls of a function in the forms that all functions have. */
export type Flow = Pick<
  DeclaredFunction,
  'throttle' | 'rateLimit' | 'debounce' | 'batchEvents' | 'priority' | 'singleton'
> & { readonly cancel: FunctionShape['cancel'] };

export function slugOfDeclared(id: string): string {
  return `${documentApp}-${slugPartOf(id)}`;
}

export function declare(shape: FunctionShape, dag: Dag): DeclaredFunction {
  const { id, name, concurrency = 0, idempotency, timeouts } = shape;
  const { throttle, rateLimit, ...flow } = flowOf(shape);
  const attempts = Math.max(...dag.steps.map((step) => step.attempts));
  return {
    slug: slugOfDeclared(id),
    name,
    triggers: shape.triggers.map(triggerOf),
    url: `${documentApp}://${slugPartOf(id)}`,
    driver: 'dag',
    dag,
    retries: attempts - 1,
    concurrency: concurrency > 0 ? [{ limit: concurrency, scope: 'fn' }] : [],
    runConcurrency: [],
    ...flow,
    ...(timeouts && { timeouts }),
    ...(idempotency === undefined
      ? { ...(throttle && { throttle }), ...(rateLimit && { rateLimit }) }
      : { idempotency }),
  };
}

/** Only the controls that are there have a field. */
export function flowOf(shape: FunctionShape): Flow {
  const { throttle, rateLimit, debounce, batch, priority, singleton, cancel } = shape;
  return {
    cancel,
    ...(throttle && { throttle: throttleOf(throttle) }),
    ...(rateLimit && { rateLimit }),
    ...(debounce && { debounce }),
    ...(batch && { batchEvents: batch }),
    ...(priority && { priority }),
    ...(singleton && { singleton }),
  };
}

function throttleOf({ count, period, key }: NonNullable<FunctionShape['throttle']>) {
  return { limit: count, period, burst: 1, ...(key === undefined ? {} : { key }) };
}
