/** One request to the collector: sends a body and reads what came of it. */
import { z } from 'zod';
import type { Clock } from '../../lib/clock.ts';
import { retryAfterMs } from '../../lib/retry_after.ts';
import type { ExporterSettings } from './exporter_settings.ts';
import { decodeMessage } from './messages.ts';

/** Bun's fetch, as far as it is used: it takes certificates. */
export type Fetch = (url: string, init: BunFetchRequestInit) => Promise<Response>;

export type Sent =
  | { readonly kind: 'accepted'; readonly rejectedSpans: number; readonly message: string }
  | { readonly kind: 'again'; readonly reason: string; readonly notBeforeMs: number | null }
  | { readonly kind: 'refused'; readonly reason: string };

/** OTLP: "retryable response codes". */
const retryable: ReadonlySet<number> = new Set([429, 502, 503, 504]);
/** Answers are a few bytes; of more only the status counts. */
const answerBytesMax = 64 * 1024;

const responseSchema = z.object({
  partialSuccess: z
    .object({
      rejectedSpans: z.coerce.number().int().nonnegative().catch(0).default(0),
      errorMessage: z.string().catch('').default(''),
    })
    .nullish(),
});

/** `cancel` gives the request up; so does the time that the settings give it. Never rejects. */
export async function send(
  body: Uint8Array,
  settings: ExporterSettings,
  parts: { readonly fetch: Fetch; readonly clock: Clock; readonly cancel: AbortSignal },
): Promise<Sent> {
  const { clock, fetch } = parts;
  const late = new AbortController();
  const timer = clock.at(clock.now() + settings.timeoutMs, () => late.abort());
  try {
    const response = await fetch(settings.url, {
      method: 'POST',
      headers: headersOf(settings),
      // Made by the exporter's thread for this request: nobody else holds it.
      body: body as Uint8Array<ArrayBuffer>,
      // Headers can hold secrets, which are for this collector only.
      redirect: 'manual',
      signal: AbortSignal.any([late.signal, parts.cancel]),
      ...(settings.tls !== null && { tls: settings.tls }),
    });
    return await outcomeOf(response, clock);
  } catch (error) {
    const reason = late.signal.aborted
      ? `no answer within ${settings.timeoutMs} ms`
      : error instanceof Error
        ? error.message
        : String(error);
    return { kind: 'again', reason, notBeforeMs: null };
  } finally {
    timer.cancel();
  }
}

function headersOf({ headers, encoding, isCompressed }: ExporterSettings): Record<string, string> {
  return {
    ...headers,
    'content-type': encoding === 'json' ? 'application/json' : 'application/x-protobuf',
    ...(isCompressed && { 'content-encoding': 'gzip' }),
  };
}

async function outcomeOf(response: Response, clock: Clock): Promise<Sent> {
  const { status } = response;
  if (response.ok) return { kind: 'accepted', ...rejectedIn(await readAnswer(response), response) };
  await response.body?.cancel();
  const reason = `it answered ${status}`;
  if (!retryable.has(status)) return { kind: 'refused', reason };
  const header = response.headers.get('retry-after');
  const notBeforeMs = header === null ? null : retryAfterMs(header, clock.now());
  return { kind: 'again', reason, notBeforeMs };
}

async function readAnswer(response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > answerBytesMax) return new Uint8Array();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** An answer that nobody can read has accepted everything all the same: its status said so. */
function rejectedIn(
  answer: Uint8Array,
  response: Response,
): { rejectedSpans: number; message: string } {
  const isJson = (response.headers.get('content-type') ?? '').includes('json');
  const { partialSuccess } = parseAnswer(answer, isJson);
  return {
    rejectedSpans: partialSuccess?.rejectedSpans ?? 0,
    message: partialSuccess?.errorMessage ?? '',
  };
}

function parseAnswer(answer: Uint8Array, isJson: boolean): z.infer<typeof responseSchema> {
  try {
    const value: unknown = isJson
      ? JSON.parse(new TextDecoder().decode(answer))
      : decodeMessage('response', answer);
    const parsed = responseSchema.safeParse(value);
    return parsed.success ? parsed.data : {};
  } catch {
    // As said above.
    return {};
  }
}
