/**
 * How /v2 writes answers down (http-api.md §7.1): keys sorted, zero values left out, 64-bit integers as text. What
 * users wrote (`verbatim`) stays as it is.
 */

class Verbatim {
  constructor(readonly value: unknown) {}
}

/** A user's JSON inside a message. */
export function verbatim(value: unknown): Verbatim {
  return new Verbatim(value);
}

/** A 64-bit integer. */
export function int64(value: number): string {
  return value === 0 ? '' : String(value);
}

export function timestamp(ms: number | null): string {
  return ms === null ? '' : new Date(ms).toISOString();
}

/** The message without what it need not say. */
export function messageOf(value: unknown): unknown {
  if (value instanceof Verbatim) return value.value;
  if (Array.isArray(value)) return value.map(messageOf);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value)
    .filter(([, member]) => !isZero(member))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => [key, messageOf(member)]);
  return Object.fromEntries(members);
}

function isZero(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === 0) return true;
  return value === false || (Array.isArray(value) && value.length === 0);
}
