/** A promise that nobody waits for fails in a process of its own. */
import { expect, test } from 'bun:test';

const module = new URL('../../src/cli/unhandled.ts', import.meta.url).pathname;

async function play(reports: boolean): Promise<{ code: number; out: string }> {
  const program = `
    const { reportUnhandled } = await import(${JSON.stringify(module)});
    const log = { error: (message, { error }) => console.log(message, error.message) };
    if (${reports}) reportUnhandled(log);
    Promise.reject(new Error('nobody waits'));
    setImmediate(() => setImmediate(() => console.log('still here')));`;
  const child = Bun.spawn([process.execPath, '-e', program], { stdout: 'pipe', stderr: 'ignore' });
  const [out, code] = await Promise.all([new Response(child.stdout).text(), child.exited]);
  return { code, out };
}

test('a failure that nobody waits for is logged, and the process goes on', async () => {
  const { code, out } = await play(true);
  expect(out).toContain('please report this nobody waits');
  expect(out).toContain('still here');
  expect(code).toBe(0);
});

test('without the report it would have ended the process', async () => {
  const { code } = await play(false);
  expect(code).not.toBe(0);
});
