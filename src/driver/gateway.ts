/**
 * Carries out Gateway (step.fetch) and AIGateway (step.ai.infer) opcodes: the server makes the request, so
 * that the app need not run while a slow provider answers (reference/sdk-http-protocol.md §5).
 */

import { canonicalJson } from '../lib/canonical_json.ts';
import type { Clock } from '../lib/clock.ts';
import { retryAfterMs } from '../lib/retry_after.ts';
import { firstBytes, upstreamBytesMax } from './error_body.ts';
import { type Answered, exchange, type Fetch } from './exchange.ts';
import { displayUrl } from './failure.ts';
import { type GatewayRequest, gatewayRequest } from './gateway_request.ts';
import { type Opcode, stepBytesMax } from './opcode.ts';
import { exceedsBytes, formatBytes } from './payload_size.ts';
import { type StepFailure, toStepFailure } from './step_failure.ts';
import { appFetch } from './wide_fetch.ts';

export type GatewayOutcome =
  | {
      readonly kind: 'succeeded';
      /** The memo: canonical text of {"data": …}. */
      readonly memoText: string;
      /** The answer's body as text, for the realtime topic that wants a copy. */
      readonly publish?: {
        readonly channel: string;
        readonly topic: string;
        readonly text: string;
      };
    }
  | {
      readonly kind: 'failed';
      readonly error: StepFailure;
      /** The memo for when no attempt is left: canonical text of {"error": …}. */
      readonly memoText: string;
      /** When to retry instead of after the backoff. */
      readonly retryAtMs?: number;
    };

/** As long as a call of the app itself may take. */
const gatewayTimeoutMs = 2 * 60 * 60 * 1000;

/** The memo adds URL, headers and quoting to the body; it is measured again. */
const answerBytesMax = stepBytesMax;

/** Performs the opcode's request once. Never rejects; the provider's key appears in no outcome that failed. */
export async function performGateway(
  op: Opcode,
  parts: { readonly clock: Clock; readonly fetch?: Fetch; readonly signal?: AbortSignal },
): Promise<GatewayOutcome> {
  const { clock, signal, fetch = appFetch } = parts;
  const request = gatewayRequest(op);
  if (typeof request === 'string') return failedWith(op, { reason: request }, '');
  const limits = { timeoutMs: gatewayTimeoutMs, responseBytesMax: answerBytesMax, signal };
  const answer = await exchange({ ...request, ...limits }, { clock, fetch });
  if (!answer.ok) {
    const reason = `${displayUrl(request.url)}: ${answer.detail} (${answer.code})`;
    return failedWith(op, { reason }, request.secret);
  }
  const text = new TextDecoder().decode(answer.body);
  if (op.op === 'AIGateway' && (answer.status < 200 || answer.status > 299)) {
    const reason = `unsuccessful status code: ${answer.status}`;
    const failure = failedWith(op, { reason, text }, request.secret);
    return { ...failure, ...retryAt(answer, clock.now()) };
  }
  return succeeded(op, request, answer, text);
}

function succeeded(
  op: Opcode,
  request: GatewayRequest,
  answer: Answered,
  text: string,
): GatewayOutcome {
  const data = op.op === 'AIGateway' ? jsonOrText(text) : fetched(answer, request, text);
  let memoText: string;
  try {
    memoText = canonicalJson({ data });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return failedWith(op, { reason }, request.secret);
  }
  if (exceedsBytes(memoText, stepBytesMax)) {
    const reason = `the answer of ${displayUrl(request.url)} is larger than ${formatBytes(stepBytesMax)}`;
    return failedWith(op, { reason }, request.secret);
  }
  const publish = request.publish && { ...request.publish, text };
  return { kind: 'succeeded', memoText, ...(publish && { publish }) };
}

/** What step.fetch gets; the URL is the one asked for, so that a redirect does not change the result. */
function fetched(answer: Answered, request: GatewayRequest, text: string): unknown {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(answer.headers)) {
    // The body is decoded here; a reader that believed these would decode it again.
    if (name === 'content-encoding' || name === 'content-length') continue;
    headers[wireCase(name)] = value;
  }
  return { url: request.url, status_code: answer.status, headers, body: text };
}

/** `content-type` to `Content-Type`: Go and Python apps look headers up in this case. */
function wireCase(name: string): string {
  return name.replace(/(^|-)[a-z]/g, (start) => start.toUpperCase());
}

/** The words of each opcode's error (§5.1, §5.2). */
const wording = {
  AIGateway: { name: 'AIGatewayError', message: 'Error making AI request' },
  Gateway: { name: 'GatewayError', message: 'Error making gateway request' },
};

function failedWith(
  op: Opcode,
  what: { readonly reason: string; readonly text?: string },
  secret: string,
): Extract<GatewayOutcome, { kind: 'failed' }> {
  const { name, message } = op.op === 'AIGateway' ? wording.AIGateway : wording.Gateway;
  const text = what.text === undefined ? undefined : redacted(what.text, secret);
  const error = toStepFailure({
    name,
    message: redacted(`${message}: ${what.reason}`, secret),
    ...(text !== undefined && {
      data: text === '' ? { error: message } : jsonOrText(text),
      stack: firstBytes(text, upstreamBytesMax),
    }),
  });
  try {
    return { kind: 'failed', error, memoText: canonicalJson({ error }) };
  } catch {
    const { data: _data, ...plain } = error;
    return { kind: 'failed', error: plain, memoText: canonicalJson({ error: plain }) };
  }
}

/** Providers like to repeat a wrong key in their answer. */
function redacted(text: string, secret: string): string {
  if (secret === '') return text;
  const forms = [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)];
  return forms.reduce((result, form) => result.replaceAll(form, '[redacted]'), text);
}

function jsonOrText(text: string): unknown {
  if (text.trim() === '') return null;
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    return text;
  }
}

function retryAt(answer: Answered, nowMs: number): { retryAtMs?: number } {
  const header = answer.headers['retry-after'];
  const atMs = header ? retryAfterMs(header, nowMs) : null;
  return atMs === null ? {} : { retryAtMs: atMs };
}
