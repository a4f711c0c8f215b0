/**
 * Asks an app to sync: the PUT to its URL (reference/sdk-http-protocol.md §1.3, §1.4). The app answers by
 * calling /fn/register itself, or, in-band, with its functions in the body.
 */

import { canonicalJson } from '../lib/canonical_json.ts';
import type { Clock } from '../lib/clock.ts';
import { sign } from '../lib/signature.ts';
import { type Answered, exchange, type Fetch, type Unanswered } from './exchange.ts';
import { displayUrl } from './failure.ts';
import { appFetch } from './wide_fetch.ts';

/** The words the UI shows for an app that could not be synced; a 400 of an unknown kind says its own. */
export type PingError =
  | 'forbidden'
  | 'internal_server_error'
  | 'invalid_function'
  | 'invalid_signing_key'
  | 'missing_branch_env_name'
  | 'missing_server_signing_key'
  | 'missing_signing_key'
  | 'no_functions'
  | 'unauthorized'
  | 'unreachable'
  | 'unsupported_protocol'
  | 'url_not_found';

export type PingOutcome =
  | {
      readonly kind: 'synced';
      readonly isSdk: boolean;
      readonly status: number;
      /** The parsed body when it is an in-band sync: nothing will be POSTed then. Not validated. */
      readonly inBand?: Readonly<Record<string, unknown>>;
    }
  | {
      readonly kind: 'failed';
      /** A `PingError`, or the app's own message. */
      readonly error: string;
      /** What happened and what to do. */
      readonly detail: string;
      /** Tells "an app with a problem" from "nothing there". */
      readonly isSdk: boolean;
      readonly status?: number;
    };

export interface PingOptions {
  readonly clock: Clock;
  readonly fetch?: Fetch;
  readonly serverKind: 'dev' | 'cloud';
  readonly signingKey?: string;
  /** `start` without a key must not sync anything. */
  readonly isKeyRequired?: boolean;
}

const pingTimeoutMs = 10_000;

/** An in-band answer holds the whole configuration of an app. */
const pingBytesMax = 8 * 1024 * 1024;

/** Never rejects. */
export async function pingApp(url: string, options: PingOptions): Promise<PingOutcome> {
  const { clock, signingKey, fetch = appFetch } = options;
  if (options.isKeyRequired && signingKey === undefined) {
    return refused('missing_server_signing_key', 'Start the server with --signing-key.', url);
  }
  const protocol = URL.parse(url)?.protocol;
  if (protocol !== 'http:' && protocol !== 'https:') {
    return refused('unsupported_protocol', 'The URL must begin with http:// or https://.', url);
  }
  const body = canonicalJson({ url });
  const headers = {
    'Content-Type': 'application/json',
    'X-Inngest-Server-Kind': options.serverKind,
    ...(signingKey !== undefined && {
      'X-Inngest-Signature': sign(body, signingKey, clock.now()),
    }),
  };
  const request = { url, method: 'PUT', headers, body, redirects: 'as_sent' } as const;
  const limits = { timeoutMs: pingTimeoutMs, responseBytesMax: pingBytesMax };
  const answer = await exchange({ ...request, ...limits }, { clock, fetch });
  return answer.ok ? outcomeOf(answer, url) : unanswered(answer, url);
}

function outcomeOf(answer: Answered, url: string): PingOutcome {
  const { status } = answer;
  const isSdk = 'x-inngest-sdk' in answer.headers;
  const body = objectOf(answer.body);
  if (status >= 200 && status <= 299) {
    const inBand = isSdk && isInBand(answer.headers, body) ? body : undefined;
    return { kind: 'synced', isSdk, status, ...(inBand && { inBand }) };
  }
  const message = typeof body?.message === 'string' ? body.message : '';
  const error = errorOf(status, message);
  const detail = `${displayUrl(url)} answered HTTP ${status}${message && `: ${message}`}`;
  return { kind: 'failed', error, detail, isSdk, status };
}

/** Go ≥ 0.16 answers in-band whenever the request is signed, so the shape of the body counts as well. */
function isInBand(
  headers: Readonly<Record<string, string>>,
  body: Record<string, unknown> | undefined,
): boolean {
  if (body === undefined || !Array.isArray(body.functions)) return false;
  return headers['x-inngest-sync-kind'] === 'in_band' || typeof body.app_id === 'string';
}

function errorOf(status: number, message: string): string {
  const byStatus = statusErrors.get(status);
  if (byStatus !== undefined) return byStatus;
  if (status >= 500) return 'internal_server_error' satisfies PingError;
  if (message === 'Your signing key is invalid') return 'invalid_signing_key' satisfies PingError;
  const known = messageErrors.find(([part]) => message.includes(part));
  return known?.[1] ?? (message.slice(0, 1000) || `unexpected HTTP status ${status}`);
}

const statusErrors = new Map<number, PingError>([
  [401, 'unauthorized'],
  [403, 'forbidden'],
  [404, 'url_not_found'],
]);

const messageErrors: ReadonlyArray<readonly [part: string, error: PingError]> = [
  ['No functions registered', 'no_functions'],
  ['function is invalid', 'invalid_function'],
  ["You didn't specify your workspace's signing key", 'missing_signing_key'],
  ['No INNGEST_ENV branch name found', 'missing_branch_env_name'],
];

/** Codes of a client that speaks TLS to a plain port. */
const tlsMismatchCodes: ReadonlySet<string> = new Set(['EPROTO', 'ERR_SSL_WRONG_VERSION_NUMBER']);

function unanswered(answer: Unanswered, url: string): PingOutcome {
  const error = tlsMismatchCodes.has(answer.code) ? 'unsupported_protocol' : 'unreachable';
  return refused(error, answer.detail, url);
}

function refused(error: PingError, advice: string, url: string): PingOutcome {
  return { kind: 'failed', error, detail: `${displayUrl(url)}: ${advice}`, isSdk: false };
}

function objectOf(body: Uint8Array): Record<string, unknown> | undefined {
  try {
    const json: unknown = JSON.parse(new TextDecoder().decode(body));
    const isObject = typeof json === 'object' && json !== null && !Array.isArray(json);
    // Any object can be read by key.
    return isObject ? (json as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
