/**
 * The shape of a registration after key folding (sdk-http-protocol.md §1.6.2, §1.7). Only shapes are
 * checked here; what a shape may contain is `validation.ts`. Unknown keys are dropped.
 */
import * as z from 'zod';
import { parseDuration } from '../lib/duration.ts';
import { concurrencySchema } from './concurrency.ts';
import { optionalText } from './text_schema.ts';

const text = z.string().default('');

/** Parsed while decoding: a queue item stores the period in seconds (sdk-http-protocol.md §1.6.3). */
const periodText = z
  .string('a period such as "1m" is required')
  .refine(
    (period) => parseDuration(period) !== null,
    'not a duration; write for example "30s" or "1m"',
  );

const triggerSchema = z.object({
  event: z.string().optional(),
  expression: optionalText,
  cron: optionalText,
  jitter: optionalText,
});

const stepSchema = z.object({
  name: text,
  runtime: z.object({ url: z.unknown().optional() }).optional(),
  retries: z.object({ attempts: z.int().min(0).optional() }).optional(),
});

const singletonMode = z
  .string()
  .transform((mode) => mode.toLowerCase() || 'skip')
  .pipe(z.enum(['skip', 'cancel'], 'unknown mode; use "skip" or "cancel"'));

const scalar = z.union([z.string(), z.number()]).optional();

/** Only shown, never acted on here: what does not fit is left out. */
const checkpointSchema = z
  .object({ batch_steps: scalar, batch_interval: scalar, max_runtime: scalar })
  .optional()
  .catch(undefined);

export const functionSchema = z.object({
  id: text,
  name: text,
  triggers: z.array(triggerSchema).default([]),
  steps: z.record(z.string(), stepSchema).default({}),
  driver: z.object({ metadata: z.object({ type: optionalText }).optional() }).optional(),
  retries: z.int().min(0).optional(),
  concurrency: concurrencySchema,
  throttle: z
    .object({
      limit: z.int().default(0),
      period: periodText,
      burst: z.int().default(0),
      key: optionalText,
    })
    .optional(),
  rateLimit: z.object({ limit: z.int().default(0), period: text, key: optionalText }).optional(),
  idempotency: optionalText,
  debounce: z.object({ period: text, key: optionalText, timeout: optionalText }).optional(),
  batchEvents: z
    .object({ maxSize: z.int().default(0), timeout: text, key: optionalText, if: optionalText })
    .optional(),
  priority: z.object({ run: optionalText }).optional(),
  cancel: z.array(z.object({ event: text, if: optionalText, timeout: optionalText })).default([]),
  timeouts: z.object({ start: optionalText, finish: optionalText }).optional(),
  singleton: z.object({ mode: singletonMode.default('skip'), key: optionalText }).optional(),
  checkpoint: checkpointSchema,
});

/** A function whose members have the right types, before its rules have been checked. */
export type FunctionInput = z.output<typeof functionSchema>;
export type TriggerInput = z.output<typeof triggerSchema>;

export const documentSchema = z.object({
  url: text,
  deployType: text,
  sdk: text,
  framework: text,
  appName: text,
  appVersion: text,
  // Read one by one, so that a fault in one function does not hide those of the others.
  functions: z.array(z.unknown()).default([]),
});

export type DocumentInput = z.output<typeof documentSchema>;
