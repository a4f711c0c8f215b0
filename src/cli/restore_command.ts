/** `inngest restore FILE`. */
import { resolve } from 'node:path';
import { restoreBackup } from '../store/image/restore_backup.ts';
import { imagesText } from './backup_command.ts';
import { readDataDir } from './data_dir.ts';
import { flagReader, switchOn } from './flag_reader.ts';
import { installedText } from './installed_text.ts';
import { bytesText } from './output.ts';
import type { GivenWork, Work } from './work_command.ts';

/** Throws `UsageError`. */
export function restoreCommand({ given, words }: GivenWork): Work {
  const read = flagReader('restore', given, process.env);
  const dataDir = readDataDir(read);
  const isForced = read.one('force', switchOn, false);
  const file = resolve(words[0] ?? '');
  return {
    isJson: read.one('json', switchOn, false),
    async run({ clock, signal, progress }) {
      const restored = await restoreBackup({
        file,
        dataDir,
        isForced,
        clock,
        signal,
        onProgress: (_, bytes, bytesMax) =>
          progress.report(() => `restoring: ${bytesText(bytes)} of ${bytesText(bytesMax)}`),
      });
      const { takenAt, keys } = restored;
      return {
        json: { file, dataDir, ...restored },
        text: `Restored ${file} of ${takenAt} to ${dataDir}, ${keys} keys:
${imagesText(restored)}${installedText(restored)}`,
      };
    },
  };
}
