/**
 * RFC 8785 (JCS) text of a JSON value: members sorted by UTF-16 code units, no spaces, ES6 numbers.
 * Every body sent to an SDK has this form, because Go and Python sign the canonical form of what arrives
 * (reference/sdk-http-protocol.md §2.5).
 */

/** Deeper values are refused: recursive readers in SDKs (Python: 1000 frames) and our own need a bound. */
export const jsonDepthMax = 500;

/** The value nests deeper than `jsonDepthMax`. Whoever let it in should refuse it with this message. */
export class JsonTooDeepError extends Error {
  readonly code = 'json_too_deep';
  constructor() {
    super(`the JSON value is nested more than ${jsonDepthMax} levels deep; flatten it`);
    this.name = 'JsonTooDeepError';
  }
}

/**
 * Canonical text of `value`, which must be a JSON value (what JSON.parse returns).
 * Members whose value is `undefined` are left out, as JSON.stringify does; a number without a JSON form
 * (JSON.parse reads `1e999` as Infinity) becomes null, and a lone surrogate, which has no UTF-8 form and
 * which other languages' canonicalisers reject, becomes U+FFFD.
 * Throws `JsonTooDeepError`, and TypeError for something that is not JSON at all (undefined, a BigInt).
 *
 * A sorted copy handed to the native serialiser is 3-5 times as fast as writing text in JavaScript; the
 * slow writer serves the keys that an object cannot hold in the wanted order.
 */
export function canonicalJson(value: unknown): string {
  const copied: CopyState = { isInOrder: true };
  const copy = sortedCopy(value, 0, copied);
  if (!copied.isInOrder) return writeValue(value);
  const text: string | undefined = JSON.stringify(copy);
  if (text === undefined) throw new TypeError(`not a JSON value: ${typeof value}`);
  // JSON.stringify escapes lone surrogates (only) as \udXXX.
  return text.includes('\\ud') ? writeValue(value) : text;
}

interface CopyState {
  /** False when a key was met that no object keeps in code unit order. */
  isInOrder: boolean;
}

function sortedCopy(value: unknown, depth: number, state: CopyState): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (depth >= jsonDepthMax) throw new JsonTooDeepError();
  if (Array.isArray(value)) return value.map((item) => sortedCopy(item, depth + 1, state));
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value).sort()) {
    if (isMisplacedKey(key)) state.isInOrder = false;
    copy[key] = sortedCopy(memberOf(value, key), depth + 1, state);
  }
  return copy;
}

/** Objects list integer keys first and in numeric order; assigning `__proto__` adds no member. */
function isMisplacedKey(key: string): boolean {
  const first = key.charCodeAt(0);
  return (first >= 48 && first <= 57) || key === '__proto__';
}

function memberOf(value: object, key: string): unknown {
  // Any object can be read by key; the key came from Object.keys of this very object.
  return (value as Record<string, unknown>)[key];
}

function writeValue(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.toWellFormed());
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(writeValue).join(',')}]`;
  return writeObject(value);
}

function writeObject(value: object): string {
  const members = new Map<string, string>();
  for (const key of Object.keys(value)) {
    const member = memberOf(value, key);
    if (member !== undefined) members.set(key.toWellFormed(), writeValue(member));
  }
  const parts: string[] = [];
  for (const key of [...members.keys()].sort()) {
    parts.push(`${JSON.stringify(key)}:${members.get(key)}`);
  }
  return `{${parts.join(',')}}`;
}
