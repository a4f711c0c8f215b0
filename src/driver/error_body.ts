/** What went wrong in user code, read from the body of a non-2xx answer (reference/sdk-http-protocol.md §3.9). */

import { type StepFailure, toStepFailure } from './step_failure.ts';

/** A nested error given as text is read as JSON up to this length. */
const nestedCharsMax = 32 * 1024;

/** Bytes of a foreign answer that are kept for people to read. */
export const upstreamBytesMax = 8192;

/** The error an SDK reported: member `error`, else member `body`, else the object itself. */
export function errorFromBody(body: string): StepFailure {
  const json = parsed(body);
  if (!isObject(json)) {
    const text = typeof json === 'string' ? json : body.trim();
    return toStepFailure({ message: text ? firstBytes(text, upstreamBytesMax) : undefined });
  }
  const source = nested(json.error) ?? nested(json.body) ?? json;
  return toStepFailure({
    name: textOf(source.name),
    // JS answers {"error": "Could not find step…", …} without a message (§3.1).
    message: textOf(source.message) ?? textOf(source.error),
    stack: textOf(source.stack),
    data: source.data,
    cause: source.cause,
  });
}

/** The answer of something that is not an SDK, such as a proxy's 502. */
export function upstreamError(status: number, body: string): StepFailure {
  return toStepFailure({
    name: 'Server returned a fatal error',
    message: `Your server returned HTTP ${status} before the SDK responded.`,
    stack: firstBytes(body, upstreamBytesMax),
  });
}

/** At most `bytesMax` bytes of UTF-8, never half a character. */
export function firstBytes(text: string, bytesMax: number): string {
  const target = new Uint8Array(bytesMax);
  return text.slice(0, new TextEncoder().encodeInto(text, target).read);
}

function nested(value: unknown): Record<string, unknown> | undefined {
  if (isObject(value)) return value;
  if (typeof value !== 'string' || value.length > nestedCharsMax) return undefined;
  const json = parsed(value);
  return isObject(json) ? json : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The JSON value, or undefined when the text is none. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
