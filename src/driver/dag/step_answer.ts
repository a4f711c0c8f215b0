/**
 * What a step's answer means (cue-config.md §7.2): its output, or why the attempt failed. Answers need no
 * signature and no header: any HTTP service can be a step.
 *
 * 4xx is final, except 408 and 429, which say themselves that a later attempt may do; so is an output that is
 * too large. Everything else is tried again: 5xx, no answer, a damaged one.
 */

import { z } from 'zod';
import { canonicalJson, JsonTooDeepError, jsonDepthMax } from '../../lib/canonical_json.ts';
import { retryAfterMs } from '../../lib/retry_after.ts';
import { firstBytes } from '../error_body.ts';
import type { Answered, Unanswered } from '../exchange.ts';
import { displayUrl } from '../failure.ts';
import { stepBytesMax } from '../opcode.ts';
import { formatBytes } from '../payload_size.ts';
import type { StepFailure } from '../step_failure.ts';

export type StepOutcome = StepAnswered | StepErred;

export interface StepAnswered {
  readonly kind: 'answered';
  readonly output: { readonly status: number; readonly body: unknown };
}

export interface StepErred {
  readonly kind: 'erred';
  readonly error: StepFailure;
  readonly isRetriable: boolean;
  /** From Retry-After; else the backoff decides. */
  readonly retryAtMs?: number;
}

/** Of a failed attempt's body this much is kept for people to read. */
const errorBodyBytesMax = 4096;

/** Outputs stand in memos, results, errors and events: some levels below the top. */
const wrapsMax = 8;

/** Request Timeout and Too Many Requests. */
const retriable4xx: ReadonlySet<number> = new Set([408, 429]);

/** Exactly this: a service's own 201 that merely has a status among its members is no envelope. */
const envelopeSchema = z.strictObject({
  status: z.int().min(100).max(599),
  headers: z.record(z.string(), z.unknown()).optional(),
  body: z.unknown(),
});

export function interpretStep(answer: Answered, nowMs: number): StepOutcome {
  const body = bodyOf(answer.body);
  const envelope = answer.status === 201 ? envelopeSchema.safeParse(body) : undefined;
  const isWrapped = envelope?.success === true && Object.hasOwn(envelope.data, 'body');
  const output = isWrapped
    ? { status: envelope.data.status, body: envelope.data.body }
    : { status: answer.status, body };
  if (output.status >= 200 && output.status <= 299) return answered(output);
  const is4xx = output.status >= 400 && output.status <= 499;
  const isRetriable = output.status >= 500 || (is4xx && retriable4xx.has(output.status));
  const header = answer.headers['retry-after'];
  const retryAtMs = header && isRetriable ? retryAfterMs(header, nowMs) : null;
  const text = `invalid status code: ${output.status}`;
  return {
    kind: 'erred',
    error: { name: text, message: text, data: { ...output, body: shortened(output.body) } },
    isRetriable,
    ...(retryAtMs !== null && { retryAtMs }),
  };
}

/** Canonical text is shorter than what was sent, or is not: what is stored has the limit. */
export function outputTooLarge(url: string): StepErred {
  return final(
    'output_too_large',
    `The output of the step at ${displayUrl(url)} is larger than the ${formatBytes(stepBytesMax)} a step may have. Answer less, or store the data elsewhere and answer a reference to it.`,
  );
}

export function invalidUrl(url: string): StepErred {
  return final(
    'invalid_url',
    `The step's URL ${JSON.stringify(url.slice(0, 200))} is not valid; correct it in the document.`,
  );
}

/** Not for an aborted call: that is no attempt. */
export function unansweredStep(answer: Unanswered, url: string): StepErred {
  if (answer.reason === 'too_large') return outputTooLarge(url);
  const message = `The step at ${displayUrl(url)} gave no answer: ${answer.detail}`;
  return { kind: 'erred', error: { name: answer.code, message }, isRetriable: true };
}

function answered(output: StepAnswered['output']): StepOutcome {
  if (jsonText(output.body) !== undefined) return { kind: 'answered', output };
  const message = `The step's answer is nested more than ${jsonDepthMax - wrapsMax} levels deep; flatten it.`;
  return final('output_too_deep', message);
}

function final(name: string, message: string): StepErred {
  return { kind: 'erred', error: { name, message }, isRetriable: false };
}

/** JSON as what it says, other text as it is, nothing as null. What is not UTF-8 shows as U+FFFD. */
function bodyOf(bytes: Uint8Array): unknown {
  const text = new TextDecoder().decode(bytes);
  if (text.trim() === '') return null;
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    return text;
  }
}

function shortened(body: unknown): unknown {
  const text = typeof body === 'string' ? body : jsonText(body);
  if (text === undefined) return null;
  if (Buffer.byteLength(text) <= errorBodyBytesMax) return body;
  return firstBytes(text, errorBodyBytesMax);
}

/** Canonical text; undefined for what is nested too deeply to be kept with all that is put around it. */
function jsonText(body: unknown): string | undefined {
  let wrapped = body;
  for (let wraps = 0; wraps < wrapsMax; wraps += 1) wrapped = [wrapped];
  try {
    return canonicalJson(wrapped).slice(wrapsMax, -wrapsMax);
  } catch (error) {
    if (error instanceof JsonTooDeepError) return undefined;
    throw error;
  }
}
