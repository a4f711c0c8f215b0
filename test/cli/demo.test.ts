import { expect, test } from 'bun:test';
import { resolve } from 'node:path';

const repository = resolve(import.meta.dir, '../..');

test('the demo shows every step of its order, the retry included, and ends with 0', async () => {
  const demo = Bun.spawn(['node', 'scripts/demo.mjs', '--once'], {
    cwd: repository,
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [stdout, stderr, exitCode] = await Promise.all([
    new Response(demo.stdout).text(),
    new Response(demo.stderr).text(),
    demo.exited,
  ]);
  expect({ exitCode, stderr, stdout }).toMatchObject({ exitCode: 0 });
  const steps = [...stdout.matchAll(/(reserve-stock|charge-card|call-courier|send-parcel) /g)];
  expect(steps.map((match) => match[1])).toEqual([
    'reserve-stock',
    'charge-card',
    'charge-card',
    'call-courier',
    'send-parcel',
  ]);
  expect(stdout).toContain('run completed');
}, 90_000);
