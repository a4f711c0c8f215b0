/**
 * Values as text: for `+` between different types, for `string()`, and for keys.
 */

import { canonicalJson } from '../lib/canonical_json.ts';
import {
  Duration,
  durationText,
  Timestamp,
  TypeName,
  timestampText,
  toPlain,
  Uint,
  type Value,
} from './value.ts';

/**
 * One text per value, the same on every server. Numbers are written as JSON writes them; lists and maps
 * are RFC 8785 JSON, so the order of keys does not matter (execution.md §15.1 asks for a stable form).
 * Half a surrogate pair is U+FFFD, as wherever text is stored. Throws `JsonTooDeepError`.
 */
export function textOf(value: Value): string {
  if (typeof value === 'string') return value.toWellFormed();
  if (value === null || typeof value !== 'object') return String(value);
  if (value instanceof Uint) return value.value.toString();
  if (value instanceof TypeName) return value.name;
  if (value instanceof Timestamp) return timestampText(value);
  if (value instanceof Duration) return durationText(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
  return canonicalJson(finite(toPlain(value)));
}

/** JSON has no NaN and no infinities; inside a list or map they are written as their names. */
function finite(plain: unknown): unknown {
  if (typeof plain === 'number') return Number.isFinite(plain) ? plain : String(plain);
  if (Array.isArray(plain)) return plain.map(finite);
  if (typeof plain !== 'object' || plain === null) return plain;
  return Object.fromEntries(Object.entries(plain).map(([key, item]) => [key, finite(item)]));
}
