/** Values of the wrong shape, told field by field. */
import type * as z from 'zod';
import { quote } from '../../function/validation.ts';
import { nearestWord } from '../../lib/nearest_word.ts';
import type { Place } from './finding_list.ts';
import { fieldsIn } from './function_shape.ts';

/** The value in its shape, or null when it has another one, which is then reported. */
export function readShape<T>(
  schema: z.ZodObject & z.ZodType<T>,
  value: unknown,
  place: Place,
): T | null {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) {
    // What leads to a value in plain data are names and indexes.
    const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
    const at = place.at(...path);
    if (issue.code === 'unrecognized_keys') {
      const field = path.findLast((part) => typeof part === 'string');
      const known = field === undefined ? Object.keys(schema.shape) : fieldsIn(field);
      for (const key of issue.keys) refuseField(at, key, known);
    } else at.refuse(issue.message.replace(/^Invalid input: /, ''));
  }
  return null;
}

function refuseField(at: Place, key: string, known: readonly string[]): void {
  const near = at.list.isFull ? null : nearestWord(key, known);
  const advice = near === null ? '' : `; did you mean ${near}?`;
  at.at(key).refuse(`there is no field ${quote(key)} here${advice}`);
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
