import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { systemClock } from '../../../src/lib/clock.ts';
import { openEmbeddedStore } from '../../../src/store/embedded/engine.ts';
import { crashScripts } from './crash_child.ts';
import { temporaryDirectory } from './probe.ts';

const child = join(import.meta.dir, 'crash_child.ts');
const rounds = 4;

/** Runs the child until it has acknowledged some writes, kills it and returns the last number it printed. */
async function writeAndKill(dataDir: string): Promise<number> {
  const process_ = Bun.spawn([process.execPath, child, dataDir], {
    stdout: 'pipe',
    stderr: 'inherit',
  });
  const acknowledgements = 20 + Math.floor(Math.random() * 200);
  let text = '';
  let seen = 0;
  const decoder = new TextDecoder();
  for await (const chunk of process_.stdout) {
    text += decoder.decode(chunk);
    seen += chunk.filter((byte) => byte === 10).length;
    if (seen >= acknowledgements) process_.kill('SIGKILL');
  }
  await process_.exited;
  // The last line may be cut off; only whole lines were acknowledged.
  return Number(text.slice(0, text.lastIndexOf('\n')).split('\n').at(-1));
}

test('a process killed at any moment loses nothing that it acknowledged and leaves no half script', async () => {
  const dataDir = temporaryDirectory();
  let acknowledged = 0;
  for (let round = 0; round < rounds; round += 1) {
    const last = await writeAndKill(dataDir);
    expect(last).toBeGreaterThan(acknowledged);
    acknowledged = last;
    const store = await openEmbeddedStore({
      dataDir,
      clock: systemClock,
      extraScripts: crashScripts,
    });
    const reply = store.runSync('check', []);
    const count = Array.isArray(reply) ? Number(reply[0]) : 0;
    expect(count).toBeGreaterThanOrEqual(acknowledged);
    expect(reply).toEqual([count, count, count, count, `step${count}`]);
    await store.close();
  }
}, 60_000);

test('a second process is refused while the first runs, and welcome once it is killed', async () => {
  const dataDir = temporaryDirectory();
  const first = Bun.spawn([process.execPath, child, dataDir], {
    stdout: 'pipe',
    stderr: 'inherit',
  });
  const reader = first.stdout.getReader();
  await reader.read();
  const open = () => openEmbeddedStore({ dataDir, clock: systemClock, extraScripts: crashScripts });
  await expect(open()).rejects.toThrow(
    `another inngest process is using the data directory ${dataDir}`,
  );
  first.kill('SIGKILL');
  await first.exited;
  const store = await open();
  expect(store.wasRestored).toBe(true);
  await expect(open()).rejects.toThrow('another inngest process');
  await store.close();
  await (await open()).close();
}, 30_000);
