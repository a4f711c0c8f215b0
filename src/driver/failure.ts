/** Failed calls: how the server itself words what went wrong with a call (reference/sdk-http-protocol.md §3.6, §3.9). */

import { canonicalJson } from '../lib/canonical_json.ts';
import type { ResponseSummary } from './response_summary.ts';
import type { StepFailure } from './step_failure.ts';

/** Who was called: every message about a call names it. */
export interface CallSite {
  readonly appName: string;
  readonly functionSlug: string;
  readonly url: string;
}

/** Codes of failures that the server found, as opposed to errors thrown in user code. */
export type FailureCode =
  | 'call_aborted'
  | 'call_timeout'
  | 'invalid_opcodes'
  | 'invalid_redirect'
  | 'invalid_stream'
  | 'no_response_data'
  | 'not_sdk'
  | 'output_too_deep'
  | 'output_too_large'
  | 'sig_verification_failed'
  | 'unreachable'
  | 'unsupported_encoding';

export interface CallFailed {
  readonly kind: 'failed';
  /** `error` is the transport's word (`invalid status code: 500`, `NonRetriableError`, …). */
  readonly error: StepFailure & { readonly error: string };
  /** Canonical JSON text of `error`: what is stored and shown as the run's output. */
  readonly errorText: string;
  readonly isRetriable: boolean;
  /** When to retry instead of after the backoff; from Retry-After. */
  readonly retryAtMs?: number;
  /** Absent when user code failed. */
  readonly code?: FailureCode;
  /** X-Inngest-SDK, '' when there was none. */
  readonly sdk: string;
  /** Absent when nobody answered. */
  readonly response?: ResponseSummary;
}

type Attribute = 'isRetriable' | 'retryAtMs' | 'code' | 'sdk';

/** Makes the outcome, leaving out an error's free-form parts when they have no JSON text. */
export function failed(
  error: CallFailed['error'],
  rest: Partial<Pick<CallFailed, Attribute>> = {},
): CallFailed {
  const kept = { kind: 'failed', isRetriable: true, sdk: '', ...rest } as const;
  try {
    return { ...kept, error, errorText: canonicalJson(error) };
  } catch {
    const { cause: _cause, data: _data, ...plain } = error;
    return { ...kept, error: plain, errorText: canonicalJson(plain) };
  }
}

/** A failure with a code: `{"error": "<code>: <message>", "name": "<code>", "message"}`; `detail` says what to do. */
export function systemFailure(
  code: FailureCode,
  message: string,
  detail: string,
  rest: Partial<Pick<CallFailed, Attribute>> = {},
): CallFailed {
  const cause = { name: code, message: detail };
  return failed({ error: `${code}: ${message}`, name: code, message, cause }, { ...rest, code });
}

/** Nothing answered, or the connection broke. `reason` is a code such as ECONNREFUSED. */
export function unreachable(site: CallSite, reason: string, detail: string): CallFailed {
  const message = 'Unable to reach SDK URL';
  const cause = { name: reason, message: `${describeSite(site)}: ${detail}` };
  return failed({ error: message, name: 'Error', message, cause }, { code: 'unreachable' });
}

/** `function "shop-charge" of app "shop" at http://localhost:3000/api/inngest` */
export function describeSite(site: CallSite): string {
  return `function "${site.functionSlug}" of app "${site.appName}" at ${displayUrl(site.url)}`;
}

/** A URL without what may be secret in it: user, password, query. */
export function displayUrl(url: string): string {
  const parsed = URL.parse(url);
  return parsed ? `${parsed.origin}${parsed.pathname}` : url.replace(/[?#].*$/s, '').slice(0, 200);
}
