/**
 * ULIDs: 48 bits of time and 80 bits of chance as 26 characters of Crockford's base 32. Their text order is
 * their time order; those that one process makes in the same millisecond keep the order they were made in.
 */

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const ulidPattern = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;

/** The time part has 48 bits (year 10889). */
export const ulidMsMax = 2 ** 48 - 1;

const entropyBytes = 10;

/** Chance is fetched in blocks: a system call per id would cost more than the id. */
const pool = new Uint8Array(entropyBytes * 512);
let poolOffset = pool.length;

const last = new Uint8Array(entropyBytes);
let lastMs = -1;

/** A new ULID. Calls with the same `nowMs` in a row ascend; a clock that steps back gives fresh chance. */
export function ulid(nowMs: number): string {
  if (nowMs === lastMs) {
    increment(last);
  } else {
    last.set(takeChance());
    // A cleared first bit leaves 2^79 increments before a millisecond could run out of ids.
    last[0] = byteAt(last, 0) & 0x7f;
    lastMs = nowMs;
  }
  return ulidFromBytes(nowMs, last);
}

/** The ULID of a time and 10 bytes of entropy. Throws RangeError for any other size or time. */
export function ulidFromBytes(ms: number, entropy: Uint8Array): string {
  if (entropy.length !== entropyBytes) {
    throw new RangeError(`a ULID takes ${entropyBytes} bytes of entropy, not ${entropy.length}`);
  }
  return timeText(ms) + fiveBytesText(entropy, 0) + fiveBytesText(entropy, 5);
}

/** The milliseconds since 1970 in a ULID. Throws RangeError when the text is none. */
export function ulidTime(text: string): number {
  if (!isUlid(text)) throw new RangeError(`not a ULID: ${JSON.stringify(text.slice(0, 40))}`);
  let ms = 0;
  for (let at = 0; at < 10; at += 1) ms = ms * 32 + alphabet.indexOf(text.charAt(at));
  return ms;
}

/** Whether the text is a ULID in its canonical upper-case form. */
export function isUlid(text: string): boolean {
  return text.length === 26 && ulidPattern.test(text);
}

function timeText(ms: number): string {
  if (!Number.isInteger(ms) || ms < 0 || ms > ulidMsMax) {
    throw new RangeError(`a ULID cannot hold the time ${ms}`);
  }
  let text = '';
  for (let rest = ms, at = 0; at < 10; at += 1) {
    text = alphabet.charAt(rest % 32) + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}

/** Five bytes are 40 bits: eight characters. */
function fiveBytesText(bytes: Uint8Array, from: number): string {
  const high =
    (byteAt(bytes, from) << 12) | (byteAt(bytes, from + 1) << 4) | (byteAt(bytes, from + 2) >> 4);
  const low =
    ((byteAt(bytes, from + 2) & 0x0f) << 16) |
    (byteAt(bytes, from + 3) << 8) |
    byteAt(bytes, from + 4);
  return twentyBitsText(high) + twentyBitsText(low);
}

function twentyBitsText(bits: number): string {
  return (
    alphabet.charAt(bits >> 15) +
    alphabet.charAt((bits >> 10) & 31) +
    alphabet.charAt((bits >> 5) & 31) +
    alphabet.charAt(bits & 31)
  );
}

function increment(bytes: Uint8Array): void {
  for (let at = bytes.length - 1; at >= 0; at -= 1) {
    const raised = (byteAt(bytes, at) + 1) & 0xff;
    bytes[at] = raised;
    if (raised !== 0) return;
  }
}

function takeChance(): Uint8Array {
  if (poolOffset + entropyBytes > pool.length) {
    crypto.getRandomValues(pool);
    poolOffset = 0;
  }
  poolOffset += entropyBytes;
  return pool.subarray(poolOffset - entropyBytes, poolOffset);
}

/** Callers stay inside the array. */
function byteAt(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0;
}
