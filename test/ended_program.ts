/** A program that runs until it ends by itself, with nothing of the developer's own environment. */

export type Environment = Readonly<Record<string, string>>;

export interface ProgramOptions {
  readonly cwd: string;
  /** All that there is of it. */
  readonly env?: Environment;
  /** Nothing comes in when left out. */
  readonly stdin?: string | Uint8Array<ArrayBuffer>;
}

export interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export async function endedProgram(
  command: readonly string[],
  { cwd, env = {}, stdin }: ProgramOptions,
): Promise<Ended> {
  const child = Bun.spawn([...command], {
    cwd,
    env: { ...env },
    stdin: stdin === undefined ? 'ignore' : new Blob([stdin]),
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
