/** Rows about the two engines below the server: scripts, commits, recovery, and servers that share one Redis. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RedisServer } from '../redis_server.ts';
import { ServerProcess } from '../server_process.ts';
import { Bed } from './bed.ts';
import { commits } from './commits.ts';
import { recoveryRow, runsInFlight } from './recovery.ts';
import { type Outcome, type Row, rateOn } from './rows.ts';
import { measureScripts, type ScriptRate, type ScriptRates, scriptTable } from './script_rates.ts';

let rates: Promise<ScriptRates> | undefined;

/** The script that compares worst with Redis; one measurement serves all rows about scripts. */
function slowestScript(ratioOf: (script: ScriptRate) => number): Row['measure'] {
  return async (rounds, progress): Promise<Outcome> => {
    rates ??= measureScripts(rounds, progress).then((measured) => {
      for (const line of scriptTable(measured)) progress(line);
      return measured;
    });
    const { scripts } = await rates;
    const [worst] = [...scripts].sort((a, b) => ratioOf(a) - ratioOf(b));
    if (!worst) throw new Error('no script was timed');
    const slower = scripts.filter((script) => ratioOf(script) < 1).length;
    const note = `${worst.name}; of ${scripts.length}, ${slower} are slower than on Redis`;
    return { rounds: [ratioOf(worst)], miscounted: [], note };
  };
}

/** Runs with one step by servers that share a Redis without persistence; all events go to the first. */
function onSharedRedis(servers: number): Row['measure'] {
  return async (rounds, progress) => {
    const redis = await RedisServer.start();
    const dataDir = await mkdtemp(join(tmpdir(), 'inngest-bench-'));
    const shared = { args: ['--redis-uri', redis.url], dataDir, retryIntervalS: null };
    const others: ServerProcess[] = [];
    let bed: Bed | undefined;
    try {
      bed = await Bed.make('off', shared);
      while (others.length < servers - 1) others.push(await ServerProcess.start(shared));
      return await rateOn(bed, 'one', { runs: 1_500 }, rounds, progress);
    } finally {
      await bed?.dispose();
      for (const other of others) await other.dispose();
      await redis.dispose();
      await rm(dataDir, { recursive: true, force: true });
    }
  };
}

export const engineRows: readonly Row[] = [
  {
    name: 'scripts',
    title: 'slowest script, embedded : Redis, 64 in flight',
    unit: 'times',
    target: { value: 1, better: 'higher' },
    measure: slowestScript(({ ratio }) => ratio),
  },
  {
    name: 'scripts-one',
    title: 'slowest script, embedded : Redis, 1 at a time',
    unit: 'times',
    target: { value: 1, better: 'higher' },
    measure: slowestScript(({ ratioSingle }) => ratioSingle),
  },
  {
    name: 'commits-one',
    title: 'durable commits, 1 caller',
    unit: 'commits/s',
    measure: commits({ callers: 1, events: 1_000 }),
  },
  {
    name: 'commits-many',
    title: 'scripts made durable, 64 callers',
    unit: 'scripts/s',
    measure: commits({ callers: 64, events: 9_600 }),
  },
  {
    name: 'recovery',
    title: `start to ready, ${runsInFlight / 1_000} 000 runs in flight`,
    unit: 'ms',
    target: { value: 1_000, better: 'lower' },
    measure: recoveryRow(({ readyMs, readyEmptyMs, miscounted, engineNote }) => ({
      rounds: readyMs,
      miscounted,
      note: `nothing in flight ${readyEmptyMs.toFixed(0)}, ${engineNote}`,
    })),
  },
  {
    name: 'disk-per-run',
    title: 'disk per run in flight',
    unit: 'bytes',
    measure: recoveryRow(({ diskBytesPerRun, miscounted }) => ({
      rounds: [diskBytesPerRun],
      miscounted,
    })),
  },
  {
    name: 'memory-per-run',
    title: 'memory per run in flight, after a start',
    unit: 'bytes',
    measure: recoveryRow(({ memoryBytesPerRun, miscounted }) => ({
      rounds: [memoryBytesPerRun],
      miscounted,
    })),
  },
  {
    name: 'redis-one-server',
    title: 'one-step runs, 1 server on Redis (context)',
    unit: 'runs/s',
    measure: onSharedRedis(1),
  },
  {
    name: 'redis-two-servers',
    title: 'one-step runs, 2 servers on one Redis (context)',
    unit: 'runs/s',
    measure: onSharedRedis(2),
  },
];
