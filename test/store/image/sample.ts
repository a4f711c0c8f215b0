/** A data directory with everything a store can hold: each kind, large and small, awkward texts, expiry. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../src/lib/clock.ts';
import { enqueue } from '../../../src/queue/queue.ts';
import { type EmbeddedStore, openEmbeddedStore } from '../../../src/store/embedded/engine.ts';

/** More than one chunk and more than one page of a scan. */
const largeParts = 1_700;
/** Without those that are rebuilt. */
export const sampleKeys = 12;
export const partition = '0190c3e2-0000-7000-8000-000000000001';

const commandScript = `
  ARGV[2] = KEYS[1] .. ':' .. ARGV[2]
  return redis.call(unpack(ARGV))`;

export interface Sample {
  /** `dataDir` of a server. */
  readonly dataDir: string;
  /** A folder of the test's own beside it. */
  readonly folder: string;
  dispose(): void;
}

let template: Promise<string> | undefined;

/** The first one of a process is filled, the others are copies of it. */
export async function makeSample(): Promise<Sample> {
  template ??= makeTemplate();
  const folder = temporaryFolder();
  const dataDir = join(folder, 'data');
  cpSync(await template, dataDir, { recursive: true });
  return { dataDir, folder, dispose: () => rmSync(folder, { recursive: true, force: true }) };
}

async function makeTemplate(): Promise<string> {
  const folder = temporaryFolder();
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const store = await openSample(folder);
  await fill(store);
  await store.close();
  return folder;
}

function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'inngest-image-'));
}

export function openSample(dataDir: string): Promise<EmbeddedStore> {
  return openEmbeddedStore({
    dataDir,
    clock: systemClock,
    extraScripts: { test_command: commandScript },
  });
}

export async function fill(store: EmbeddedStore): Promise<void> {
  const run = (...args: (string | number)[]) => store.run('test_command', args);
  const many = Array.from({ length: largeParts }, (_, at) => at);
  await run('SET', 'pause-sequence', '17');
  await run(
    'SET',
    'run:r1:events',
    JSON.stringify({ text: 'ä 漢 🙂 \u0000 \n', long: 'x'.repeat(2e6) }),
  );
  await run('SET', 'once:tomorrow', 'r1', 'PX', 86_400_000);
  await run('HSET', 'run:r1', 'm', '{}', 'empty', '', '', 'a field without a name');
  for (const at of many) await run('HSET', 'run:r1:steps', `step ${at} é`, 'o'.repeat(at % 97));
  for (const at of many) await run('RPUSH', 'outbox', `fact ${at}`);
  for (const at of many) await run('SADD', 'run:r1:pauses', `pause ${at}`);
  for (const at of many) await run('ZADD', 'pauses:event', at / 3, `pause ${at}`);
  await run('ZADD', 'pauses:odd', 'inf', 'last', '-inf', 'first', '0.1', 'tenth', '1e21', 'far');
  await run('RPUSH', 'list:small', 'b', 'a', 'b', '');
  await enqueue(store, [item('i1', 5), item('i2', 6)]);
}

function item(id: string, atMs: number) {
  return {
    id,
    partition,
    kind: 'edge' as const,
    runId: 'r1',
    atMs,
    scoreMs: atMs,
    attemptsMax: 3,
    data: '{}',
  };
}
