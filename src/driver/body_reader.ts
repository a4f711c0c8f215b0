/** Reads the body of an HTTP answer within a limit, and decodes it. */

import { promisify } from 'node:util';
import { brotliDecompress, gunzip } from 'node:zlib';

export type BodyRead =
  | { readonly ok: true; readonly body: Uint8Array }
  | { readonly ok: false; readonly reason: 'too_large' | 'encoding'; readonly detail: string };

const decoders = new Map([
  ['gzip', promisify(gunzip)],
  ['x-gzip', promisify(gunzip)],
  ['br', promisify(brotliDecompress)],
]);

/**
 * Reads `response`, which was fetched with `decompress: false`: the limit must hold for the decoded bytes
 * before they exist, and the network layer has no such limit. Rejects when the connection breaks.
 */
export async function readBody(response: Response, bytesMax: number): Promise<BodyRead> {
  const raw = await readBytes(response, bytesMax);
  if (raw === undefined) return tooLarge(bytesMax);
  const encoding = response.headers.get('content-encoding')?.trim().toLowerCase() ?? '';
  if (encoding === '' || encoding === 'identity' || raw.byteLength === 0) {
    return { ok: true, body: raw };
  }
  const decode = decoders.get(encoding);
  if (decode === undefined) {
    const detail = `content-encoding "${encoding.slice(0, 40)}" is not supported; answer with gzip, br or none`;
    return { ok: false, reason: 'encoding', detail };
  }
  try {
    return { ok: true, body: await decode(raw, { maxOutputLength: bytesMax }) };
  } catch (error) {
    if (error instanceof RangeError) return tooLarge(bytesMax);
    const cause = error instanceof Error ? error.message : String(error);
    const detail = `the ${encoding} body is damaged (${cause})`;
    return { ok: false, reason: 'encoding', detail };
  }
}

/** The bytes as sent, or undefined when there are more than `bytesMax`; the rest is then left unread. */
async function readBytes(response: Response, bytesMax: number): Promise<Uint8Array | undefined> {
  if (response.body === null) return new Uint8Array();
  const length = Number(response.headers.get('content-length') ?? Number.NaN);
  if (length <= bytesMax) return await response.bytes();
  const reader = response.body.getReader();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  while (!(length > bytesMax)) {
    const { done, value } = await reader.read();
    if (done) return Buffer.concat(chunks, bytes);
    bytes += value.byteLength;
    if (bytes > bytesMax) break;
    chunks.push(value);
  }
  await reader.cancel();
  return undefined;
}

function tooLarge(bytesMax: number): BodyRead {
  return { ok: false, reason: 'too_large', detail: `the body is larger than ${bytesMax} bytes` };
}
