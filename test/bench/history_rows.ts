/** What history costs: the same work on a server that records it and on one that does not, turn about. */
import { Bed } from './bed.ts';
import { median } from './figures.ts';
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

const target = { value: 20, better: 'lower' } as const;

export const historyRows: readonly Row[] = [
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
