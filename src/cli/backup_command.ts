/** `inngest backup FILE`. */
import { resolve } from 'node:path';
import { backUp } from '../store/image/backup.ts';
import type { Backup } from '../store/image/backup_file.ts';
import { readDataDir } from './data_dir.ts';
import { flagReader, switchOn } from './flag_reader.ts';
import { bytesText, tableText } from './output.ts';
import { UsageError } from './usage_error.ts';
import { version } from './version.ts';
import type { GivenWork, Work } from './work_command.ts';

const phaseTexts = { copying: 'copying', packing: 'writing', verifying: 'checking' } as const;

/** Throws `UsageError`. */
export function backupCommand({ given, words }: GivenWork): Work {
  const read = flagReader('backup', given, process.env);
  const dataDir = readDataDir(read);
  const redis = read.find('redis-uri');
  const isDirNamed = read.find('data-dir').source === 'flag';
  if (redis.source === 'flag' || (redis.source === 'env' && !isDirNamed)) {
    throw new UsageError(
      `${redis.label} is set, and a Redis is backed up by its own means: keep its append-only file or a BGSAVE dump, or copy it into a directory with 'inngest migrate --to DIR' while the servers are stopped. To back up a directory leave ${redis.label} out`,
      'backup',
    );
  }
  const isForced = read.one('force', switchOn, false);
  const file = resolve(words[0] ?? '');
  return {
    isJson: read.one('json', switchOn, false),
    async run({ clock, signal, progress }) {
      const backup = await backUp({
        dataDir,
        file,
        version,
        isForced,
        clock,
        signal,
        onProgress: (phase, bytes, bytesMax) =>
          progress.report(
            () => `${phaseTexts[phase]}: ${bytesText(bytes)} of ${bytesText(bytesMax)}`,
          ),
      });
      return { json: { file, dataDir, ...backup }, text: outcomeText(backup, dataDir, file) };
    },
  };
}

function outcomeText(backup: Backup, dataDir: string, file: string): string {
  const hasHistory = backup.images.some(({ name }) => name === 'history.db');
  const note = hasHistory ? '' : `There was no history.db in ${dataDir}.\n`;
  return `Backed up ${dataDir} to ${file}, ${backup.keys} keys:
${imagesText(backup)}${note}`;
}

/** One line per database. */
export function imagesText({ images }: Pick<Backup, 'images'>): string {
  const rows = images.map(({ name, bytes, sha256 }) => [name, bytesText(bytes), sha256]);
  return tableText(rows);
}
