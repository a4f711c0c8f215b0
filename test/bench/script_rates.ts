/** Scripts a second on every engine, and how the embedded engine compares with Redis. */
import { median } from './figures.ts';
import { openLoadEngines } from './load_engines.ts';
import { playScripts } from './script_load.ts';

/** Calls a second by engine, one figure a round. */
type Rates = ReadonlyMap<string, readonly number[]>;

export interface ScriptRate {
  /** A script, or one of its cases. */
  readonly name: string;
  readonly rates: Rates;
  /** Embedded to Redis, both with many calls in flight: the median of the ratios within a round. */
  readonly ratio: number;
  /** The same with one call at a time: each caller waits for its answer. */
  readonly ratioSingle: number;
}

export interface ScriptRates {
  readonly engines: readonly string[];
  /** The slowest in comparison first. */
  readonly scripts: readonly ScriptRate[];
}

/** Plays the load on each engine in turn, a round to warm up and then `rounds` times. */
export async function measureScripts(
  rounds: number,
  progress: (text: string) => void,
): Promise<ScriptRates> {
  const { engines, close } = await openLoadEngines();
  const found = new Map<string, Map<string, number[]>>();
  try {
    for (let round = 0; round <= rounds; round++) {
      // Who is first has a cooler processor, or a disk that is busy with what was before.
      const from = round % engines.length;
      for (const { name, store, inFlight } of [...engines.slice(from), ...engines.slice(0, from)]) {
        Bun.gc(true);
        const timings = await playScripts(store, { inFlight });
        if (round > 0) for (const timing of timings) note(found, name, timing);
      }
      progress(round === 0 ? 'warmed up' : `round ${round}: every script answered as it should`);
    }
  } finally {
    await close();
  }
  const scripts = [...found].map(([name, rates]) => ({
    name,
    rates,
    ratio: ratioOf(rates, 'embedded', 'redis'),
    ratioSingle: ratioOf(rates, 'embedded, 1 at a time', 'redis, 1 at a time'),
  }));
  scripts.sort((a, b) => a.ratio - b.ratio);
  return { engines: engines.map(({ name }) => name), scripts };
}

function note(
  found: Map<string, Map<string, number[]>>,
  engine: string,
  { name, callsPerSecond }: { readonly name: string; readonly callsPerSecond: number },
): void {
  const rates = found.get(name) ?? new Map<string, number[]>();
  found.set(name, rates);
  rates.set(engine, [...(rates.get(engine) ?? []), callsPerSecond]);
}

function ratioOf(rates: Rates, engine: string, other: string): number {
  const others = rates.get(other) ?? [];
  return median((rates.get(engine) ?? []).map((rate, round) => rate / (others[round] ?? 0)));
}

/** Lines of a table: calls a second by script and engine, and the ratios. */
export function scriptTable({ engines, scripts }: ScriptRates): string[] {
  const head = ['calls/s', ...engines, 'embedded : redis', '1 at a time'];
  const rows = scripts.map(({ name, rates, ratio, ratioSingle }) => [
    name,
    ...engines.map((engine) => String(Math.round(median(rates.get(engine) ?? [])))),
    ratio.toFixed(2),
    ratioSingle.toFixed(2),
  ]);
  const widths = head.map((_, column) =>
    Math.max(...[head, ...rows].map((cells) => (cells[column] ?? '').length)),
  );
  return [head, ...rows].map((cells) =>
    cells
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return column === 0 ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('  '),
  );
}
