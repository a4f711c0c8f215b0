/** The server as somebody runs it by hand: in a folder, with an environment of its own. */
import type { ProgramOptions } from '../ended_program.ts';
import { eventually } from '../eventually.ts';

const readyDeadlineMs = 20_000;

/** Runs it until it is disposed of; resolves when a server answers at the URL. */
export async function runServer(
  command: readonly string[],
  { cwd, env = {} }: ProgramOptions,
  url: string,
): Promise<AsyncDisposable> {
  const child = Bun.spawn([...command], {
    cwd,
    env: { ...env },
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'pipe',
  });
  const end = () => child.kill('SIGKILL');
  process.once('exit', end);
  const said = new Response(child.stderr).text();
  const dispose = async (): Promise<void> => {
    end();
    await child.exited;
    process.off('exit', end);
  };
  try {
    await eventually(
      async () => child.exitCode !== null || (await fetch(`${url}/health`)).status === 200,
      { deadlineMs: readyDeadlineMs, what: `a server at ${url}` },
    );
    if (child.exitCode !== null) throw new Error(`the server ended: ${await said}`);
  } catch (error) {
    await dispose();
    throw error;
  }
  return { [Symbol.asyncDispose]: dispose };
}
