/** Where values of accepted documents stand: what is known from before, and for the rest one engine for all documents. */
import type { LocateRequest, Places, ValuePath } from '../evaluator.ts';
import type { Position } from '../source.ts';
import { pathText } from '../value_path.ts';
import { writtenPosition } from '../written_position.ts';
import type { CliLimits } from './cli_session.ts';
import type { EvaluationCache, KnownPlaces } from './evaluation_cache.ts';
import type { locateValues } from './explain.ts';
import { prepareDocument } from './prepare.ts';
import type { PreparedDocument } from './prepared_document.ts';

export interface PlaceParts {
  readonly cache: EvaluationCache | null;
  readonly limits: CliLimits;
  readonly warn: (message: string) => void;
  readonly locate: typeof locateValues;
}

/** A request with what is known of its document. */
interface Search {
  readonly document: PreparedDocument;
  readonly paths: readonly ValuePath[];
  readonly known: Map<string, Position | null>;
  readonly missing: readonly ValuePath[];
}

/** Rejects only with the reason of the signal: without places there is still what is to be said. */
export async function findPlaces(
  requests: readonly LocateRequest[],
  parts: PlaceParts,
  signal?: AbortSignal,
): Promise<readonly Places[]> {
  const searches = await Promise.all(requests.map((request) => searchOf(request, parts.cache)));
  const open = searches.filter(({ missing }) => missing.length > 0);
  const found = open.length === 0 ? [] : await lookUp(open, parts, signal);
  for (const [index, search] of open.entries()) {
    const places = found[index];
    if (places) await remember(search, places, parts.cache);
  }
  return searches.map(({ document, paths, known }) =>
    paths.map((path) => {
      const place = known.get(pathText(path));
      return place ? writtenPosition(document.source, place) : null;
    }),
  );
}

async function searchOf(
  { source, paths }: LocateRequest,
  cache: EvaluationCache | null,
): Promise<Search> {
  const { document } = prepareDocument(source);
  const places: KnownPlaces = (await cache?.findPlaces(document)) ?? {};
  const known = new Map(Object.entries(places));
  const missing = new Map(paths.map((path) => [pathText(path), path]));
  for (const text of known.keys()) missing.delete(text);
  return { document, paths, known, missing: [...missing.values()] };
}

async function lookUp(
  searches: readonly Search[],
  { limits, locate, warn }: PlaceParts,
  signal: AbortSignal | undefined,
): Promise<readonly (Places | null)[]> {
  const wanted = searches.map(({ document, missing }) => ({ document, paths: missing }));
  try {
    return await locate(wanted, limits, signal);
  } catch (error) {
    signal?.throwIfAborted();
    const reason = error instanceof Error ? error.message : String(error);
    warn(`some of what is said about documents is told without its place: ${reason}`);
    return [];
  }
}

async function remember(
  { document, known, missing }: Search,
  places: Places,
  cache: EvaluationCache | null,
): Promise<void> {
  const found = missing.map((path, index) => [pathText(path), places[index] ?? null] as const);
  for (const [path, place] of found) known.set(path, place);
  await cache?.keepPlaces(document, Object.fromEntries(found));
}
