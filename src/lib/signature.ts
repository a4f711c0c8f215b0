/**
 * Signing keys: request signatures between server and SDK, and the bearer tokens SDKs present
 * (reference/sdk-http-protocol.md §0.1, §2.5).
 */

import { createHash, timingSafeEqual } from 'node:crypto';

const keyPrefix = /^signkey-\w+-/;

/** The key without `signkey-<env>-`; the environment is never compared. */
export function stripKeyPrefix(key: string): string {
  return key.replace(keyPrefix, '');
}

/** Whether the key (prefix or not) is what `start` demands: hex of even length, not empty. */
export function isHexKey(key: string): boolean {
  return /^(?:[0-9a-f]{2})+$/i.test(stripKeyPrefix(key));
}

/** The form SDKs send as bearer token: hex SHA-256 of the hex-decoded key. Throws when the key is not hex. */
export function hashedKey(key: string): string {
  if (!isHexKey(key)) {
    throw new TypeError(
      'the signing key is not hexadecimal of even length; create one with `openssl rand -hex 32`',
    );
  }
  return createHash('sha256')
    .update(Buffer.from(stripKeyPrefix(key), 'hex'))
    .digest('hex');
}

/**
 * Value of X-Inngest-Signature for `body` (canonical JSON text, or '' for a request without body).
 * The order `t`, `s` matters: the Go SDK compares the whole header.
 */
export function sign(body: string | Uint8Array, key: string, nowMs: number): string {
  const seconds = String(Math.floor(nowMs / 1000));
  return `t=${seconds}&s=${mac(body, key, seconds)}`;
}

/**
 * Whether `header` is a signature of exactly these body bytes. `bodies` lists the forms to try: an SDK may
 * have signed the raw text or its canonical form. Age is not checked: the caller knows whether it matters.
 */
export function verify(
  header: string,
  bodies: readonly (string | Uint8Array)[],
  key: string,
): boolean {
  const fields = new URLSearchParams(header);
  const seconds = fields.get('t');
  const given = fields.get('s');
  if (!seconds || !given) return false;
  return bodies.some((body) => isEqualSecret(given.toLowerCase(), mac(body, key, seconds)));
}

/**
 * Whether an `Authorization` header admits its sender (§0.1). Without a key (dev) everyone is admitted.
 * The raw key and its hash both count: Go's checkpoint client sends the raw one.
 */
export function isAuthorized(header: string | null | undefined, key: string | undefined): boolean {
  if (key === undefined) return true;
  const token = stripKeyPrefix(/^bearer\s+(\S+)\s*$/i.exec(header ?? '')?.[1] ?? '');
  const raw = stripKeyPrefix(key);
  // An empty key or token must never match; a key that is not hex has no hash that could be presented.
  if (token === '' || raw === '') return false;
  const isRaw = isEqualSecret(token, raw);
  const isHashed = isHexKey(key) && isEqualSecret(token, hashedKey(key));
  return isRaw || isHashed;
}

/** The key's text itself is the HMAC key: it is not hex-decoded (§2.5). */
function mac(body: string | Uint8Array, key: string, seconds: string): string {
  return new Bun.CryptoHasher('sha256', stripKeyPrefix(key))
    .update(body)
    .update(seconds)
    .digest('hex');
}

/** Compares digests, so that neither content nor length of a secret shows in the time taken. */
function isEqualSecret(left: string, right: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(left), digest(right));
}
