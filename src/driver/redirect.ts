/** Where a redirected request goes, and as what. */

/** More hops than this are a loop. */
const hopsMax = 60;
/** Of steps (reference/cue-config.md §7.1). */
const stepHopsMax = 10;

/**
 * `as_sent`: calls and pings keep method, headers and body at every 3xx, and the first URL's query
 * (reference/sdk-http-protocol.md §3.8). `as_step`: method and body are kept, the query and the signature are not for
 * others. `as_browser`: what fetch does for user code. `refuse`: an error.
 */
export type RedirectRule = 'as_sent' | 'as_step' | 'as_browser' | 'refuse';

export function redirectHopsMax(rule: RedirectRule): number {
  return rule === 'as_step' ? stepHopsMax : hopsMax;
}

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
  if (first.redirects === 'as_step') return asStep(hop, target);
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

/** A URL's query may hold a token, and a signed request could be shown to others as the server's own. */
function asStep(hop: Hop, target: URL): Hop {
  const headers = isForeign(hop, target)
    ? headersWithout(hop, new Set(['x-inngest-signature']))
    : hop.headers;
  return { ...hop, url: target.href, headers };
}

function isForeign(hop: Hop, target: URL): boolean {
  return target.origin !== new URL(hop.url).origin;
}

function headersWithout({ headers }: Hop, names: ReadonlySet<string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !names.has(name.toLowerCase())),
  );
}

/** The rules of the Fetch standard: some redirects turn into a GET, and credentials stay with their origin. */
function asBrowser(status: number, hop: Hop, target: URL): Hop {
  const isSafe = hop.method === 'HEAD' || hop.method === 'GET';
  const turnsToGet =
    (status === 303 && !isSafe) || ((status === 301 || status === 302) && hop.method === 'POST');
  const dropped = new Set([
    ...(turnsToGet ? ['content-type', 'content-encoding', 'content-language'] : []),
    ...(isForeign(hop, target) ? ['authorization', 'cookie', 'proxy-authorization'] : []),
  ]);
  const next = { url: target.href, method: hop.method, headers: headersWithout(hop, dropped) };
  if (turnsToGet) return { ...next, method: 'GET' };
  return hop.body === undefined ? next : { ...next, body: hop.body };
}
