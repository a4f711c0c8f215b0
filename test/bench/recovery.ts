/**
 * A start with many runs in flight: the compiled server, from the start of its process until `/ready` says yes. The runs
 * are made by recovery_probe.ts, once for all rows.
 */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { eventually } from '../eventually.ts';
import { ServerProcess } from '../server_process.ts';
import { median, residentMiB } from './figures.ts';
import type { Outcome, Row } from './rows.ts';

export const runsInFlight = 100_000;

interface RecoveryFigures {
  readonly readyMs: readonly number[];
  /** Of the same server with nothing to recover. */
  readonly readyEmptyMs: number;
  readonly diskBytesPerRun: number;
  readonly memoryBytesPerRun: number;
  readonly miscounted: readonly string[];
  /** What the engine alone takes, as its probe says it. */
  readonly engineNote: string;
}

const probe = join(import.meta.dir, 'recovery_probe.ts');
const probeSchema = z.object({
  openMs: z.number(),
  rebuildMs: z.number(),
  items: z.number(),
  keys: z.number(),
});
/** For what a start leaves behind to be given back before memory is read. */
const settleMs = 3_000;

let measured: Promise<RecoveryFigures> | undefined;

/** A row about the one measurement that all of them share. */
export function recoveryRow(pick: (figures: RecoveryFigures) => Outcome): Row['measure'] {
  return async (rounds, progress) => {
    measured ??= measureRecovery(runsInFlight, rounds, progress);
    return pick(await measured);
  };
}

export async function measureRecovery(
  runs: number,
  rounds: number,
  progress: (text: string) => void,
): Promise<RecoveryFigures> {
  const directory = await mkdtemp(join(tmpdir(), 'inngest-recovery-'));
  const dataDir = join(directory, 'data');
  try {
    await askProbe('fill', dataDir, String(runs));
    const { size } = await stat(join(dataDir, 'store.db'));
    const engine = probeSchema.parse(JSON.parse(await askProbe('recover', dataDir)));
    progress(`${runs} runs in flight are on disk`);
    const empty = await starts(join(directory, 'empty'), rounds);
    const full = await starts(dataDir, rounds);
    progress(`ready after ${full.readyMs.map((ms) => ms.toFixed(0)).join(', ')} ms`);
    // A run in flight has exactly one item: its sleep.
    const isExact = engine.items === runs;
    return {
      readyMs: full.readyMs,
      readyEmptyMs: median(empty.readyMs),
      diskBytesPerRun: size / runs,
      memoryBytesPerRun: ((full.memoryMiB - empty.memoryMiB) * 1024 * 1024) / runs,
      miscounted: isExact ? [] : [`${runs} runs were in flight, ${engine.items} recovered`],
      engineNote: `the engine alone ${engine.openMs.toFixed(0)} + ${engine.rebuildMs.toFixed(0)}`,
    };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Starts a server on a directory again and again; each but the last ends as in a crash. */
async function starts(
  dataDir: string,
  rounds: number,
): Promise<{ readyMs: number[]; memoryMiB: number }> {
  const readyMs: number[] = [];
  // Its first start makes what a directory has besides the store.
  const server = await ServerProcess.start({ dataDir, retryIntervalS: null });
  try {
    for (let round = 1; round <= rounds; round++) {
      await server.kill();
      const startedMs = performance.now();
      server.spawn();
      await eventually(() => isReady(server), {
        deadlineMs: 60_000,
        intervalMs: 5,
        what: 'a server that is ready',
      });
      readyMs.push(performance.now() - startedMs);
    }
    await Bun.sleep(settleMs);
    return { readyMs, memoryMiB: residentMiB(server.pid) };
  } finally {
    await server.dispose();
  }
}

async function isReady({ url }: ServerProcess): Promise<boolean> {
  const answer = await fetch(`${url}/ready`).catch(() => null);
  await answer?.arrayBuffer();
  return answer?.status === 200;
}

async function askProbe(...args: readonly string[]): Promise<string> {
  const child = Bun.spawn([process.execPath, probe, ...args], {
    stdin: 'ignore',
    stderr: 'inherit',
  });
  const end = () => child.kill('SIGKILL');
  process.once('exit', end);
  const [text, code] = await Promise.all([new Response(child.stdout).text(), child.exited]);
  process.off('exit', end);
  if (code !== 0) throw new Error(`recovery_probe.ts ${args.join(' ')} ended with ${code}`);
  return text;
}
