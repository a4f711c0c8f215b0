/**
 * The one place where a failure becomes an HTTP answer. The body is
 * `{code?, error, data, status}` (http-api.md §0.5), always with the true status: the original answers 200 for
 * every failed GET below /v1 (§3.1), which no client needs.
 */
import { BulkRequestError, TooManyBulkOperationsError } from '../executor/bulk_operations.ts';
import { HistoryBusyError, HistoryUnavailableError, QueryError } from '../history/history_error.ts';
import type { Logger } from '../lib/logger.ts';
import { AppContentionError } from '../state/registry.ts';
import { StoreUnavailableError } from '../store/store.ts';
import { json } from './answer.ts';

/** Told about failures nobody expected; the client sees only that there was one. */
export type ErrorLog = Pick<Logger, 'error'>;

export interface ProblemDetails {
  /** Stable word for programs, for example `store_unavailable`. */
  readonly code?: string;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly retryAfterSeconds?: number;
  readonly cause?: unknown;
}

/** A failure with a status the client is meant to see. */
export class Problem extends Error {
  override readonly name = 'Problem';

  constructor(
    readonly status: number,
    message: string,
    readonly details: ProblemDetails = {},
  ) {
    super(message, { cause: details.cause });
  }
}

/** Long enough for a disk or a Redis to come back a little, short enough for SDKs that retry five times. */
export const retryAfterSeconds = 2;

/** Messages repeat what was sent, which may be long. */
const messageCharsMax = 500;

/** A message as it is told: long ones are cut. */
export function told(message: string): string {
  return message.length <= messageCharsMax ? message : `${message.slice(0, messageCharsMax)}…`;
}

export function problemResponse(problem: Problem): Response {
  const { code, data, retryAfterSeconds: waitSeconds } = problem.details;
  const body = {
    ...(code === undefined ? {} : { code }),
    error: told(problem.message),
    data: data ?? null,
  };
  const headers: Record<string, string> =
    waitSeconds === undefined ? {} : { 'retry-after': String(waitSeconds) };
  return json({ ...body, status: problem.status }, { status: problem.status, headers });
}

/**
 * What to tell the client about anything that was thrown behind a door. `route` is the pattern, never the
 * path: paths hold event keys.
 */
export function problemOf(error: unknown, route: string, log: ErrorLog): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof StoreUnavailableError) {
    return new Problem(
      503,
      'The server cannot store anything at the moment; send the request again.',
      {
        code: error.code,
        retryAfterSeconds,
        cause: error,
      },
    );
  }
  if (error instanceof HistoryBusyError) {
    const message = 'Too many searches are under way; send the request again a little later.';
    return new Problem(503, message, { code: error.code, retryAfterSeconds, cause: error });
  }
  if (error instanceof HistoryUnavailableError) {
    return new Problem(503, 'History is behind or away at the moment; send the request again.', {
      code: error.code,
      retryAfterSeconds,
      cause: error,
    });
  }
  if (error instanceof QueryError || error instanceof BulkRequestError) {
    return new Problem(400, error.message, { code: error.code, cause: error });
  }
  if (error instanceof TooManyBulkOperationsError) {
    return new Problem(429, error.message, { code: error.code, cause: error });
  }
  if (error instanceof AppContentionError) {
    return new Problem(503, error.message, { code: error.code, retryAfterSeconds, cause: error });
  }
  if (isAbandoned(error)) {
    return new Problem(clientLeft, 'The client has left.', { cause: error });
  }
  log.error('a request failed unexpectedly', { route, error });
  if (isStackExhausted(error)) {
    return new Problem(400, 'The request is nested too deeply.', { cause: error });
  }
  return new Problem(500, 'The server failed to handle the request; its log has the reason.', {
    cause: error,
  });
}

/** Nobody reads the answer; proxies have this number for it. */
const clientLeft = 499;

/** What a search is given up with when the connection of its request ends. */
function isAbandoned(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}

/** `JSON.parse` reads any depth, but writing such a value again recurses until the stack ends. */
function isStackExhausted(error: unknown): boolean {
  return error instanceof RangeError && error.message.includes('call stack');
}

/** New work is refused while the disk cannot keep up with the work there is. */
export function overloaded(): Problem {
  return new Problem(503, 'The server is overloaded; send the request again.', {
    code: 'overloaded',
    retryAfterSeconds,
  });
}
