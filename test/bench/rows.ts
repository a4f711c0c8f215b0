/** The rows of the benchmark: what is done, what is counted, and what we want to reach. */
import { eventually } from '../eventually.ts';
import { ServerProcess } from '../server_process.ts';
import { Bed, type BenchFunction, type Round } from './bed.ts';
import { percentile, processorSeconds, residentMiB } from './figures.ts';
import { preciseNow } from './tally.ts';

export interface Outcome {
  /** One figure a round. */
  readonly rounds: readonly number[];
  /** Executions that were not exactly one. */
  readonly miscounted: readonly string[];
  readonly note?: string;
}

export interface Row {
  readonly name: string;
  readonly title: string;
  readonly unit: string;
  /** What to reach, and on which side of it is good; none for context rows. */
  readonly target?: { readonly value: number; readonly better: 'lower' | 'higher' };
  readonly measure: (rounds: number, progress: (text: string) => void) => Promise<Outcome>;
}

type Progress = (text: string) => void;

async function onBed(
  checkpointing: 'on' | 'off',
  use: (bed: Bed) => Promise<Outcome>,
): Promise<Outcome> {
  const bed = await Bed.make(checkpointing);
  try {
    return await use(bed);
  } finally {
    await bed.dispose();
  }
}

/** Runs one at a time: the p50 of each round. */
function latency(
  name: BenchFunction,
  checkpointing: 'on' | 'off',
  { runs, until = 'endAt' }: { runs: number; until?: 'firstAt' | 'endAt' },
): Row['measure'] {
  return (rounds, progress) =>
    onBed(checkpointing, async (bed) => {
      await bed.playInTurn(name, Math.ceil(runs / 4), until);
      const figures: number[] = [];
      const worst: number[] = [];
      const miscounted: string[] = [];
      for (let round = 1; round <= rounds; round++) {
        const turn = await bed.playInTurn(name, runs, until);
        figures.push(percentile(turn.latenciesMs, 0.5));
        worst.push(percentile(turn.latenciesMs, 0.99));
        miscounted.push(...turn.miscounted);
        progress(`round ${round}: p50 ${figures.at(-1)?.toFixed(2)} ms`);
      }
      return { rounds: figures, miscounted, note: `p99 ${percentile(worst, 0.5).toFixed(1)} ms` };
    });
}

interface RateShape {
  readonly runs: number;
  readonly perRun?: number;
  readonly note?: (round: Round) => string;
}

/** Many runs at once: things a second, from the sending of the first event to the last return. */
function rate(name: BenchFunction, checkpointing: 'on' | 'off', shape: RateShape): Row['measure'] {
  return (rounds, progress) =>
    onBed(checkpointing, (bed) => rateOn(bed, name, shape, rounds, progress));
}

/** As `rate`, on servers that are there already. */
export async function rateOn(
  bed: Bed,
  name: BenchFunction,
  { runs, perRun = 1, note }: RateShape,
  rounds: number,
  progress: Progress,
): Promise<Outcome> {
  await bed.play(name, Math.ceil(runs / 10));
  const figures: number[] = [];
  const miscounted: string[] = [];
  const notes: string[] = [];
  for (let round = 1; round <= rounds; round++) {
    const played = await bed.play(name, runs);
    const seconds = (Math.max(...played.endAt) - played.sentAt) / 1_000;
    figures.push((runs * perRun) / seconds);
    miscounted.push(...played.miscounted);
    if (note) notes.push(note(played));
    progress(`round ${round}: ${figures.at(-1)?.toFixed(0)}/s ${notes.at(-1) ?? ''}`);
  }
  return { rounds: figures, miscounted, note: notes[Math.floor(notes.length / 2)] };
}

/** Throughput of the last quarter of the completions relative to the first. */
function flatness({ endAt, sentAt }: Round): string {
  const times = [...endAt].sort((a, b) => a - b);
  const quarter = Math.floor(times.length / 4);
  const rateOf = (from: number, to: number) =>
    (quarter * 1_000) / ((times[to] ?? 0) - (from < 0 ? sentAt : (times[from] ?? 0)));
  const first = rateOf(-1, quarter - 1);
  const last = rateOf(times.length - quarter - 1, times.length - 1);
  return `first quarter ${first.toFixed(0)}/s, last ${last.toFixed(0)}/s`;
}

/** Of a sample of the accepted events, those that cannot be read back. */
async function notStored(bed: Bed, ids: readonly string[]): Promise<string[]> {
  const sample = ids.filter((_, index) => index % Math.ceil(ids.length / 20) === 0);
  const missing: string[] = [];
  for (const id of sample) {
    await eventually(
      async () => (await fetch(`${bed.server.url}/v1/events/${id}`)).status === 200,
      {
        deadlineMs: 20_000,
      },
    ).catch(() => missing.push(`event ${id} was accepted and cannot be read`));
  }
  return missing;
}

async function acceptance(rounds: number, progress: Progress): Promise<Outcome> {
  const [events, perRequest, connections] = [30_000, 500, 4];
  return onBed('off', async (bed) => {
    const burst = async (count: number, round: number) => {
      let next = 0;
      const ids = new Set<string>();
      const startedAt = preciseNow();
      const connection = async () => {
        while (next < count) {
          const from = next;
          next += perRequest;
          const sent = await bed.send(
            Array.from({ length: perRequest }, (_, index) => ({
              name: 'bench/accepted',
              data: { round, number: from + index, text: 'an order of the usual size' },
            })),
          );
          for (const id of sent) ids.add(id);
        }
      };
      await Promise.all(Array.from({ length: connections }, connection));
      return { seconds: (preciseNow() - startedAt) / 1_000, ids };
    };
    await burst(5_000, 0);
    const figures: number[] = [];
    const miscounted: string[] = [];
    for (let round = 1; round <= rounds; round++) {
      const { seconds, ids } = await burst(events, round);
      if (ids.size !== events) miscounted.push(`${events} events sent, ${ids.size} distinct ids`);
      miscounted.push(...(await notStored(bed, [...ids])));
      figures.push(events / seconds);
      progress(`round ${round}: ${figures.at(-1)?.toFixed(0)} events/s`);
    }
    return {
      rounds: figures,
      miscounted,
      note: `arrays of ${perRequest}, ${connections} connections`,
    };
  });
}

/** Time for what has just been done to be tidied up before memory or processor time is read. */
const settleMs = 3_000;

async function memory(_rounds: number, progress: Progress): Promise<Outcome> {
  return onBed('off', async (bed) => {
    const miscounted: string[] = [];
    const readings: number[] = [];
    const read = async (title: string) => {
      await Bun.sleep(settleMs);
      readings.push(residentMiB(bed.server.pid));
      progress(`${title}: ${readings.at(-1)?.toFixed(0)} MiB`);
    };
    await read('idle');
    for (const target of [12_000, 20_000]) {
      const before = readings.length === 1 ? 0 : 12_000;
      for (let runs = before; runs < target; runs += 2_000) {
        miscounted.push(...(await bed.play('one', 2_000)).miscounted);
      }
      await read(`after ${target} runs`);
    }
    const [idle = 0, middle = 0, last = 0] = readings;
    return {
      rounds: [last],
      miscounted,
      note: `idle ${idle.toFixed(0)}, after 12 000 ${middle.toFixed(0)}, after 20 000 ${last.toFixed(0)}`,
    };
  });
}

/** A runtime collects and compiles for some seconds after its last work: idle begins after that. */
const idleAfterMs = 15_000;

async function idleProcessor(rounds: number, progress: Progress): Promise<Outcome> {
  const spanMs = 20_000;
  return onBed('off', async (bed) => {
    const { miscounted } = await bed.play('one', 200);
    await Bun.sleep(idleAfterMs);
    const figures: number[] = [];
    for (let round = 1; round <= Math.min(rounds, 3); round++) {
      const [used, startedAt] = [processorSeconds(bed.server.pid), performance.now()];
      await Bun.sleep(spanMs);
      const seconds = (performance.now() - startedAt) / 1_000;
      figures.push(((processorSeconds(bed.server.pid) - used) / seconds) * 100);
      progress(`round ${round}: ${figures.at(-1)?.toFixed(2)} %`);
    }
    return {
      rounds: figures,
      miscounted,
      note: `${spanMs / 1_000} s a round, ${idleAfterMs / 1_000} s after the last run`,
    };
  });
}

async function startUp(rounds: number, progress: Progress): Promise<Outcome> {
  const figures: number[] = [];
  await (await ServerProcess.start()).dispose();
  for (let round = 1; round <= Math.max(rounds, 5); round++) {
    const server = await ServerProcess.start();
    await server.stop();
    const startedAt = performance.now();
    await server.restart();
    figures.push(performance.now() - startedAt);
    await server.dispose();
    progress(`round ${round}: ${figures.at(-1)?.toFixed(0)} ms`);
  }
  return { rounds: figures, miscounted: [], note: 'polled every 5 ms' };
}

export const rows: readonly Row[] = [
  {
    name: 'first-execution',
    title: 'event → first execution, p50',
    unit: 'ms',
    target: { value: 5, better: 'lower' },
    measure: latency('one', 'off', { runs: 100, until: 'firstAt' }),
  },
  {
    name: 'ten-steps-off',
    title: 'run of 10 steps, p50, checkpointing off',
    unit: 'ms',
    target: { value: 45, better: 'lower' },
    measure: latency('ten', 'off', { runs: 40 }),
  },
  {
    name: 'ten-steps-on',
    title: 'run of 10 steps, p50, checkpointing on',
    unit: 'ms',
    target: { value: 10, better: 'lower' },
    measure: latency('ten', 'on', { runs: 40 }),
  },
  {
    name: 'parallel',
    title: '100 parallel steps, p50',
    unit: 'ms',
    target: { value: 250, better: 'lower' },
    measure: latency('parallel', 'off', { runs: 12 }),
  },
  {
    name: 'one-step-rate',
    title: 'one-step runs',
    unit: 'runs/s',
    target: { value: 500, better: 'higher' },
    measure: rate('one', 'off', { runs: 1_500 }),
  },
  {
    name: 'noop-rate',
    title: 'no-op runs, 10 000 queued',
    unit: 'runs/s',
    target: { value: 800, better: 'higher' },
    measure: rate('noop', 'off', { runs: 10_000, note: flatness }),
  },
  {
    name: 'steps-rate-off',
    title: 'steps in 10-step runs, checkpointing off',
    unit: 'steps/s',
    target: { value: 1_000, better: 'higher' },
    measure: rate('ten', 'off', { runs: 300, perRun: 10 }),
  },
  {
    name: 'steps-rate-on',
    title: 'steps in 10-step runs, checkpointing on',
    unit: 'steps/s',
    target: { value: 2_000, better: 'higher' },
    measure: rate('ten', 'on', { runs: 500, perRun: 10 }),
  },
  {
    name: 'events',
    title: 'events accepted in arrays, durable',
    unit: 'events/s',
    target: { value: 15_000, better: 'higher' },
    measure: acceptance,
  },
  {
    name: 'memory',
    title: 'memory after 20 000 runs',
    unit: 'MiB',
    target: { value: 110, better: 'lower' },
    measure: memory,
  },
  {
    name: 'idle-cpu',
    title: 'idle, share of a core',
    unit: '%',
    target: { value: 0.3, better: 'lower' },
    measure: idleProcessor,
  },
  {
    name: 'start',
    title: 'start to healthy',
    unit: 'ms',
    target: { value: 100, better: 'lower' },
    measure: startUp,
  },
];
