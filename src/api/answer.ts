/** How answers are written down: JSON ends with a newline, as the original's does (http-api.md §0.5). */

export interface AnswerOptions {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

export function json(value: unknown, options: AnswerOptions = {}): Response {
  return jsonText(`${JSON.stringify(value)}\n`, options);
}

/** For text that is JSON already. */
export function jsonText(text: string, options: AnswerOptions = {}): Response {
  return new Response(text, {
    status: options.status ?? 200,
    headers: { 'content-type': 'application/json', ...options.headers },
  });
}

export function plainText(text: string, options: AnswerOptions = {}): Response {
  return new Response(`${text}\n`, {
    status: options.status ?? 200,
    headers: { 'content-type': 'text/plain; charset=utf-8', ...options.headers },
  });
}

export function empty(status = 200): Response {
  return new Response(null, { status });
}

/**
 * The envelope of /v1 (http-api.md §3.1). `maxAgeSeconds` is how long the client may keep the answer; the
 * server itself keeps none, so every answer is as fresh as history.
 */
export function enveloped(data: unknown, nowMs: number, maxAgeSeconds?: number): Response {
  const fetched = new Date(nowMs).toISOString();
  if (maxAgeSeconds === undefined) {
    return json({ data, metadata: { fetched_at: fetched, cached_until: null } });
  }
  const until = new Date(nowMs + maxAgeSeconds * 1000).toISOString();
  return json(
    { data, metadata: { fetched_at: fetched, cached_until: until } },
    { headers: { 'cache-control': `private, max-age=${maxAgeSeconds}` } },
  );
}

/** What an unknown path gets (§0.4). */
export function notFound(): Response {
  return plainText('404 page not found', { status: 404 });
}
