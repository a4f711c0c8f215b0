/** The program as a process, run from the sources in a folder of its own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Ended, type Environment, endedProgram } from '../ended_program.ts';

const main = resolve(import.meta.dir, '../../src/main.ts');

const plain = { PATH: process.env.PATH ?? '', NO_COLOR: '1' };

/** Nothing of the developer's own INNGEST_ variables reaches the program. */
export function startProgram(args: readonly string[], env: Environment, cwd: string) {
  return Bun.spawn([process.execPath, main, ...args], {
    cwd,
    env: { ...plain, ...env },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
}

/** Runs the program until it ends by itself. */
export async function runProgram(args: readonly string[], env: Environment = {}): Promise<Ended> {
  const folder = temporaryFolder();
  try {
    const command = [process.execPath, main, ...args];
    return await endedProgram(command, { cwd: folder, env: { ...plain, ...env } });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'inngest-cli-'));
}
