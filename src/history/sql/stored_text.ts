/**
 * Payloads and outputs in bounded portions. Small ones come with their rows; of larger ones a row tells only how large
 * they are, and they are read afterwards, as many at a time as fit into memory.
 */
import { decodePayload } from './payload.ts';
import { numberOf, type SqlSource } from './source.ts';
import { isIn, tablesOf } from './tables.ts';

/** As it is stored. A thousand rows with as much each are 8 MiB. */
export const inlineBytesMax = 8 * 1024;
/** Sent from one thread to another in one piece: as stored, and, but for the last text, as read. */
const piece = { textsMax: 250, bytesMax: 1024 * 1024, charsMax: 4 * 1024 * 1024 } as const;

export type Stored = string | Uint8Array;

/** Where a large text is. */
export type TextPlace = (
  | { readonly of: 'payload'; readonly internalId: string; readonly receivedAtMs: number }
  | { readonly of: 'output'; readonly runId: string }
) & {
  /** As it is stored. */
  readonly bytes: number;
};

/** As columns: the value of `column` unless it is large, and its size as `<column>_bytes`. */
export function inlineColumns(column: string, table = ''): string {
  const size = `octet_length(${table}${column})`;
  return `CASE WHEN ${size} <= ${inlineBytesMax} THEN ${table}${column} END AS ${column},
    ${size} AS ${column}_bytes`;
}

/** Few bytes may stand for many characters: once a page has so many, what follows is read as if it were large. */
export class Room {
  #chars: number = piece.charsMax;

  /** Null when the text has to be read apart. */
  take(stored: Stored | null | undefined): string | null {
    if (stored === null || stored === undefined || this.#chars <= 0) return null;
    const text = decodePayload(stored);
    this.#chars -= text.length;
    return text;
  }
}

/** How many of them fit together: at least one, if there is one. */
export function countWithin(sizes: readonly number[], bytesMax: number): number {
  let bytes = 0;
  const end = sizes.findIndex((size) => {
    bytes += size;
    return bytes > bytesMax;
  });
  return end === -1 ? sizes.length : Math.max(1, end);
}

/** Parts of the list, each with as many as fit together. */
export function* partsWithin<T>(
  items: readonly T[],
  bytesOf: (item: T) => number,
  bytesMax: number,
): Generator<readonly T[]> {
  const sizes = items.map(bytesOf);
  for (let from = 0; from < items.length; ) {
    const end = from + countWithin(sizes.slice(from), bytesMax);
    yield items.slice(from, end);
    from = end;
  }
}

export class StoredTexts {
  readonly #texts = new Map<string, Stored>();

  at(place: TextPlace): Stored | undefined {
    return this.#texts.get(keyOf(place));
  }

  put(place: TextPlace, text: Stored): void {
    this.#texts.set(keyOf(place), text);
  }
}

/** Those that are still there. The caller bounds how much it asks for. */
export async function readStored(
  db: SqlSource,
  places: readonly TextPlace[],
): Promise<StoredTexts> {
  const texts = new StoredTexts();
  const { events, runs } = tablesOf(db);
  const eventIds = places.flatMap((place) => (place.of === 'payload' ? [place.internalId] : []));
  if (eventIds.length > 0) {
    const rows = await db.all<{
      internal_id: string;
      received_at_ms: number | string;
      payload: Stored;
    }>(
      `SELECT internal_id, received_at_ms, payload FROM ${events}
       WHERE ${isIn(db.kind, 'internal_id', '$1')}`,
      [JSON.stringify(eventIds)],
    );
    for (const { internal_id: internalId, received_at_ms, payload } of rows) {
      const receivedAtMs = numberOf(received_at_ms);
      texts.put({ of: 'payload', internalId, receivedAtMs, bytes: 0 }, payload);
    }
  }
  const runIds = places.flatMap((place) => (place.of === 'output' ? [place.runId] : []));
  if (runIds.length > 0) {
    const rows = await db.all<{ run_id: string; output: Stored }>(
      `SELECT run_id, output FROM ${runs}
       WHERE ${isIn(db.kind, 'run_id', '$1')} AND output IS NOT NULL`,
      [JSON.stringify(runIds)],
    );
    for (const { run_id: runId, output } of rows)
      texts.put({ of: 'output', runId, bytes: 0 }, output);
  }
  return texts;
}

/** Of the first of them, as many as one thread sends another at once; null for those that have gone. */
export async function readTextPiece(
  db: SqlSource,
  places: readonly TextPlace[],
): Promise<readonly (string | null)[]> {
  const stored = await readStored(db, places);
  const texts: (string | null)[] = [];
  let chars = 0;
  for (const place of places) {
    const found = stored.at(place);
    const text = found === undefined ? null : decodePayload(found);
    texts.push(text);
    chars += text?.length ?? 0;
    if (chars >= piece.charsMax) break;
  }
  return texts;
}

/** All of them, read in pieces. */
export async function collectTexts(
  places: readonly TextPlace[],
  read: (places: readonly TextPlace[]) => Promise<readonly (string | null)[]>,
): Promise<readonly (string | null)[]> {
  const texts: (string | null)[] = [];
  while (texts.length < places.length) {
    const next = places.slice(texts.length, texts.length + piece.textsMax);
    const count = countWithin(
      next.map(({ bytes }) => bytes),
      piece.bytesMax,
    );
    texts.push(...(await read(next.slice(0, count))));
  }
  return texts;
}

function keyOf(place: TextPlace): string {
  return place.of === 'output' ? place.runId : `${place.internalId}\n${place.receivedAtMs}`;
}
