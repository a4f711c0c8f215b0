/** A function as /v2 shows it (http-api.md §7.5). */
import { z } from 'zod';
import type { ConcurrencyLimit, FunctionDefinition } from '../../function/definition.ts';
import { failureSlugOf } from '../../function/identity.ts';
import { shortSlug } from '../function_name.ts';

const retriesDefault = 4;

const keyed = { key: z.string().optional() };

const configurationSchema = z
  .object({
    cancellations: z
      .array(
        z.object({
          event: z.string(),
          timeout: z.string().optional(),
          condition: z.string().optional(),
        }),
      )
      .optional(),
    retries: z.object({ value: z.int().optional(), isDefault: z.boolean().optional() }),
    priority: z.string().optional(),
    eventsBatch: z
      .object({ maxSize: z.int().optional(), timeout: z.string().optional(), ...keyed })
      .optional(),
    concurrency: z.array(
      z.object({
        scope: z.enum(['ACCOUNT', 'ENVIRONMENT', 'FUNCTION']),
        limit: z.object({ value: z.int().optional(), isPlanLimit: z.boolean().optional() }),
        ...keyed,
      }),
    ),
    rateLimit: z.object({ limit: z.int().optional(), period: z.string(), ...keyed }).optional(),
    debounce: z.object({ period: z.string(), ...keyed }).optional(),
    throttle: z
      .object({
        burst: z.int().optional(),
        limit: z.int().optional(),
        period: z.string(),
        ...keyed,
      })
      .optional(),
    singleton: z.object({ mode: z.enum(['SKIP', 'CANCEL']), ...keyed }).optional(),
  })
  .meta({ id: 'FunctionConfiguration' });

export const functionSchema = z
  .object({
    id: z.string().describe('The slug without the app: what the SDK calls the function.'),
    slug: z.string(),
    name: z.string().optional(),
    isPaused: z.boolean().optional(),
    isArchived: z.boolean().optional(),
    app: z.object({ id: z.string() }),
    triggers: z
      .array(
        z.object({ type: z.enum(['EVENT', 'CRON']), value: z.string(), if: z.string().optional() }),
      )
      .optional(),
    failureHandler: z.object({ slug: z.string(), name: z.string().optional() }).optional(),
    configuration: configurationSchema,
  })
  .meta({ id: 'Function' });

type FunctionMessage = z.input<typeof functionSchema>;

export function functionMessage(
  fn: FunctionDefinition,
  siblings: readonly FunctionDefinition[],
  isPaused: boolean,
): FunctionMessage {
  const id = shortSlug(fn.slug, fn.appName);
  const handler = siblings.find(({ slug }) => slug === failureSlugOf(fn.slug));
  return {
    id,
    slug: id,
    name: fn.name,
    isPaused,
    app: { id: fn.appName },
    triggers: fn.triggers.map((trigger) =>
      'cron' in trigger
        ? { type: 'CRON', value: trigger.cron }
        : { type: 'EVENT', value: trigger.event, if: trigger.expression },
    ),
    failureHandler: handler && { slug: shortSlug(handler.slug, fn.appName), name: handler.name },
    configuration: configurationOf(fn),
  };
}

function configurationOf(fn: FunctionDefinition): FunctionMessage['configuration'] {
  const limits = [...fn.concurrency, ...fn.runConcurrency].map(concurrencyOf);
  // An idempotency key is a rate limit of one in 24 hours (execution.md §15).
  const rateLimit =
    fn.idempotency === undefined ? fn.rateLimit : { limit: 1, period: '24h', key: fn.idempotency };
  return {
    cancellations: fn.cancel.map(({ event, timeout, if: condition }) => ({
      event,
      timeout,
      condition,
    })),
    retries: { value: fn.retries, isDefault: fn.retries === retriesDefault },
    priority: fn.priority?.run,
    eventsBatch: fn.batchEvents && {
      maxSize: fn.batchEvents.maxSize,
      timeout: fn.batchEvents.timeout,
      key: fn.batchEvents.key,
    },
    concurrency:
      limits.length > 0 ? limits : [{ scope: 'ACCOUNT', limit: { value: -1, isPlanLimit: true } }],
    rateLimit,
    debounce: fn.debounce && { period: fn.debounce.period, key: fn.debounce.key },
    throttle: fn.throttle,
    singleton: fn.singleton && {
      mode: fn.singleton.mode === 'skip' ? 'SKIP' : 'CANCEL',
      key: fn.singleton.key,
    },
  };
}

const scopes = { fn: 'FUNCTION', env: 'ENVIRONMENT', account: 'ACCOUNT' } as const;

function concurrencyOf({ limit, key, scope }: ConcurrencyLimit) {
  return { scope: scopes[scope], limit: { value: limit }, key };
}
