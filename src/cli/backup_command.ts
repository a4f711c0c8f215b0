/** `inngest backup FILE`. */
import { resolve } from 'node:path';
import { backUp } from '../store/image/backup.ts';
import type { Backup } from '../store/image/backup_file.ts';
import type { DatabaseName } from '../store/image/database_files.ts';
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
      `${redis.label} is set, and a Redis is backed up by its own means: keep its append-only file or a BGSAVE dump, or copy it into a directory with 'inngest migrate --to DIR' while the servers are stopped. To back up a directory leave ${redis.label} out; the history of servers on Redis is in their --data-dir: 'inngest backup FILE --data-dir DIR --history-only'`,
      'backup',
    );
  }
  const isForced = read.one('force', switchOn, false);
  const isHistoryOnly = read.one('history-only', switchOn, false);
  const postgres = read.find('postgres-uri');
  const isInPostgres = postgres.source === 'flag' || (postgres.source === 'env' && !isDirNamed);
  if (isInPostgres && isHistoryOnly) {
    throw new UsageError(
      `${postgres.label} is set, and a history in PostgreSQL is backed up by its own means: pg_dump. To back up the history of a directory leave ${postgres.label} out`,
      'backup',
    );
  }
  const file = resolve(words[0] ?? '');
  return {
    isJson: read.one('json', switchOn, false),
    async run({ clock, signal, progress }) {
      const backup = await backUp({
        dataDir,
        file,
        version,
        isForced,
        isHistoryOnly,
        clock,
        signal,
        onProgress: (phase, bytes, bytesMax) =>
          progress.report(
            () => `${phaseTexts[phase]}: ${bytesText(bytes)} of ${bytesText(bytesMax)}`,
          ),
      });
      const notes = isInPostgres ? postgresNote : noteText(backup, dataDir);
      return {
        json: { file, dataDir, ...backup },
        text: `Backed up ${dataDir} to ${file}, ${backup.keys} keys:\n${imagesText(backup)}${notes}`,
      };
    },
  };
}

const postgresNote =
  'The history in PostgreSQL is not in it: back that up with pg_dump, after this backup.\n';

function noteText({ images }: Backup, dataDir: string): string {
  const has = (wanted: DatabaseName): boolean => images.some(({ name }) => name === wanted);
  if (!has('store.db')) return 'This is the history only: queue and runs are not in it.\n';
  return has('history.db') ? '' : `There was no history.db in ${dataDir}.\n`;
}

/** One line per database. */
export function imagesText({ images }: Pick<Backup, 'images'>): string {
  const rows = images.map(({ name, bytes, sha256 }) => [name, bytesText(bytes), sha256]);
  return tableText(rows);
}
