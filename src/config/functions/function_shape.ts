/**
 * The shape of a declared function (cue-config.md §1). CUE has held documents to it already; values from a cache or
 * from elsewhere are held to it here. What a shape may contain is checked by the rules beside this file.
 */
import * as z from 'zod';

/** Executions in all, when none are asked for (cue-config.md §6.8). */
export const attemptsDefault = 3;
const attemptsMax = 20;

const text = z.string();
const optionalText = z.string().optional();
const count = z.int().min(0);
const countFromOne = z.int().min(1);

const definitionShape = z.strictObject({
  format: z.enum(['cue', 'json-schema']),
  synced: z.boolean(),
  def: z.union([text, z.record(z.string(), z.unknown())], 'expected text or an object'),
});

/** Both kinds in one, so that the rules can say what is wrong with a trigger that is neither or both. */
const triggerShape = z.strictObject({
  event: optionalText,
  expression: optionalText,
  definition: definitionShape.optional(),
  cron: optionalText,
  jitter: optionalText,
});

const cancelShape = z.strictObject({ event: text, timeout: optionalText, if: optionalText });
const throttleShape = z.strictObject({
  key: optionalText,
  count: countFromOne.default(1),
  period: text,
});
const rateLimitShape = z.strictObject({
  key: optionalText,
  limit: countFromOne.default(1),
  period: text,
});
const debounceShape = z.strictObject({ key: optionalText, period: text, timeout: optionalText });
const batchShape = z.strictObject({
  maxSize: z.int().min(2),
  timeout: text,
  key: optionalText,
  if: optionalText,
});
const priorityShape = z.strictObject({ run: text });
const singletonShape = z.strictObject({
  key: optionalText,
  mode: z.enum(['skip', 'cancel']).default('skip'),
});
const timeoutsShape = z.strictObject({ start: optionalText, finish: optionalText });

export const functionShape = z.strictObject({
  id: text,
  name: text,
  concurrency: count.optional(),
  triggers: z.array(triggerShape).default([]),
  // Read one by one, so that a fault in one step does not hide those of the others.
  steps: z.unknown().optional(),
  idempotency: optionalText,
  throttle: throttleShape.optional(),
  rateLimit: rateLimitShape.optional(),
  debounce: debounceShape.optional(),
  batch: batchShape.optional(),
  priority: priorityShape.optional(),
  singleton: singletonShape.optional(),
  timeouts: timeoutsShape.optional(),
  cancel: z.array(cancelShape).default([]),
});

const asyncShape = z.strictObject({
  ttl: text,
  event: text,
  match: optionalText,
  onTimeout: z.boolean().default(false),
});

const afterShape = z.strictObject({
  step: text,
  if: optionalText,
  wait: optionalText,
  async: asyncShape.optional(),
});

const runtimeShape = z.strictObject({ type: z.literal('http').default('http'), url: text });
const versionShape = z.strictObject({ major: count.optional(), minor: count.optional() });
const retriesShape = z.strictObject({ attempts: z.int().min(0).max(attemptsMax).optional() });

export const stepShape = z.strictObject({
  id: optionalText,
  name: text.default(''),
  path: text.default(''),
  runtime: runtimeShape.optional(),
  after: z.array(afterShape).default([]),
  join: z.enum(['any', 'all']).default('any'),
  version: versionShape.optional(),
  retries: retriesShape.optional(),
});

export type FunctionShape = z.output<typeof functionShape>;
export type TriggerShape = z.output<typeof triggerShape>;
export type StepShape = z.output<typeof stepShape>;
export type EdgeShape = z.output<typeof afterShape>;

/** A step as it was found. What has another shape is null: that was reported, and others may name it. */
export interface FoundStep {
  readonly id: string;
  readonly shape: StepShape | null;
}

const shapeOf: Readonly<Record<string, { readonly shape: object }>> = {
  ...{ triggers: triggerShape, definition: definitionShape, cancel: cancelShape },
  ...{ throttle: throttleShape, rateLimit: rateLimitShape, debounce: debounceShape },
  ...{ batch: batchShape, priority: priorityShape, singleton: singletonShape },
  ...{ timeouts: timeoutsShape, runtime: runtimeShape, version: versionShape },
  ...{ retries: retriesShape, after: afterShape, async: asyncShape },
};

/** The fields that the value of a field, or each element of it, may have; none when it is not an object. */
export function fieldsIn(field: string): readonly string[] {
  return Object.hasOwn(shapeOf, field) ? Object.keys(shapeOf[field]?.shape ?? {}) : [];
}
