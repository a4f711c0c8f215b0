/** What people are shown of an app's HTTP answer besides its meaning. */

export interface ResponseSummary {
  readonly status: number;
  /** Lower-case names; without what is secret or says nothing of the app. */
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: number;
}

/** Secrets, and what belongs to the connection only. */
const hidden: ReadonlySet<string> = new Set([
  'authorization',
  'connection',
  'content-length',
  'cookie',
  'date',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'set-cookie',
  'transfer-encoding',
  'www-authenticate',
  'x-inngest-signature',
]);
const headersMax = 64;
const headerBytesMax = 1_024;

export function summaryOf(
  raw: { readonly status: number; readonly headers: Readonly<Record<string, string>> },
  bytes: number,
): ResponseSummary {
  const headers: Record<string, string> = {};
  let count = 0;
  for (const [name, value] of Object.entries(raw.headers)) {
    const key = name.toLowerCase();
    if (hidden.has(key) || key.length > headerBytesMax) continue;
    headers[key] = value.slice(0, headerBytesMax);
    count += 1;
    if (count >= headersMax) break;
  }
  return { status: raw.status, headers, bytes };
}
