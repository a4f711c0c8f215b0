/**
 * What an SDK's answer means (reference/sdk-http-protocol.md §3). Pure: whatever carried the answer (HTTP,
 * Connect) hands it over as status, headers and body.
 */

import { canonicalJson, JsonTooDeepError } from '../lib/canonical_json.ts';
import { retryAfterMs } from '../lib/retry_after.ts';
import { verify } from '../lib/signature.ts';
import { errorFromBody, upstreamError } from './error_body.ts';
import { type CallFailed, type CallSite, describeSite, failed, systemFailure } from './failure.ts';
import { type Opcode, parseOpcodes } from './opcode.ts';
import { formatBytes } from './payload_size.ts';
import { type ResponseSummary, summaryOf } from './response_summary.ts';
import { isFinal4xx } from './sdk_version.ts';
import { openEnvelope } from './stream_envelope.ts';

export interface RawResponse {
  readonly status: number;
  /** Names in any case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Decoded (no content-encoding left). */
  readonly body: string | Uint8Array;
}

export interface CallContext extends CallSite {
  readonly nowMs: number;
  /** When set, a signature in the answer must be right; none is fine, Go sends none (§2.6). */
  readonly signingKey?: string;
}

/** The app asks for steps. */
export interface CallOpcodes {
  readonly kind: 'opcodes';
  readonly ops: Opcode[];
  /** X-Inngest-Req-Version, to be stored at the run's first opcodes. */
  readonly requestVersion: number | null;
  /** X-Inngest-No-Retry; already copied into the error of a StepError. */
  readonly noRetry: boolean;
  /** When to retry a StepError instead of after the backoff. */
  readonly retryAtMs?: number;
  readonly sdk: string;
  /** Lower-case names; those of a stream's envelope included. */
  readonly headers: Readonly<Record<string, string>>;
  readonly response?: ResponseSummary;
}

/** The function returned. */
export interface CallCompleted {
  readonly kind: 'completed';
  /** Canonical JSON text of the result, without {data} around it. */
  readonly resultText: string;
  readonly status: number;
  readonly sdk: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly response?: ResponseSummary;
}

export type CallOutcome = CallOpcodes | CallCompleted | CallFailed;

/** After decoding (§3.6). */
export const responseBytesMax = 8 * 1024 * 1024;

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Never throws: whatever cannot be understood is a failed call that says so. */
export function interpret(raw: RawResponse, context: CallContext): CallOutcome {
  const bytes = typeof raw.body === 'string' ? Buffer.byteLength(raw.body) : raw.body.byteLength;
  const outcome = bytes > responseBytesMax ? outputTooLarge(context) : meaningOf(raw, context);
  return { ...outcome, response: summaryOf(raw, bytes) };
}

function meaningOf(raw: RawResponse, context: CallContext): CallOutcome {
  const body = typeof raw.body === 'string' ? raw.body : new TextDecoder().decode(raw.body);
  const outer = { status: raw.status, headers: lowerCased(raw.headers), body };
  if (outer.status !== 201) return interpretAnswer(outer, context);
  const inner = openEnvelope(outer.body);
  if (typeof inner !== 'string') {
    const headers = { ...outer.headers, ...inner.headers };
    return interpretAnswer({ status: inner.status, headers, body: inner.body }, context);
  }
  if (sdkOf(outer) === '') return notSdk(outer, context);
  return systemFailure(
    'invalid_stream',
    "The function's streamed response could not be read",
    `${describeSite(context)}: ${inner}. If a proxy is in between, check that it neither cuts nor rewrites streamed responses.`,
    { sdk: sdkOf(outer) },
  );
}

/** The failure of an answer above `responseBytesMax`; also for whoever stops reading there. */
export function outputTooLarge(site: CallSite): CallFailed {
  return systemFailure(
    'output_too_large',
    "Your function's response body exceeds the maximum size limit",
    `${describeSite(site)}: the limit is ${formatBytes(responseBytesMax)}. Return less, or store the data elsewhere and return a reference to it.`,
  );
}

function interpretAnswer(answer: Answer, context: CallContext): CallOutcome {
  if (isForged(answer, context)) return forged(answer, context);
  if (answer.status < 200 || answer.status > 299) return failedCall(answer, context);
  if (sdkOf(answer) === '') return notSdk(answer, context);
  return answer.status === 206 ? opcodes(answer, context) : completed(answer, context);
}

function opcodes(answer: Answer, context: CallContext): CallOutcome {
  const noRetry = isNoRetry(answer);
  const rest = { sdk: sdkOf(answer), isRetriable: !noRetry, ...retryAt(answer, context) };
  if (answer.body.trim() === '') {
    const detail = `${describeSite(context)} answered 206 with an empty body; check that no proxy drops it.`;
    return systemFailure('no_response_data', 'no response data', detail, rest);
  }
  const json = parsedJson(answer.body);
  const parsed = json === undefined ? notJson : parseOpcodes(json.value);
  if (!parsed.ok) {
    const message = "The SDK's steps could not be read";
    const detail = `${describeSite(context)}: ${parsed.message}`;
    return systemFailure('invalid_opcodes', `${message}: ${parsed.message}`, detail, rest);
  }
  return {
    kind: 'opcodes',
    ops: parsed.ops.map((op) => withNoRetry(op, noRetry)),
    requestVersion: requestVersionOf(answer),
    noRetry,
    ...retryAt(answer, context),
    sdk: sdkOf(answer),
    headers: answer.headers,
  };
}

const notJson = { ok: false, message: 'the body is not JSON' } as const;

/** Of a StepError the header decides, not what the op itself says (§6.3). */
function withNoRetry(op: Opcode, noRetry: boolean): Opcode {
  return op.op === 'StepError' && op.error ? { ...op, error: { ...op.error, noRetry } } : op;
}

function completed(answer: Answer, context: CallContext): CallOutcome {
  const { status, headers } = answer;
  const sdk = sdkOf(answer);
  try {
    return { kind: 'completed', resultText: resultText(answer.body), status, sdk, headers };
  } catch (error) {
    if (!(error instanceof JsonTooDeepError)) throw error;
    const detail = `${describeSite(context)}: ${error.message}`;
    return systemFailure('output_too_deep', "The function's result is nested too deeply", detail, {
      sdk,
    });
  }
}

/** §3.6: an object inside a JSON string is unwrapped once; text that is not JSON is kept as a string. */
function resultText(body: string): string {
  if (body.trim() === '') return 'null';
  const json = parsedJson(body);
  if (json === undefined) return canonicalJson(body);
  const inner = typeof json.value === 'string' ? parsedJson(json.value) : undefined;
  const isNestedObject =
    typeof inner?.value === 'object' && inner.value !== null && !Array.isArray(inner.value);
  return canonicalJson(isNestedObject ? inner.value : json.value);
}

function failedCall(answer: Answer, context: CallContext): CallFailed {
  const sdk = sdkOf(answer);
  const isRetriable = mayRetry(answer);
  const error = isRetriable ? `invalid status code: ${answer.status}` : 'NonRetriableError';
  const rest = { sdk, isRetriable, ...retryAt(answer, context) };
  const cause = { name: `HTTP ${answer.status}`, message: adviceFor(answer, context) };
  if (sdk !== '') {
    // A streamed 401 carries the SDK's headers outside; user code that answers 401 names its own cause.
    const advice = answer.status === 401 ? { cause } : {};
    return failed({ error, ...advice, ...errorFromBody(answer.body) }, rest);
  }
  return failed({ error, ...upstreamError(answer.status, answer.body), cause }, rest);
}

/** §3.3 */
function mayRetry(answer: Answer): boolean {
  const header = answer.headers['x-inngest-no-retry'];
  if (header !== undefined) return header !== 'true';
  const is4xx = answer.status >= 400 && answer.status < 500;
  return !(is4xx && isFinal4xx(sdkOf(answer)));
}

function adviceFor(answer: Answer, context: CallContext): string {
  const site = describeSite(context);
  // SDKs that refuse our signature hide their other headers (§2.5).
  const isHandled = sdkOf(answer) !== '' || 'x-inngest-sdk-handled' in answer.headers;
  if (answer.status === 401 && isHandled) {
    return `${site} refused the server's signature. Give app and server the same signing key (INNGEST_SIGNING_KEY) and check that both clocks are right.`;
  }
  return `${site} answered HTTP ${answer.status} without an x-inngest-sdk header. Check the app's URL, and any proxy or login in front of it.`;
}

function notSdk(answer: Answer, context: CallContext): CallFailed {
  return systemFailure(
    'not_sdk',
    'The response did not come from an Inngest SDK',
    `${describeSite(context)} answered HTTP ${answer.status} without an x-inngest-sdk header. Check that this URL is where the app serves Inngest, and sync the app again if it moved.`,
    retryAt(answer, context),
  );
}

/** JS signs the body as sent, Python its canonical form (§2.6). */
function isForged(answer: Answer, context: CallContext): boolean {
  const signature = answer.headers['x-inngest-signature'];
  if (!signature || context.signingKey === undefined) return false;
  if (verify(signature, [answer.body], context.signingKey)) return false;
  return !verify(signature, [canonicalOrSame(answer.body)], context.signingKey);
}

function canonicalOrSame(body: string): string {
  const json = parsedJson(body);
  if (json === undefined) return body;
  try {
    return canonicalJson(json.value);
  } catch {
    return body;
  }
}

function forged(answer: Answer, context: CallContext): CallFailed {
  return systemFailure(
    'sig_verification_failed',
    "The signature of the app's response is wrong",
    `${describeSite(context)} answered HTTP ${answer.status}, signed with another key or changed on its way. Give app and server the same signing key (INNGEST_SIGNING_KEY) and check any proxy that rewrites bodies.`,
    { sdk: sdkOf(answer) },
  );
}

function sdkOf(answer: Answer): string {
  return answer.headers['x-inngest-sdk'] ?? '';
}

function isNoRetry(answer: Answer): boolean {
  return answer.headers['x-inngest-no-retry'] === 'true';
}

function requestVersionOf(answer: Answer): number | null {
  const header = answer.headers['x-inngest-req-version']?.trim() ?? '';
  return /^-?\d{1,9}$/.test(header) ? Number(header) : null;
}

function retryAt(answer: Answer, context: CallContext): { retryAtMs?: number } {
  const header = answer.headers['retry-after'];
  const atMs = header ? retryAfterMs(header, context.nowMs) : null;
  return atMs === null ? {} : { retryAtMs: atMs };
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
}

/** Undefined when the text is not JSON, which is different from the JSON value null. */
function parsedJson(text: string): { readonly value: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return { value };
  } catch {
    return undefined;
  }
}
