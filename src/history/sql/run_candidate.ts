/** What a search judges runs by: payloads and outputs, of which the large ones are read a few at a time. */
import type { RunEndedFact } from '../fact.ts';
import type { RunCandidate } from '../search/run_search.ts';
import { decodePayload } from './payload.ts';
import { toTexts } from './run_query.ts';
import { numberOf, type SqlSource } from './source.ts';
import {
  partsWithin,
  readStored,
  type Stored,
  StoredTexts,
  type TextPlace,
} from './stored_text.ts';
import { isIn, tablesOf } from './tables.ts';

/** In memory at once, as they are stored. */
const largeBytesMax = 8 * 1024 * 1024;
/** Events of batches that are asked for at once. */
const idsPerQuery = 1_000;

/** A run as a search reads it, with what the expression needs. */
export interface ScanRow {
  readonly run_id: string;
  readonly at_ms: number | string;
  readonly event_ids?: string;
  readonly ended_status?: RunEndedFact['status'] | null;
  /** Null when it is large, too. */
  readonly output?: Stored | null;
  readonly output_bytes?: number | string | null;
  /** Of the only event; null when it is large, when there are several, or none that is kept. */
  readonly payload?: Stored | null;
}

/** By event id: where the payloads are that did not come with their runs. */
export type PayloadPlaces = ReadonlyMap<string, TextPlace>;

export async function payloadPlaces(
  db: SqlSource,
  rows: readonly ScanRow[],
): Promise<PayloadPlaces> {
  const ids = [...new Set(rows.filter((row) => row.payload === null).flatMap(idsOf))];
  const places = new Map<string, TextPlace>();
  for (let from = 0; from < ids.length; from += idsPerQuery) {
    // Of an event that was received twice the first comes last, and stays.
    const events = await db.all<{
      readonly internal_id: string;
      readonly received_at_ms: number | string;
      readonly bytes: number | string;
    }>(
      `SELECT internal_id, received_at_ms, octet_length(payload) AS bytes
       FROM ${tablesOf(db).events}
       WHERE ${isIn(db.kind, 'internal_id', '$1')} ORDER BY internal_id, received_at_ms DESC`,
      [JSON.stringify(ids.slice(from, from + idsPerQuery))],
    );
    for (const { internal_id: internalId, received_at_ms, bytes } of events) {
      const receivedAtMs = numberOf(received_at_ms);
      places.set(internalId, { of: 'payload', internalId, receivedAtMs, bytes: numberOf(bytes) });
    }
  }
  return places;
}

export interface ScanPart {
  readonly part: readonly ScanRow[];
  readonly large: StoredTexts;
  readonly isLarge: boolean;
}

/** Parts of the list, each with what is large of its runs. */
export async function* inParts(
  db: SqlSource,
  rows: readonly ScanRow[],
  places: PayloadPlaces,
): AsyncGenerator<ScanPart> {
  const placesOf = (row: ScanRow): readonly TextPlace[] => [
    ...payloadPlacesOf(row, places),
    ...outputPlaceOf(row),
  ];
  const bytesOf = (row: ScanRow): number =>
    placesOf(row).reduce((sum, { bytes }) => sum + bytes, 0);
  if (rows.every(isWhole)) {
    yield { part: rows, large: new StoredTexts(), isLarge: false };
    return;
  }
  for (const part of partsWithin(rows, bytesOf, largeBytesMax)) {
    const large = part.flatMap(placesOf);
    yield { part, large: await readStored(db, large), isLarge: large.length > 0 };
  }
}

export function candidateOf(row: ScanRow, places: PayloadPlaces, large: StoredTexts): RunCandidate {
  const { output, payload, ended_status } = row;
  const texts = (of: readonly TextPlace[]): readonly string[] =>
    of.flatMap((place) => {
      const stored = large.at(place);
      return stored === undefined ? [] : [decodePayload(stored)];
    });
  return {
    get payloads() {
      if (payload !== undefined && payload !== null) return [decodePayload(payload)];
      return texts(payloadPlacesOf(row, places));
    },
    get output() {
      if (output !== undefined && output !== null) return decodePayload(output);
      return texts(outputPlaceOf(row))[0] ?? null;
    },
    isFailed: ended_status === 'Failed' || ended_status === 'Cancelled',
  };
}

/** Nearly every run: nothing of it has to be read apart. Null stands for what is large, or is not there. */
function isWhole({ payload, output }: ScanRow): boolean {
  return payload !== null && output !== null;
}

function payloadPlacesOf(row: ScanRow, places: PayloadPlaces): readonly TextPlace[] {
  if (row.payload !== null) return [];
  return idsOf(row).flatMap((id) => places.get(id) ?? []);
}

function outputPlaceOf({ run_id: runId, output, output_bytes }: ScanRow): readonly TextPlace[] {
  const isLarge = output === null && output_bytes !== null && output_bytes !== undefined;
  return isLarge ? [{ of: 'output', runId, bytes: numberOf(output_bytes) }] : [];
}

function idsOf({ event_ids }: ScanRow): readonly string[] {
  return event_ids === undefined ? [] : toTexts(event_ids);
}
