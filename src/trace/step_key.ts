/** How SDKs name steps on the wire: by a hash of what users call them (http-api.md §3.6). */
import { createHash } from 'node:crypto';

/** `index` counts steps of one id from 0. */
export function stepKeyOf(id: string, index = 0): string {
  return createHash('sha1')
    .update(index > 0 ? `${id}:${index}` : id)
    .digest('hex');
}
