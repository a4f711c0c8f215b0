/** Folders of temporary histories, and what becomes of those whose process was killed. */
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { makeTemporaryFolder, removeFolder } from '../../src/history/sqlite/temporary_folder.ts';

const tmpdirBefore = process.env.TMPDIR;
let parent: string;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'inngest-test-'));
  process.env.TMPDIR = parent;
});

afterEach(() => {
  if (tmpdirBefore === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = tmpdirBefore;
  rmSync(parent, { recursive: true });
});

/** Another process with a temporary history; resolves when that is open. */
async function otherProcess() {
  const module = new URL('../../src/history/open_history.ts', import.meta.url).pathname;
  const script = `
    const { openHistory } = await import(${JSON.stringify(module)});
    await openHistory({ kind: 'sqlite', path: null });
    process.stdout.write('open');
    setInterval(() => undefined, 1_000);`;
  const child = Bun.spawn([process.execPath, '-e', script], {
    env: { ...process.env, TMPDIR: parent },
    stdout: 'pipe',
  });
  await child.stdout.getReader().read();
  return child;
}

test('the folder of a killed process is removed by the next one, that of a running one is not', async () => {
  const other = await otherProcess();
  const [left = ''] = readdirSync(parent);
  const first = makeTemporaryFolder();
  expect(readdirSync(parent).sort()).toEqual([left, basename(first)].sort());
  other.kill('SIGKILL');
  await other.exited;
  expect(readdirSync(join(parent, left))).toContain('history.db');
  const second = makeTemporaryFolder();
  expect(readdirSync(parent).sort()).toEqual([basename(first), basename(second)].sort());
  removeFolder(second);
  expect(readdirSync(parent)).toEqual([basename(first)]);
}, 20_000);

test('folders of other hosts and of other programs are left alone', () => {
  const others = ['inngest-history-elsewhere-999999999-abc', 'inngest-history-x', '999999999-abc'];
  for (const name of others) mkdirSync(join(parent, name));
  removeFolder(makeTemporaryFolder());
  expect(readdirSync(parent).sort()).toEqual(others.sort());
});
