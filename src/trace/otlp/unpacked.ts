/** Bodies that come compressed. */
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

const unzip = promisify(gunzip);

export type Unpacked =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'broken' | 'too_large' | 'unknown_encoding' };

/** `encoding` is the Content-Encoding header; what comes out is bounded, so that a small body cannot fill the memory. */
export async function unpack(
  body: Uint8Array,
  encoding: string | null,
  bytesMax: number,
): Promise<Unpacked> {
  const name = encoding?.trim().toLowerCase() ?? '';
  if (name === '' || name === 'identity') return { kind: 'bytes', bytes: body };
  if (name !== 'gzip') return { kind: 'unknown_encoding' };
  try {
    return { kind: 'bytes', bytes: await unzip(body, { maxOutputLength: bytesMax }) };
  } catch (error) {
    const isLarge = error instanceof RangeError;
    return { kind: isLarge ? 'too_large' : 'broken' };
  }
}
