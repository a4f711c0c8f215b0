/** The program as somebody runs it by hand: in a folder, with an environment and input of its own. */
import { eventually } from '../eventually.ts';

export interface ProgramOptions {
  readonly cwd: string;
  /** All that there is of it. */
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
}

export interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

const readyDeadlineMs = 20_000;

/** Runs it until it ends by itself. */
export async function runProgram(
  command: readonly string[],
  { cwd, env = {}, stdin = '' }: ProgramOptions,
): Promise<Ended> {
  const child = Bun.spawn([...command], {
    cwd,
    env: { ...env },
    stdin: new Blob([stdin]),
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [stdout, stderr, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { exitCode, stdout, stderr };
}

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
