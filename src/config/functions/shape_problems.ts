/** Values of the wrong shape, told field by field. */
import * as z from 'zod';
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
    } else at.refuse(messageOf(issue.message));
  }
  return null;
}

function messageOf(message: string): string {
  const missing = /^Invalid input: expected (.+), received undefined$/.exec(message);
  if (missing !== null) return `this field is required: ${missing[1]}`;
  return message.replace(/^Invalid input: /, '');
}

/**
 * The fields that have their shape, with stand-ins for those that are required and have not, so that the rest can be
 * checked all the same. Null when that is not enough to go by.
 */
export function readSoundFields<T>(
  schema: z.ZodObject & z.ZodType<T>,
  value: Readonly<Record<string, unknown>>,
  standIns: Readonly<Record<string, unknown>>,
): T | null {
  const sound = Object.entries(schema.shape).flatMap(([field, shape]) => {
    const given = Object.hasOwn(value, field) ? value[field] : undefined;
    if (z.safeParse(shape, given).success) return given === undefined ? [] : [[field, given]];
    return Object.hasOwn(standIns, field) ? [[field, standIns[field]]] : [];
  });
  const parsed = schema.safeParse(Object.fromEntries(sound));
  return parsed.success ? parsed.data : null;
}

function refuseField(at: Place, key: string, known: readonly string[]): void {
  const near = at.list.isFull ? null : nearestWord(key, known);
  const advice = near === null ? '' : `; did you mean ${near}?`;
  at.at(key).refuse(`there is no field ${quote(key)} here${advice}`);
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
