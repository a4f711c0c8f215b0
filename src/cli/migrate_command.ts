/** `inngest migrate --from PLACE --to PLACE`. */
import { resolve } from 'node:path';
import { redactRedisUri } from '../store/redis/redis_uri.ts';
import { type FlagReader, flagReader, notEmpty, switchOn } from './flag_reader.ts';
import { installedText } from './installed_text.ts';
import { type Migrated, migrate, type Place } from './migration.ts';
import { tableText } from './output.ts';
import { isRedisUri, keyPrefixOf, redisAddress, redisPrefix } from './redis_address.ts';
import { defaultRedisPrefix } from './settings_reader.ts';
import { UsageError } from './usage_error.ts';
import type { GivenWork, Work } from './work_command.ts';

/** Throws `UsageError`. */
export function migrateCommand({ given }: Pick<GivenWork, 'given'>): Work {
  const read = flagReader('migrate', given, process.env);
  const from = readPlace(read, 'from');
  const to = readPlace(read, 'to');
  refuseUseless(from, to);
  const historyDir = read.one('data-dir', notEmpty, null);
  const isForced = read.one('force', switchOn, false);
  return {
    isJson: read.one('json', switchOn, false),
    async run({ clock, signal, progress }) {
      const moved = await migrate({
        from,
        to,
        historyDir: historyDir === null ? null : resolve(historyDir),
        isForced,
        clock,
        signal,
        onProgress: (phase, keys, keyCount) =>
          progress.report(
            () => `${phase}: ${keys}${keyCount === null ? '' : ` of ${keyCount}`} keys`,
          ),
      });
      return {
        json: { from: shown(from), to: shown(to), ...moved },
        text: outcomeText(from, to, moved),
      };
    },
  };
}

function readPlace(read: FlagReader, side: 'from' | 'to'): Place {
  const text = read.one(side, notEmpty, null);
  if (text === null) {
    throw new UsageError(`--${side} is required: a data directory or a Redis URI`, 'migrate');
  }
  if (!isRedisUri(text)) return { kind: 'directory', dataDir: resolve(text) };
  const uri = read.one(side, redisAddress, text);
  const shared = read.one('redis-prefix', redisPrefix, defaultRedisPrefix);
  return {
    kind: 'redis',
    uri,
    prefix: keyPrefixOf(read.one(`${side}-prefix`, redisPrefix, shared)),
  };
}

function refuseUseless(from: Place, to: Place): void {
  if (from.kind === 'directory' && to.kind === 'directory') {
    throw new UsageError(
      "both places are directories: copy one with 'inngest backup' and 'inngest restore'",
      'migrate',
    );
  }
  if (from.kind === 'directory' || to.kind === 'directory') return;
  if (from.uri !== to.uri || from.prefix !== to.prefix) return;
  throw new UsageError('--from and --to are the same place: choose another --to-prefix', 'migrate');
}

function shown(place: Place): string {
  return place.kind === 'directory'
    ? place.dataDir
    : `${redactRedisUri(place.uri)} ${place.prefix}`;
}

function outcomeText(from: Place, to: Place, moved: Migrated): string {
  const rows = moved.groups.map(({ group, keys, parts, checksum }) => [
    group,
    keys,
    parts,
    checksum,
  ]);
  return `Moved ${moved.keys} keys from ${shown(from)} to ${shown(to)}; read back, they are the same:
${tableText([['kind', 'keys', 'parts', 'checksum'], ...rows])}${installedText(moved)}${historyText(from, to, moved)}
${shown(from)} is as it was: do not start a server on both places.
`;
}

function historyText(from: Place, to: Place, { history }: Migrated): string {
  if (history !== null) return `History was copied from ${history}.`;
  if (from.kind === 'directory') {
    return `History stays in ${from.dataDir}: start servers with --data-dir ${from.dataDir} to go on with it.`;
  }
  return to.kind === 'directory'
    ? 'History was not copied: it is in the --data-dir of the servers on Redis.'
    : 'History stays where it is: in the --data-dir of the servers.';
}
