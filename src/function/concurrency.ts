/** The forms that concurrency is registered in (sdk-http-protocol.md §1.7.3). */
import * as z from 'zod';
import { optionalText } from './text_schema.ts';

const scope = z
  .string()
  .transform((text) => text.toLowerCase() || 'fn')
  .pipe(z.enum(['fn', 'env', 'account', 'app'], 'unknown scope; use "fn", "env" or "account"'));

const limitSchema = z.object({ limit: z.int(), key: optionalText, scope: scope.optional() });

/** A limit before its rules have been checked: any number, and the scope that only the server uses. */
export type LimitInput = z.output<typeof limitSchema>;

const limitList = z
  .unknown()
  .transform((value) => (Array.isArray(value) ? value : [value]))
  .pipe(z.array(limitSchema));

/** Text and booleans mean nothing and are ignored, as every server before did. */
export const concurrencySchema = z
  .unknown()
  .transform((value): unknown => formOf(value))
  .pipe(z.object({ step: limitList, fn: limitList }))
  .prefault(null);

function formOf(value: unknown): unknown {
  if (typeof value === 'number') return { step: [{ limit: value }], fn: [] };
  if (Array.isArray(value)) return { step: value, fn: [] };
  if (typeof value !== 'object' || value === null) return { step: [], fn: [] };
  if ('fn' in value || 'step' in value) return { step: [], fn: [], ...value };
  return { step: [value], fn: [] };
}
