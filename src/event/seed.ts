/**
 * Seeded event ids: a sender that tries a request again sends the same seed, gets the same ids, and so
 * starts each function once (http-api.md §1.6).
 */
import { ulidFromBytes, ulidMsMax } from '../lib/ulid.ts';

export const seedHeader = 'x-inngest-event-id-seed';

export interface EventSeed {
  readonly ms: number;
  /** Ten bytes. */
  readonly entropy: Uint8Array;
}

/** 10 bytes are 14 characters of base64 and its padding. */
const seedPattern = /^(\d{1,15}),([A-Za-z0-9+/]{14}==)$/;

/** Reads the header's value. Null, as for no header, when it is malformed: ids are then given by chance. */
export function parseSeed(header: string | null | undefined): EventSeed | null {
  const match = seedPattern.exec(header ?? '');
  const ms = Number(match?.[1]);
  if (!(ms > 0 && ms <= ulidMsMax)) return null;
  return { ms, entropy: Uint8Array.from(Buffer.from(match?.[2] ?? '', 'base64')) };
}

/** The id of one event of a seeded request: its index is added to the last four bytes. */
export function seededId(seed: EventSeed, index: number): string {
  const entropy = seed.entropy.slice();
  const view = new DataView(entropy.buffer, entropy.byteOffset);
  view.setUint32(6, (view.getUint32(6) + index) >>> 0);
  return ulidFromBytes(seed.ms, entropy);
}
