/** Query strings as objects that a schema can check. */
import { z } from 'zod';

/**
 * What the schema names of a query string: lists hold every value, anything else the last one. Empty values count as
 * absent, and so does what the schema does not know.
 */
export function queryObject(
  parameters: URLSearchParams,
  schema: z.ZodObject,
): Readonly<Record<string, string | readonly string[]>> {
  const given: Record<string, string | readonly string[]> = {};
  for (const [name, member] of Object.entries(schema.shape)) {
    const values = parameters.getAll(name).filter((value) => value !== '');
    const last = values.at(-1);
    if (last !== undefined) given[name] = isList(member) ? values : last;
  }
  return given;
}

function isList(schema: unknown): boolean {
  return schema instanceof z.ZodOptional ? isList(schema.unwrap()) : schema instanceof z.ZodArray;
}

/** `true` or `false` as text. */
export function flag(description: string) {
  return z
    .stringbool({ truthy: ['true', '1'], falsy: ['false', '0'], error: 'must be true or false' })
    .meta({ type: 'boolean', description })
    .optional();
}

/** How many; 0 and nothing mean the default. */
export function limit(defaultCount: number, max: number) {
  return z.coerce
    .number('Limit must be a number')
    .int('Limit must be a whole number')
    .min(0, 'Limit cannot be negative')
    .max(max, `Limit cannot exceed ${max}`)
    .describe(`How many at most; ${defaultCount} when absent.`)
    .optional()
    .transform((count) => (count === undefined || count === 0 ? defaultCount : count));
}
