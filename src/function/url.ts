/** URLs of apps and steps in the one form in which they are stored and compared (sdk-http-protocol.md §1.9). */

/** Parameters of one call, never of the endpoint. */
const transientParameters = ['deployId', 'probe'] as const;

const loopbackHosts: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '0.0.0.0']);

const stepProtocols: ReadonlySet<string> = new Set(['http:', 'https:', 'ws:', 'wss:']);

/** The normal form; text that is not a URL is returned trimmed, for validation to refuse. */
export function normalizeUrl(text: string): string {
  const url = URL.parse(text.trim());
  if (url === null) return text.trim();
  for (const name of transientParameters) url.searchParams.delete(name);
  if (url.search !== '') {
    url.searchParams.sort();
    // Only a change makes URL encode the query anew, as the normal form asks for.
    url.search = url.searchParams.toString();
  }
  // Default ports are gone by now, so a host without a port stays as it is.
  if (url.port !== '' && loopbackHosts.has(url.hostname)) url.hostname = 'localhost';
  return hasPath(text) || url.pathname !== '/'
    ? url.href
    : url.href.replace(`${url.host}/`, url.host);
}

/** The URL of an app as a person types it: the scheme may be missing. */
export function appUrlOf(text: string): string {
  const trimmed = text.trim();
  return normalizeUrl(/^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed) ? trimmed : `http://${trimmed}`);
}

/** Whether steps can be called at this URL. */
export function isStepUrl(text: string): boolean {
  return stepProtocols.has(URL.parse(text)?.protocol ?? '');
}

/** Whether calls go over a worker's socket instead of HTTP. */
export function isConnectUrl(text: string): boolean {
  return /^wss?:/i.test(text);
}

/** `ws://connect?app_name=x` has no path, and none is added. */
function hasPath(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*\//i.test(text.trim());
}
