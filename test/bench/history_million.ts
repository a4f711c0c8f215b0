/**
 * How history fares with many runs: `bun test/bench/history_million.ts [--runs 1000000] [--search 100000]
 * [--prune 100000] [--postgres URI]`. Without an address it measures SQLite in a folder that goes afterwards. The rows of
 * the benchmark are made by the same measurement (history_rows.ts).
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { SQL } from 'bun';
import { factText } from '../../src/history/fact.ts';
import type { History, RunQuery } from '../../src/history/history.ts';
import { openHistory } from '../../src/history/open_history.ts';
import { previewTree } from '../../src/trace/preview_tree.ts';
import { readRunTrace } from '../../src/trace/run_trace.ts';
import { median, percentile } from './figures.ts';
import { factsOfRun, firstRunAtMs, runEveryMs, runIdOf } from './history_runs.ts';

export interface MillionOptions {
  readonly runs: number;
  /** The last so many are searched. */
  readonly searched: number;
  /** The first so many are deleted. */
  readonly pruned: number;
  /** PostgreSQL instead of SQLite. */
  readonly uri?: string;
}

/** Times in ms. */
export interface HistoryFigures {
  readonly factsPerSecond: number;
  /** The newest page, in turn; the first one starts the thread that reads. */
  readonly pageMs: readonly number[];
  readonly failedPageMs: readonly number[];
  readonly middlePageMs: readonly number[];
  readonly countMs: readonly number[];
  /** A run, its events and everything that happened in it, as a tree. */
  readonly traceMs: readonly number[];
  readonly eventsMs: readonly number[];
  /** By what is asked; nothing is found, so that every run is looked at. */
  readonly searchMs: Readonly<Record<string, readonly number[]>>;
  readonly bytesPerRun: number;
  readonly prunedRuns: number;
  readonly pruneMs: readonly number[];
  /** Of small batches that were recorded meanwhile. */
  readonly recordMs: readonly number[];
}

/** Facts in one batch: as the outbox pump makes them under load. */
const runsPerBatch = 50;
const looks = 20;
const searches = 5;
/** Between two batches that are recorded while others are deleted. */
const recordEveryMs = 5;
const reportEvery = 100_000;

const newest: RunQuery = { timeField: 'queued', orderBy: 'queued', direction: 'desc', limit: 40 };

const wanted: Readonly<Record<string, string>> = {
  'number in the event': 'event.data.total > 5000',
  'text in the event': 'event.data.customer.id == "customer-none"',
  'name of the event': 'event.name == "shop/order.7" && event.data.total > 5000',
  'output of the run': 'output.total > 5000',
  'calculated, nothing to shorten it': 'event.data.total * 2 > 10000',
};

export async function measureHistory(
  options: MillionOptions,
  progress: (text: string) => void,
): Promise<HistoryFigures> {
  const folder = mkdtempSync(join(tmpdir(), 'inngest-bench-history-'));
  const path = join(folder, 'history.db');
  const { uri, runs } = options;
  const history = await openHistory(
    uri === undefined ? { kind: 'sqlite', path } : { kind: 'postgres', uri, connectionsMax: 5 },
  );
  try {
    const factsPerSecond = await fill(history, runs, progress);
    const looked = await look(history, runs);
    progress('pages and runs have been looked at');
    const searchMs = await search(history, options);
    progress('searched');
    const bytes = uri === undefined ? statSync(path).size : await bytesOf(uri);
    return {
      ...{ factsPerSecond, searchMs, bytesPerRun: bytes / runs },
      ...looked,
      ...(await prune(history, options)),
    };
  } finally {
    await history.close();
    rmSync(folder, { recursive: true });
  }
}

async function fill(
  history: History,
  runs: number,
  progress: (text: string) => void,
): Promise<number> {
  let facts = 0;
  let writingMs = 0;
  for (let from = 0; from < runs; from += runsPerBatch) {
    const batch: string[] = [];
    for (let n = from; n < Math.min(runs, from + runsPerBatch); n++)
      batch.push(...factsOfRun(n).map(factText));
    facts += batch.length;
    writingMs += await timeOf(() => history.record(batch));
    const done = from + runsPerBatch;
    if (done % reportEvery === 0) progress(`${done} runs, ${perSecond(facts, writingMs)} facts/s`);
  }
  return perSecond(facts, writingMs);
}

async function look(history: History, runs: number) {
  const middle = { atMs: firstRunAtMs + (runs / 2) * runEveryMs, runId: '' };
  return {
    pageMs: await inTurn(() => history.runs(newest)),
    failedPageMs: await inTurn(() => history.runs({ ...newest, statuses: ['Failed'] })),
    middlePageMs: await inTurn(() => history.runs({ ...newest, after: middle })),
    countMs: await inTurn(() => history.countRuns({ timeField: 'queued' })),
    traceMs: await inTurn(async (n) => {
      const trace = await readRunTrace(history, runIdOf(Math.floor((runs / looks) * n)));
      if (trace === null) throw new Error('a run that was recorded cannot be read');
      previewTree(trace, trace.run.endedAtMs ?? 0);
    }),
    eventsMs: await inTurn(() => history.events({ limit: 40 })),
  };
}

/** Expressions that no run satisfies are the slowest: every run is looked at. */
async function search(
  history: History,
  { runs, searched }: MillionOptions,
): Promise<HistoryFigures['searchMs']> {
  const fromMs = firstRunAtMs + (runs - searched) * runEveryMs;
  const found: Record<string, number[]> = {};
  for (const [what, query] of Object.entries(wanted)) {
    const times: number[] = [];
    for (let n = 0; n < searches; n++) {
      times.push(
        await timeOf(async () => {
          const page = await history.runs({ ...newest, fromMs, query });
          if (page.runs.length > 0) throw new Error(`the search "${query}" found something`);
        }),
      );
    }
    found[what] = times;
  }
  return found;
}

async function prune(history: History, { runs, pruned }: MillionOptions) {
  const beforeMs = firstRunAtMs + pruned * runEveryMs + 40;
  const cutoffs = { eventsBeforeMs: beforeMs, runsBeforeMs: beforeMs, tracesBeforeMs: beforeMs };
  const pruneMs: number[] = [];
  let prunedRuns = 0;
  let isPruning = true;
  const recorded = recordWhile(history, runs, () => isPruning);
  for (let hasMore = true; hasMore; ) {
    pruneMs.push(
      await timeOf(async () => {
        const batch = await history.prune(cutoffs);
        prunedRuns += batch.runs;
        hasMore = batch.hasMore;
      }),
    );
  }
  isPruning = false;
  return { prunedRuns, pruneMs, recordMs: await recorded };
}

/** How long each of the small batches takes that a server records meanwhile. */
async function recordWhile(
  history: History,
  from: number,
  isWanted: () => boolean,
): Promise<readonly number[]> {
  const latencies: number[] = [];
  for (let n = from; isWanted(); n++) {
    const batch = factsOfRun(n).map(factText);
    latencies.push(await timeOf(() => history.record(batch)));
    await Bun.sleep(recordEveryMs);
  }
  return latencies;
}

async function bytesOf(uri: string): Promise<number> {
  const sql = new SQL({ url: uri, max: 1 });
  const [row] = await sql.unsafe('SELECT pg_database_size(current_database())::float8 AS bytes');
  await sql.close();
  return Number(row.bytes);
}

async function inTurn(work: (n: number) => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let n = 0; n < looks; n++) times.push(await timeOf(() => work(n)));
  return times;
}

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}

function perSecond(count: number, ms: number): number {
  return Math.round(count / (ms / 1_000));
}

function print(figures: HistoryFigures): void {
  const say = (what: string, value: number, unit: string) =>
    process.stdout.write(`${what.padEnd(52)} ${value.toFixed(1).padStart(10)} ${unit}\n`);
  const times = (what: string, all: readonly number[]) => {
    say(`${what}: first`, all[0] ?? 0, 'ms');
    say(`${what}: p50`, median(all), 'ms');
    say(`${what}: slowest of the later ones`, Math.max(0, ...all.slice(1)), 'ms');
  };
  say('written', figures.factsPerSecond, 'facts/s');
  times('newest page', figures.pageMs);
  times('newest failed', figures.failedPageMs);
  times('page in the middle', figures.middlePageMs);
  times('all counted', figures.countMs);
  times('run with its tree', figures.traceMs);
  times('newest events', figures.eventsMs);
  for (const [what, all] of Object.entries(figures.searchMs)) times(`search, ${what}`, all);
  say('disk', figures.bytesPerRun, 'bytes/run');
  const togetherMs = figures.pruneMs.reduce((total, ms) => total + ms, 0);
  say(`${figures.prunedRuns} runs deleted in ${figures.pruneMs.length} batches`, togetherMs, 'ms');
  say('batch: longest', Math.max(...figures.pruneMs), 'ms');
  say('record meanwhile: p99', percentile(figures.recordMs, 0.99), 'ms');
  say('record meanwhile: longest', Math.max(...figures.recordMs), 'ms');
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '1000000' },
      search: { type: 'string', default: '100000' },
      prune: { type: 'string', default: '100000' },
      postgres: { type: 'string' },
    },
  });
  const runs = Number(values.runs);
  const searched = Math.min(runs, Number(values.search));
  const pruned = Math.min(runs, Number(values.prune));
  const options = { runs, searched, pruned, uri: values.postgres };
  print(await measureHistory(options, (text) => process.stderr.write(`${text}\n`)));
}
