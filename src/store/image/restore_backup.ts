/** `inngest restore`: a backup becomes a data directory, whole or not at all. */
import { join } from 'node:path';
import { byteProgress, checkImages, type WorkOptions } from './backup.ts';
import { type Backup, openBackup } from './backup_file.ts';
import { databaseNames } from './database_files.ts';
import type { StepHook } from './installation.ts';
import { type Installed, openStaging } from './staging.ts';

export type RestorePhase = 'restoring';

export interface RestoreOptions extends WorkOptions<RestorePhase> {
  readonly file: string;
  readonly dataDir: string;
  /** Whether databases that are there already may be moved aside. */
  readonly isForced: boolean;
  readonly step?: StepHook;
}

export interface Restored extends Backup, Installed {}

/** Throws when the file is damaged, the directory holds a database or a server uses it; nothing is changed then. */
export async function restoreBackup(options: RestoreOptions): Promise<Restored> {
  const { file, dataDir, isForced, clock, step } = options;
  const backup = openBackup(file);
  try {
    const nowMs = clock.now();
    const wishes = { refused: databaseNames, isForced, nowMs, ...(step && { step }) };
    const staging = openStaging(dataDir, wishes);
    try {
      const bytesMax = backup.images.reduce((sum, { bytes }) => sum + bytes, 0);
      const progress = byteProgress(options, 'restoring', bytesMax);
      for (const image of backup.images) {
        await backup.extract(image, join(staging.folder, image.name), progress);
      }
      const images = backup.images.map(({ name }) => ({
        name,
        path: join(staging.folder, name),
        shownAs: `${name} in ${file}`,
      }));
      checkImages(images, clock);
      const { takenAt, version, keys } = backup;
      return { takenAt, version, keys, images: backup.images, ...staging.install() };
    } finally {
      staging.close();
    }
  } finally {
    backup.close();
  }
}
