/** Puts payloads and outputs that are large with the events and runs they belong to: read apart, in bounded pieces. */
import type { EventRecord, RunRecord } from './history.ts';
import type { EventSketch } from './sql/event_query.ts';
import type { RunSketch, RunSketches } from './sql/run_query.ts';
import { collectTexts, countWithin, type TextPlace } from './sql/stored_text.ts';

/** As they are stored: some milliseconds. What is more, another thread reads. */
const fewBytesMax = 128 * 1024;
/** Outputs on one page, as they are stored; the page ends early instead. */
const pageBytesMax = 32 * 1024 * 1024;

type Texts = readonly (string | null)[];

interface LargeTextParts {
  readonly few: (places: readonly TextPlace[]) => Promise<Texts>;
  /** Answers the first of them. */
  readonly many: (places: readonly TextPlace[], signal?: AbortSignal) => Promise<Texts>;
}

export class LargeTexts {
  constructor(private readonly parts: LargeTextParts) {}

  /** Without those that retention takes meanwhile. */
  async events(
    sketches: readonly EventSketch[],
    signal?: AbortSignal,
  ): Promise<readonly EventRecord[]> {
    const large = sketches.filter(({ payload }) => payload === null);
    const places = large.map(
      ({ internalId, receivedAtMs, bytes }): TextPlace => ({
        ...{ of: 'payload', internalId, receivedAtMs, bytes },
      }),
    );
    const texts = await this.#read(places, signal);
    const payloads = new Map(large.map((sketch, index) => [sketch, texts[index] ?? null]));
    return sketches.flatMap((sketch) => {
      const { internalId, receivedAtMs, name } = sketch;
      const payload = sketch.payload ?? payloads.get(sketch) ?? null;
      return payload === null ? [] : [{ internalId, receivedAtMs, payload, name }];
    });
  }

  async runs(sketches: readonly RunSketch[], signal?: AbortSignal): Promise<readonly RunRecord[]> {
    const large = sketches.filter(({ outputBytes }) => outputBytes > 0);
    const places = large.map(
      ({ run: { runId }, outputBytes: bytes }): TextPlace => ({ of: 'output', runId, bytes }),
    );
    const texts = await this.#read(places, signal);
    const outputs = new Map(large.map((sketch, index) => [sketch, texts[index] ?? null]));
    return sketches.map((sketch) => {
      const { run, outputBytes } = sketch;
      return outputBytes === 0 ? run : { ...run, output: outputs.get(sketch) ?? null };
    });
  }

  #read(places: readonly TextPlace[], signal: AbortSignal | undefined): Promise<Texts> {
    const bytes = places.reduce((sum, place) => sum + place.bytes, 0);
    const { few, many } = this.parts;
    return collectTexts(places, bytes <= fewBytesMax ? few : (some) => many(some, signal));
  }
}

/** At least one run, and as many as have outputs that fit on a page. */
export function pageWithin({ runs, hasMore }: RunSketches): RunSketches {
  const count = countWithin(
    runs.map(({ outputBytes }) => outputBytes),
    pageBytesMax,
  );
  return { runs: runs.slice(0, count), hasMore: hasMore || count < runs.length };
}
