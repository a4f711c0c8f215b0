/** Reads what happened in a run as JSON texts, in pieces: a run may have tens of thousands of facts with large outputs. */
import { decodePayload, storableText } from './payload.ts';
import { numberOf, type SqlSource } from './source.ts';
import { countWithin } from './stored_text.ts';
import { tablesOf } from './tables.ts';

/** A piece is read by one thread and understood by another without holding it up for long. */
const piece = { rowsMax: 500, bytesMax: 512 * 1024 } as const;
/** Nearly every run: what is not more than this is read at once. As they are stored. */
const small = { rowsMax: 300, bytesMax: 128 * 1024 } as const;
/** Of user spans and metadata: a little more than the doors let in, as several servers may. */
const annotationsMax = 25_000;
const annotationBytesMax = 16 * 1024 * 1024;

/** Keys say what a fact is (fact_key.ts): metadata and user spans are told from outside, at any length. */
const isAnnotation = `(key >= 'm:' AND key < 'n' OR key >= 'u:' AND key < 'v')`;

interface FactRow {
  readonly key: string;
  readonly fact: string | Uint8Array;
}

/** What is read next: what the server itself recorded, behind this key, or what was told from outside. */
export type FactPlace =
  | { readonly of: 'own'; readonly after: string }
  | { readonly of: 'annotations' };

export interface FactPiece {
  /** Without the run's id. */
  readonly texts: readonly string[];
  /** Null behind the last piece. */
  readonly next: FactPlace | null;
}

export const firstFacts: FactPlace = { of: 'own', after: '' };

export async function isSmallRun(db: SqlSource, runId: string): Promise<boolean> {
  const [row] = await db.all<{ n: number | string; bytes: number | string | null }>(
    `SELECT count(*) AS n, sum(octet_length(fact)) AS bytes FROM
       (SELECT fact FROM ${tablesOf(db).runFacts} WHERE run_id = $1 LIMIT $2) AS found`,
    [storableText(runId), small.rowsMax + 1],
  );
  if (row === undefined) return true;
  return numberOf(row.n) <= small.rowsMax && numberOf(row.bytes ?? 0) <= small.bytesMax;
}

export async function readFactPiece(
  db: SqlSource,
  runId: string,
  place: FactPlace,
): Promise<FactPiece> {
  if (place.of === 'annotations') return { texts: await readAnnotations(db, runId), next: null };
  const { runFacts } = tablesOf(db);
  const ours = `FROM ${runFacts} WHERE run_id = $1 AND key > $2 AND NOT ${isAnnotation}
     ORDER BY key LIMIT $3`;
  const from = [storableText(runId), place.after];
  const sizes = await db.all<{ bytes: number | string }>(
    `SELECT octet_length(fact) AS bytes ${ours}`,
    [...from, piece.rowsMax],
  );
  const count = countWithin(
    sizes.map(({ bytes }) => numberOf(bytes)),
    piece.bytesMax,
  );
  if (count === 0) return { texts: [], next: { of: 'annotations' } };
  const rows = await db.all<FactRow>(`SELECT key, fact ${ours}`, [...from, count]);
  const texts: string[] = [];
  let length = 0;
  for (const { key, fact } of rows) {
    const text = decodePayload(fact);
    texts.push(text);
    length += text.length;
    // They were compressed.
    if (length > piece.bytesMax) return { texts, next: { of: 'own', after: key } };
  }
  const last = rows.at(-1);
  const isLast = last === undefined || (count === sizes.length && count < piece.rowsMax);
  return { texts, next: isLast ? { of: 'annotations' } : { of: 'own', after: last.key } };
}

/** Metadata first, then the oldest spans, as long as there is room: as they are stored, and as they are read. */
async function readAnnotations(db: SqlSource, runId: string): Promise<readonly string[]> {
  const { runFacts } = tablesOf(db);
  const rows = await db.all<FactRow>(
    `SELECT kept.key, kept.fact FROM (
       SELECT key, SUM(octet_length(fact)) OVER (
         ORDER BY substr(key, 1, 1), at_ms, key ROWS UNBOUNDED PRECEDING
       ) AS bytes FROM ${runFacts} WHERE run_id = $1 AND ${isAnnotation}
     ) AS sized JOIN ${runFacts} AS kept ON kept.run_id = $1 AND kept.key = sized.key
     WHERE sized.bytes <= $2 ORDER BY sized.bytes LIMIT $3`,
    [storableText(runId), annotationBytesMax, annotationsMax],
  );
  const texts: string[] = [];
  let bytes = 0;
  for (const { fact } of rows) {
    const text = decodePayload(fact);
    bytes += text.length;
    if (bytes > annotationBytesMax) break;
    texts.push(text);
  }
  return texts;
}
