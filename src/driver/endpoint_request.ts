/**
 * The request with which the run of a durable endpoint began, read from the event that tells of it
 * (reference/sdk-http-protocol.md §7.4, §7.6).
 */

import { z } from 'zod';

const optionalText = z
  .string()
  .nullish()
  .transform((text) => text ?? '');

/** Scheme, host name (at most 253 characters) and port, with room to spare. */
const domainCharsMax = 2_048;

const eventSchema = z.object({
  name: z.string(),
  data: z.object({
    domain: z.string().min(1).max(domainCharsMax),
    method: z.string().min(1),
    path: z.string(),
    query_params: optionalText,
    content_type: optionalText,
    body: optionalText,
    fn: optionalText,
  }),
});

/** Go's name of the event that JS calls `inngest/http.request`. */
const goEventName = 'http/run.started';

export interface EndpointRequest {
  /** Scheme and host, without a slash at the end. */
  readonly domain: string;
  /** In upper case. */
  readonly method: string;
  readonly path: string;
  /** With the query. */
  readonly url: string;
  readonly contentType: string;
  /** Null when there was none, or when the method allows none. */
  readonly body: string | Uint8Array<ArrayBuffer> | null;
  /** The name the app gave the endpoint; '' for none. */
  readonly functionSlug: string;
  /** What the app's SDK takes for signed when the request comes again. */
  readonly signs: 'body' | 'run_id';
}

export type ParsedEndpointRequest =
  | { readonly ok: true; readonly request: EndpointRequest }
  | { readonly ok: false; readonly message: string };

/** Never throws; a failure names the member that is wrong. */
export function parseEndpointRequest(event: unknown): ParsedEndpointRequest {
  const parsed = eventSchema.safeParse(event);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const where = ['event', ...(issue?.path ?? [])].join('.');
    return { ok: false, message: `${where}: ${issue?.message ?? 'not an HTTP request'}` };
  }
  const { name, data } = parsed.data;
  const method = data.method.toUpperCase();
  if (!isReplayable(method)) {
    const message = `event.data.method: ${JSON.stringify(data.method.slice(0, 20))} cannot be sent again`;
    return { ok: false, message };
  }
  const domain = withoutSlashes(data.domain);
  const url = urlOf(domain, data.path, data.query_params);
  if (url === null) {
    const message = 'event.data.domain and path: together they are no http:// or https:// URL';
    return { ok: false, message };
  }
  return {
    ok: true,
    request: {
      domain,
      method,
      path: data.path,
      url,
      contentType: data.content_type,
      body: bodyOf(method, data.body, name),
      functionSlug: data.fn,
      signs: name === goEventName ? 'run_id' : 'body',
    },
  };
}

function withoutSlashes(domain: string): string {
  let end = domain.length;
  while (end > 0 && domain[end - 1] === '/') end -= 1;
  return domain.slice(0, end);
}

/** Methods that fetch refuses to send. */
const refusedMethods = new Set(['CONNECT', 'TRACE', 'TRACK']);

function isReplayable(method: string): boolean {
  return /^[A-Z][A-Z-]*$/.test(method) && !refusedMethods.has(method);
}

/** The path must not lead to another host, as `@other` or `.other` would. */
function urlOf(domain: string, path: string, query: string): string | null {
  const origin = URL.parse(domain);
  const question = query === '' ? '' : `?${query.replace(/^\?/, '')}`;
  const url = URL.parse(`${domain}${path}${question}`);
  if (origin === null || url === null || url.origin !== origin.origin) return null;
  return url.protocol === 'http:' || url.protocol === 'https:' ? url.href : null;
}

/**
 * JS sends the body as text and Go its bytes in base64. A text can look like base64, so that the sender decides
 * and not the look; what Go cannot have written is taken for text all the same.
 */
function bodyOf(method: string, body: string, eventName: string): EndpointRequest['body'] {
  if (body === '' || method === 'GET' || method === 'HEAD') return null;
  if (eventName !== goEventName) return body;
  const bytes = Uint8Array.from(Buffer.from(body, 'base64'));
  return Buffer.from(bytes).toString('base64') === body ? bytes : body;
}
