/**
 * Browsers may call from any origin, without cookies (http-api.md §0.3): pages get at nothing that they
 * could not send a key for.
 */

const methods = new Set(['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS']);
const maxAgeSeconds = 3600;
/** Characters of a header name (RFC 9110 token). */
const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Headers for the answer to an ordinary request. */
export function corsHeaders(request: Request): Readonly<Record<string, string>> {
  const origin = request.headers.get('origin');
  if (origin === null) return { vary: 'Origin' };
  return {
    vary: 'Origin',
    'access-control-allow-origin': origin,
    'access-control-expose-headers': 'Link, Mcp-Session-Id',
  };
}

/** `OPTIONS` without a requested method is not a preflight and is routed like anything else (405). */
export function isPreflight(request: Request): boolean {
  return request.method === 'OPTIONS' && request.headers.has('access-control-request-method');
}

/** Answers a preflight on any path. What is not allowed gets 200 without the headers that would allow it. */
export function preflightResponse(request: Request): Response {
  const headers: Record<string, string> = {
    vary: 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
  };
  const origin = request.headers.get('origin');
  const method = request.headers.get('access-control-request-method') ?? '';
  const wanted = requestedHeaders(request);
  if (origin !== null && methods.has(method.toUpperCase()) && wanted !== null) {
    headers['access-control-allow-origin'] = origin;
    headers['access-control-allow-methods'] = method.toUpperCase();
    if (wanted.length > 0) headers['access-control-allow-headers'] = wanted.join(', ');
    headers['access-control-max-age'] = String(maxAgeSeconds);
  }
  return new Response(null, { status: 200, headers });
}

/** Requested header names in canonical case (`X-Inngest-Env`); null when one cannot be a header name. */
function requestedHeaders(request: Request): readonly string[] | null {
  const text = request.headers.get('access-control-request-headers') ?? '';
  const names = text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  return names.every((name) => headerName.test(name)) ? names.map(canonical) : null;
}

function canonical(name: string): string {
  return name.toLowerCase().replace(/(^|-)[a-z]/g, (start) => start.toUpperCase());
}
