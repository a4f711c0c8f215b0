/**
 * What history costs (the same work on a server that records it and on one that does not, turn about), and how it fares
 * with a million runs, measured once for all rows. `HISTORY_RUNS=200000` takes fewer.
 */
import { Bed } from './bed.ts';
import { median, percentile } from './figures.ts';
import { type HistoryFigures, measureHistory } from './history_million.ts';
import type { Outcome, Row } from './rows.ts';

const runs = 1_000;
const stepsPerRun = 10;
const off = { INNGEST_BENCH_WITHOUT_HISTORY: '1' };

async function throughput(bed: Bed): Promise<{ rate: number; miscounted: readonly string[] }> {
  const played = await bed.play('ten', runs);
  const seconds = (Math.max(...played.endAt) - played.sentAt) / 1_000;
  return { rate: (runs * stepsPerRun) / seconds, miscounted: played.miscounted };
}

async function cost(
  checkpointing: 'on' | 'off',
  rounds: number,
  progress: (text: string) => void,
): Promise<Outcome> {
  const recording = await Bed.make(checkpointing);
  const silent = await Bed.make(checkpointing, { retryIntervalS: null, env: off });
  try {
    await recording.play('ten', runs / 4);
    await silent.play('ten', runs / 4);
    const shares: number[] = [];
    const rates: { on: number; off: number }[] = [];
    const miscounted: string[] = [];
    for (let round = 1; round <= rounds; round++) {
      // Each goes first every other time.
      const order = round % 2 === 0 ? [recording, silent] : [silent, recording];
      const found = new Map<Bed, number>();
      for (const bed of order) {
        const turn = await throughput(bed);
        found.set(bed, turn.rate);
        miscounted.push(...turn.miscounted);
      }
      const rate = { on: found.get(recording) ?? 0, off: found.get(silent) ?? 0 };
      rates.push(rate);
      shares.push(100 * (1 - rate.on / rate.off));
      progress(`round ${round}: ${rate.on.toFixed(0)}/s with, ${rate.off.toFixed(0)}/s without`);
    }
    const [on, without] = [median(rates.map((r) => r.on)), median(rates.map((r) => r.off))];
    const note = `steps/s: ${on.toFixed(0)} with history, ${without.toFixed(0)} without`;
    return { rounds: shares, miscounted, note };
  } finally {
    await recording.dispose();
    await silent.dispose();
  }
}

const runsKept = Number(process.env.HISTORY_RUNS ?? 1_000_000);
const runsWorkedOn = Math.min(runsKept, 100_000);

let measured: Promise<HistoryFigures> | undefined;

/** A row about the one measurement that all of them share. */
function millionRow(
  pick: (figures: HistoryFigures) => Omit<Outcome, 'miscounted'>,
): Row['measure'] {
  return async (_rounds, progress) => {
    const options = { runs: runsKept, searched: runsWorkedOn, pruned: runsWorkedOn };
    measured ??= measureHistory(options, progress);
    const figures = await measured;
    const isExact = figures.prunedRuns === runsWorkedOn;
    const lost = `${figures.prunedRuns} runs were deleted, ${runsWorkedOn} were old`;
    return { ...pick(figures), miscounted: isExact ? [] : [lost] };
  };
}

const worst = (times: readonly number[]) => Math.max(...times);

function slowestSearch({ searchMs }: HistoryFigures): Omit<Outcome, 'miscounted'> {
  const medians = Object.entries(searchMs).map(([what, times]) => ({ what, ms: median(times) }));
  const slowest = medians.reduce((a, b) => (b.ms > a.ms ? b : a));
  const others = medians.map(({ what, ms }) => `${what} ${ms.toFixed(0)}`).join(', ');
  return { rounds: searchMs[slowest.what] ?? [], note: `the slowest of: ${others}` };
}

const runsTitle = `${runsKept.toLocaleString('en-US').replaceAll(',', ' ')} runs`;

const millionRows: readonly Row[] = [
  {
    name: 'history-page',
    title: `newest page of ${runsTitle}`,
    unit: 'ms',
    target: { value: 20, better: 'lower' },
    measure: millionRow(({ pageMs, failedPageMs, middlePageMs, countMs }) => ({
      rounds: pageMs,
      note:
        `first ${(pageMs[0] ?? 0).toFixed(1)} (starts the thread); newest failed ${median(failedPageMs).toFixed(1)}, ` +
        `in the middle ${median(middlePageMs).toFixed(1)}, all counted ${median(countMs).toFixed(1)}`,
    })),
  },
  {
    name: 'history-run',
    title: `a run with its trace, of ${runsTitle}`,
    unit: 'ms',
    target: { value: 20, better: 'lower' },
    measure: millionRow(({ traceMs }) => ({
      rounds: traceMs,
      note: `slowest ${worst(traceMs).toFixed(1)}`,
    })),
  },
  {
    name: 'history-search',
    title: `CEL search over the last ${runsWorkedOn} of them`,
    unit: 'ms',
    target: { value: 500, better: 'lower' },
    measure: millionRow(slowestSearch),
  },
  {
    name: 'history-disk',
    title: 'disk per run with two calls and two steps',
    unit: 'bytes',
    measure: millionRow(({ bytesPerRun, factsPerSecond }) => ({
      rounds: [bytesPerRun],
      note: `written at ${factsPerSecond} facts/s`,
    })),
  },
  {
    name: 'history-prune',
    title: `longest wait of a record while ${runsWorkedOn} runs are deleted`,
    unit: 'ms',
    target: { value: 50, better: 'lower' },
    measure: millionRow(({ recordMs, pruneMs }) => ({
      rounds: [worst(recordMs)],
      note:
        `p99 ${percentile(recordMs, 0.99).toFixed(1)}; longest batch ${worst(pruneMs).toFixed(1)}, ` +
        `all ${(pruneMs.reduce((sum, ms) => sum + ms, 0) / 1_000).toFixed(1)} s`,
    })),
  },
];

const target = { value: 20, better: 'lower' } as const;

export const historyRows: readonly Row[] = [
  ...millionRows,
  {
    name: 'history-cost',
    title: 'throughput that history costs, 10 steps a run',
    unit: '%',
    target,
    measure: (rounds, progress) => cost('off', rounds, progress),
  },
  {
    name: 'history-cost-cp',
    title: 'throughput that history costs, checkpointing',
    unit: '%',
    target,
    measure: (rounds, progress) => cost('on', rounds, progress),
  },
];
