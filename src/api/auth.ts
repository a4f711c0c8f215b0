/** Who may come in: SDKs with the signing key (sdk-http-protocol.md §0.1), senders with an event key. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { isAuthorized } from '../lib/signature.ts';
import { json, plainText } from './answer.ts';
import type { Services } from './services.ts';

type KeySettings = Pick<Services, 'kind' | 'signingKey' | 'eventKeys'>;

/**
 * Hook for a group of routes: lets a request pass that carries the signing key. Without a key the dev server
 * checks nothing (SDKs send `Bearer undefined` there); a cloud server without one lets nobody in.
 */
export function requireSigningKey({ kind, signingKey }: KeySettings) {
  const isOpen = kind === 'dev' && signingKey === null;
  return ({ request }: { request: Request }): Response | undefined => {
    if (isOpen) return undefined;
    const header = request.headers.get('authorization');
    return isAuthorized(header, signingKey ?? '') ? undefined : unauthenticated();
  };
}

/** Plain text, because SDKs match on it; 401 is what makes them try their fallback key. */
export function unauthenticated(): Response {
  return plainText('Authentication failed', {
    status: 401,
    headers: { 'x-content-type-options': 'nosniff' },
  });
}

/** Returns the refusal of an event key, or null when it is good (http-api.md §1.1, in this order). */
export function eventKeyCheck({ kind, eventKeys }: KeySettings): (key: string) => Response | null {
  const digests = eventKeys.map(digestOf);
  return (key) => {
    if (kind === 'cloud' && digests.length === 0) {
      return refusedKey(503, 'Event keys are required to process events securely');
    }
    if (key === '') return refusedKey(401, 'Event key is required');
    if (digests.length === 0) return null;
    const given = digestOf(key);
    return digests.some((digest) => timingSafeEqual(digest, given))
      ? null
      : refusedKey(401, 'Event key not found');
  };
}

function refusedKey(status: number, error: string): Response {
  return json({ status, message: '', error }, { status });
}

/** Digests have one length, so comparing them shows nothing about the key. */
function digestOf(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
