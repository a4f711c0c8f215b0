/**
 * A folder for a database that goes when it is closed. A process that is killed cannot remove its own: the next one
 * does. (Files unlinked while they are open would vanish by themselves, but a writer that starts again could not
 * open them.)
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';

/** With the host: containers that share a folder do not see each other's processes. */
function folderPrefix(): string {
  return `inngest-history-${hostname().replace(/[^\w.-]/g, '_')}-`;
}

/** Makes a folder of this process, and removes those of processes of this host that are gone. */
export function makeTemporaryFolder(): string {
  sweep(tmpdir());
  return mkdtempSync(join(tmpdir(), `${folderPrefix()}${process.pid}-`));
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

function sweep(parent: string): void {
  const prefix = folderPrefix();
  for (const name of namesIn(parent)) {
    if (!name.startsWith(prefix)) continue;
    const pid = /^(\d+)-/.exec(name.slice(prefix.length))?.[1];
    if (pid === undefined || isRunning(Number(pid))) continue;
    try {
      removeFolder(join(parent, name));
    } catch {
      // Another user's, or another process removes it at this moment: it is in nobody's way.
    }
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    // Making a folder there fails with a better message.
    return [];
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Anything else than "no such process" means that there is one, another user's for example.
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}
