/** A failure as /v2 tells it (http-api.md §7.2). */
import { z } from 'zod';
import { Problem, told } from '../problem.ts';
import { refused } from './envelope.ts';

/** Codes of failures that name none. */
const codes: Readonly<Record<number, string>> = {
  400: 'invalid_request',
  401: 'invalid_signing_key',
  403: 'access_denied',
  404: 'not_found',
  405: 'api_error',
  413: 'invalid_request',
  501: 'not_implemented',
};

export function problemAnswer({ status, message, details }: Problem): Response {
  const { retryAfterSeconds } = details;
  const headers: Record<string, string> =
    retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
  const code = details.code ?? codes[status] ?? (status < 500 ? 'api_error' : 'internal_error');
  return refused(status, [{ code, message: told(message) }], headers);
}

/** The refusal of a query or body that does not fit: its first fault decides the code. */
export function misfit(error: z.ZodError): Problem {
  const [issue] = error.issues;
  if (issue === undefined) return new Problem(400, 'not understood', { code: 'api_error' });
  return new Problem(400, placed(issue), { code: codeOf(issue) });
}

/** The fault with its place, unless it names that itself. A body that is a list is one of scores. */
function placed({ message, path }: z.core.$ZodIssue): string {
  const [first, ...rest] = path;
  if (typeof first === 'number') return `scores[${first}]: ${placedBy(rest, message)}`;
  return placedBy(path, message);
}

function placedBy(path: z.core.$ZodIssue['path'], message: string): string {
  const name = String(path.findLast((part) => typeof part === 'string') ?? '').toLowerCase();
  const isNamed = message.replaceAll(' ', '').toLowerCase().includes(name);
  return isNamed ? message : `${path.join('.')}: ${message}`;
}

/** A rule of ours may say which code its refusal has. */
const ownCode = z.object({ code: z.string() });

function codeOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') return 'api_error';
  if (issue.code === 'custom')
    return ownCode.safeParse(issue.params).data?.code ?? 'invalid_request';
  const isMissing = issue.code === 'invalid_type' && issue.input === undefined;
  return isMissing ? 'missing_field' : 'invalid_field_format';
}
