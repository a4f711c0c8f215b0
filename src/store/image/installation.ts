/**
 * Complete databases on their way into a data directory. From the moment the folder has its final name, everything
 * that is left to do is written down in it, so that whoever comes next can end what was interrupted anywhere.
 */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { syncDirectory, syncFile } from '../file_sync.ts';
import { type DatabaseName, databaseNames, filesIn, filesOf } from './database_files.ts';
import { ownershipIn } from './ownership.ts';

const folderName = '.installing';
const planName = 'plan.json';

/** Only names that this program makes: the folder may belong to a user with fewer rights than ours. */
const planSchema = z.object({
  /** Which are in the folder, or were. */
  databases: z.array(z.enum(databaseNames)),
  /** The folder for what is in the way, or null when nothing is. */
  replaced: z
    .string()
    .regex(/^replaced-[\w-]+$/)
    .nullable(),
  /** What is in the way. */
  aside: z.array(z.enum(databaseNames.flatMap(filesOf))),
});

export type InstallationPlan = z.infer<typeof planSchema>;

/** Called before each change to a directory; tests end the process there. */
export type StepHook = () => void;

export function hasInstallation(dataDir: string): boolean {
  return existsSync(join(dataDir, folderName));
}

/** Makes a folder of complete databases an installation: from here on there is only the way ahead. */
export function beginInstallation(
  dataDir: string,
  folder: string,
  plan: InstallationPlan,
  step: StepHook,
): void {
  const path = join(folder, planName);
  writeFileSync(path, JSON.stringify(plan), { flag: 'wx', mode: 0o600 });
  syncFile(path);
  ownershipIn(dataDir).give(path);
  syncDirectory(folder);
  step();
  renameSync(folder, join(dataDir, folderName));
  syncDirectory(dataDir);
}

/**
 * Does what is left of an installation, if there is one. Only for whoever holds the directory's lock. Throws when a
 * file has come in the way meanwhile.
 */
export function finishInstallation(dataDir: string, step: StepHook = () => {}): void {
  const folder = join(dataDir, folderName);
  if (!existsSync(folder)) return;
  const plan = readPlan(folder);
  if (plan !== null) {
    moveAside(dataDir, folder, plan, step);
    moveIn(dataDir, folder, plan, step);
    step();
    unlinkSync(join(folder, planName));
    syncDirectory(folder);
  }
  step();
  rmSync(folder, { recursive: true, force: true });
  syncDirectory(dataDir);
}

/** Null when everything was done but removing the folder. */
function readPlan(folder: string): InstallationPlan | null {
  const path = join(folder, planName);
  if (!existsSync(path)) {
    if (filesIn(folder, databaseNames).length === 0) return null;
    throw new Error(`${folder} holds databases without a plan: move it away, it is not from us`);
  }
  try {
    return planSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    const advice = 'move that folder away and restore the directory again';
    throw new Error(`${path} is damaged: ${advice}`, { cause });
  }
}

function moveAside(
  dataDir: string,
  folder: string,
  { databases, replaced, aside }: InstallationPlan,
  step: StepHook,
): void {
  if (replaced === null) return;
  const to = join(dataDir, replaced);
  step();
  mkdirSync(to, { recursive: true, mode: 0o750 });
  ownershipIn(dataDir).give(to);
  const isInstalled = (name: DatabaseName): boolean =>
    databases.includes(name) && !existsSync(join(folder, name));
  // The store goes first: what is left is never a store without its history.
  for (const name of [...databaseNames].reverse()) {
    // What is there under its name now is the new one.
    if (isInstalled(name)) continue;
    for (const file of filesOf(name).filter((file) => aside.includes(file))) {
      if (!isThere(join(dataDir, file)) || isThere(join(to, file))) continue;
      step();
      renameSync(join(dataDir, file), join(to, file));
    }
  }
  syncDirectory(to);
  syncDirectory(dataDir);
}

function moveIn(
  dataDir: string,
  folder: string,
  { databases }: InstallationPlan,
  step: StepHook,
): void {
  for (const name of databaseNames.filter((name) => databases.includes(name))) {
    if (!existsSync(join(folder, name))) continue;
    step();
    refuseForeign(dataDir, name);
    renameSync(join(folder, name), join(dataDir, name));
    // Whoever finds the plan gone must find this done.
    syncDirectory(dataDir);
  }
}

/** Also true of a link that leads nowhere. */
function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** SQLite would apply a log to the new database that belongs to another, without a word. */
function refuseForeign(dataDir: string, name: DatabaseName): void {
  const found = filesIn(dataDir, [name]);
  if (found.length === 0) return;
  throw new Error(
    `${found.join(' and ')} came into ${dataDir} while ${name} was being put there: move that away and run the command again`,
  );
}
