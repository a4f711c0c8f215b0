/** Where a redirected request goes, and as what. */

/** More hops than this are a loop. */
export const redirectHopsMax = 60;

/**
 * `as_sent`: calls and pings keep method, headers and body at every 3xx, and the first URL's query
 * (reference/sdk-http-protocol.md §3.8). `as_browser`: what fetch does for user code. `refuse`: an error.
 */
export type RedirectRule = 'as_sent' | 'as_browser' | 'refuse';

/** One request of a chain of redirects. */
export interface Hop {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  /** As `SentBody` of the exchange. */
  readonly body?: string | Uint8Array<ArrayBuffer>;
}

/** The next request; undefined when the answer is not a redirect; a text when it cannot be followed. */
export function nextHop(
  response: Pick<Response, 'status' | 'headers'>,
  hop: Hop,
  first: Hop & { readonly redirects: RedirectRule },
): Hop | string | undefined {
  const { status } = response;
  const location = response.headers.get('location');
  if (status < 300 || status > 399 || status === 304 || !location) return undefined;
  const target = URL.parse(location, hop.url);
  if (target === null) return "the redirect's Location is not a URL; correct the app's redirect";
  if (target.protocol !== 'http:' && target.protocol !== 'https:') {
    return `the redirect leads to ${target.protocol}// instead of http:// or https://`;
  }
  if (first.redirects === 'refuse') {
    return `redirects are not followed here; use the final URL, ${target.origin}`;
  }
  if (first.redirects === 'as_browser') return asBrowser(status, hop, target);
  mergeQuery(target, new URL(first.url));
  return { ...hop, url: target.href };
}

/** The first URL's values win, so that the SDK learns which function and step are meant. */
function mergeQuery(target: URL, first: URL): void {
  for (const name of new Set(first.searchParams.keys())) {
    target.searchParams.delete(name);
    for (const value of first.searchParams.getAll(name)) target.searchParams.append(name, value);
  }
}

/** The rules of the Fetch standard: some redirects turn into a GET, and credentials stay with their origin. */
function asBrowser(status: number, hop: Hop, target: URL): Hop {
  const isSafe = hop.method === 'HEAD' || hop.method === 'GET';
  const turnsToGet =
    (status === 303 && !isSafe) || ((status === 301 || status === 302) && hop.method === 'POST');
  const isForeign = target.origin !== new URL(hop.url).origin;
  const dropped = new Set([
    ...(turnsToGet ? ['content-type', 'content-encoding', 'content-language'] : []),
    ...(isForeign ? ['authorization', 'cookie', 'proxy-authorization'] : []),
  ]);
  const kept = Object.entries(hop.headers).filter(([name]) => !dropped.has(name.toLowerCase()));
  const next = { url: target.href, method: hop.method, headers: Object.fromEntries(kept) };
  if (turnsToGet) return { ...next, method: 'GET' };
  return hop.body === undefined ? next : { ...next, body: hop.body };
}
