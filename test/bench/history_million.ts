/**
 * How history fares with many runs: `bun test/bench/history_million.ts [--runs 1000000] [--search 100000]
 * [--prune 100000] [--postgres URI]`. Without an address it measures SQLite in a folder that goes afterwards.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { SQL } from 'bun';
import { factText } from '../../src/history/fact.ts';
import type { History, RunQuery } from '../../src/history/history.ts';
import { openHistory } from '../../src/history/open_history.ts';
import { percentile } from './figures.ts';
import { factsOfRun, firstRunAtMs, runEveryMs, runIdOf } from './history_runs.ts';

/** Facts in one batch: as the outbox pump makes them under load. */
const runsPerBatch = 50;
const looks = 20;
/** Between two batches that are recorded while others are deleted. */
const recordEveryMs = 5;

const newest: RunQuery = { timeField: 'queued', orderBy: 'queued', direction: 'desc', limit: 40 };

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '1000000' },
    search: { type: 'string', default: '100000' },
    prune: { type: 'string', default: '100000' },
    postgres: { type: 'string' },
  },
});
const runs = Number(values.runs);
const folder = mkdtempSync(join(tmpdir(), 'inngest-bench-history-'));
const path = join(folder, 'history.db');
const uri = values.postgres;
const history = await openHistory(
  uri === undefined ? { kind: 'sqlite', path } : { kind: 'postgres', uri, connectionsMax: 5 },
);
try {
  await fill();
  await look();
  await search(Math.min(runs, Number(values.search)));
  await disk();
  await prune(Math.min(runs, Number(values.prune)));
} finally {
  await history.close();
  rmSync(folder, { recursive: true });
}

function say(what: string, value: number | string, unit: string): void {
  const text = typeof value === 'number' ? value.toFixed(1) : value;
  process.stdout.write(`${what.padEnd(52)} ${text.padStart(10)} ${unit}\n`);
}

async function fill(): Promise<void> {
  let facts = 0;
  let writingMs = 0;
  for (let from = 0; from < runs; from += runsPerBatch) {
    const batch: string[] = [];
    for (let n = from; n < Math.min(runs, from + runsPerBatch); n++)
      batch.push(...factsOfRun(n).map(factText));
    facts += batch.length;
    const startMs = performance.now();
    await history.record(batch);
    writingMs += performance.now() - startMs;
  }
  say('written', facts / (writingMs / 1000), 'facts/s');
  say('written', runs / (writingMs / 1000), 'runs/s');
}

async function timed(what: string, work: (history: History, n: number) => Promise<unknown>) {
  const times: number[] = [];
  for (let n = 0; n < looks; n++) {
    const startMs = performance.now();
    await work(history, n);
    times.push(performance.now() - startMs);
  }
  say(`${what}: first`, times[0] ?? 0, 'ms');
  say(`${what}: p50`, percentile(times, 0.5), 'ms');
  say(`${what}: slowest of the later ones`, Math.max(...times.slice(1)), 'ms');
}

async function look(): Promise<void> {
  await timed('newest page', (history) => history.runs(newest));
  await timed('newest failed', (history) => history.runs({ ...newest, statuses: ['Failed'] }));
  await timed('page in the middle', (history) =>
    history.runs({
      ...newest,
      after: { atMs: firstRunAtMs + (runs / 2) * runEveryMs, runId: '' },
    }),
  );
  await timed('all counted', (history) => history.countRuns({ timeField: 'queued' }));
  await timed('run with its facts', async (history, n) => {
    const runId = runIdOf(Math.floor((runs / looks) * n));
    await Promise.all([history.run(runId), history.factsOf(runId)]);
  });
  await timed('newest events', (history) => history.events({ limit: 40 }));
}

/** Expressions that no run satisfies are the slowest: every run is looked at. */
async function search(count: number): Promise<void> {
  const fromMs = firstRunAtMs + (runs - count) * runEveryMs;
  const wanted: Readonly<Record<string, string>> = {
    'number in the event': 'event.data.total > 5000',
    'text in the event': 'event.data.customer.id == "customer-none"',
    'name of the event': 'event.name == "shop/order.7" && event.data.total > 5000',
    'output of the run': 'output.total > 5000',
  };
  for (const [what, query] of Object.entries(wanted)) {
    const startMs = performance.now();
    const page = await history.runs({ ...newest, fromMs, query });
    say(`search of ${count} runs, ${what}`, performance.now() - startMs, 'ms');
    if (page.runs.length > 0) throw new Error(`the search "${query}" found something`);
  }
}

async function disk(): Promise<void> {
  if (uri === undefined) {
    say('disk', statSync(path).size / runs, 'bytes/run');
    return;
  }
  const sql = new SQL({ url: uri, max: 1 });
  const [row] = await sql.unsafe('SELECT pg_database_size(current_database())::float8 AS bytes');
  await sql.close();
  say('disk', row.bytes / runs, 'bytes/run');
}

async function prune(count: number): Promise<void> {
  const beforeMs = firstRunAtMs + count * runEveryMs + 40;
  const cutoffs = { eventsBeforeMs: beforeMs, runsBeforeMs: beforeMs, tracesBeforeMs: beforeMs };
  const times: number[] = [];
  let deleted = 0;
  let isPruning = true;
  const recorded = recordWhile(() => isPruning);
  for (let hasMore = true; hasMore; ) {
    const startMs = performance.now();
    const pruned = await history.prune(cutoffs);
    times.push(performance.now() - startMs);
    deleted += pruned.runs;
    hasMore = pruned.hasMore;
  }
  isPruning = false;
  const latencies = await recorded;
  say(`pruned ${deleted} runs in ${times.length} batches: together`, sum(times), 'ms');
  say('batch: p50', percentile(times, 0.5), 'ms');
  say('batch: p99', percentile(times, 0.99), 'ms');
  say('batch: longest', Math.max(...times), 'ms');
  say(`${latencies.length} records meanwhile: p50`, percentile(latencies, 0.5), 'ms');
  say('record: p99', percentile(latencies, 0.99), 'ms');
  say('record: longest', Math.max(...latencies), 'ms');
  if (uri === undefined) say('disk afterwards', statSync(path).size / 1e6, 'MB');
}

/** How long each of the small batches takes that a server records meanwhile. */
async function recordWhile(isWanted: () => boolean): Promise<readonly number[]> {
  const latencies: number[] = [];
  for (let n = runs; isWanted(); n++) {
    const batch = factsOfRun(n).map(factText);
    const startMs = performance.now();
    await history.record(batch);
    latencies.push(performance.now() - startMs);
    await Bun.sleep(recordEveryMs);
  }
  return latencies;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
