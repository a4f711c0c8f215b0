/** UUIDs: version 4 for what is new each time, version 5 for what must be the same on every server. */

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/**
 * The version 5 UUID of a name in the OID namespace `6ba7b812-9dad-11d1-80b4-00c04fd430c8`, which every
 * deterministic id of the protocol uses (sdk-http-protocol.md §1.8).
 */
export function uuidV5(name: string | Uint8Array<ArrayBuffer>): string {
  return Bun.randomUUIDv5(name, 'oid');
}

export function randomUuid(): string {
  return crypto.randomUUID();
}

/** Whether the text has the form of a UUID of any version, in either letter case. */
export function isUuid(text: string): boolean {
  return text.length === 36 && uuidPattern.test(text);
}

/** The 16 bytes of a UUID: some names are a UUID's bytes followed by text. Throws RangeError for others. */
export function uuidBytes(uuid: string): Uint8Array<ArrayBuffer> {
  if (!isUuid(uuid)) throw new RangeError(`not a UUID: ${JSON.stringify(uuid.slice(0, 60))}`);
  return Uint8Array.from(Buffer.from(uuid.replaceAll('-', ''), 'hex'));
}
