/** Documents without what is secret in them, for screens and the logs of CI. */

const mask = '***';
const secretNames: ReadonlySet<string> = new Set(['signingKey', 'password']);
const addressNames: ReadonlySet<string> = new Set(['dsn', 'URI', 'serverURL', 'queueURL']);

/** A `config`: keys and passwords, also those in addresses. */
export function maskedConfig(value: unknown): unknown {
  return mapTexts(value, (name, text) => {
    if (secretNames.has(name)) return mask;
    return addressNames.has(name) ? maskedAddress(text) : text;
  });
}

/** A function: what is secret in the URLs of its steps. */
export function maskedFunction(value: unknown): unknown {
  return mapTexts(value, (name, text) => (name === 'url' ? maskedUrl(text) : text));
}

/** The URL of a step: what stands before its host, and what looks secret in its query. */
export function maskedUrl(url: string): string {
  if (URL.parse(url) === null) return maskedAddress(url);
  return maskedQuery(url.replace(/^([^:/?#]+:\/\/)([^/?#]*)@/, maskedLogin));
}

/** Of a database. A password in which `/`, `#` or `@` are not escaped makes it no URL, and is masked all the same. */
export function maskedAddress(address: string): string {
  return maskedQuery(address.replace(/^([^:/?#]+:\/\/)(.*)@/s, maskedLogin));
}

/** The user of a password may be seen; alone it may be a token. */
function maskedLogin(_: string, scheme: string, login: string): string {
  const end = login.indexOf(':');
  return `${scheme}${end < 0 ? mask : `${login.slice(0, end)}:${mask}`}@`;
}

function maskedQuery(url: string): string {
  const secret = /([?&][^=&]*(?:password|passwd|secret|token|key|signature)[^=&]*=)[^&#]*/gi;
  return url.replace(secret, `$1${mask}`);
}

/** Texts in fields of that name, at any depth; those in lists have the name of the list. */
function mapTexts(
  value: unknown,
  change: (name: string, text: string) => string,
  name = '',
): unknown {
  if (typeof value === 'string') return change(name, value);
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, change, name));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, item]) => [key, mapTexts(item, change, key)]);
  return Object.fromEntries(entries);
}
