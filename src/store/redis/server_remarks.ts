/** What the settings of a Redis server mean for the work it keeps, in words for whoever runs it. */
import type { ServerFacts } from './server_facts.ts';

export interface Remark {
  readonly level: 'info' | 'warn';
  readonly text: string;
}

const majorMin = { redis: 7, valkey: 8 } as const;
const names = { redis: 'Redis', valkey: 'Valkey' } as const;

/** Why the scripts cannot run on this server, or null. */
export function unsupportedReason({ flavour, version }: ServerFacts): string | null {
  if (version === null) return null;
  const major = Number(version.split('.')[0]);
  if (!Number.isFinite(major) || major >= majorMin[flavour]) return null;
  return (
    `it is ${names[flavour]} ${version}, and ${names[flavour]} ${majorMin[flavour]} is the oldest that works; ` +
    'upgrade it, or use Redis 7 or later or Valkey 8 or later'
  );
}

export function remarksOn(facts: ServerFacts): Remark[] {
  return [
    ...versionRemarks(facts),
    ...evictionRemarks(facts),
    ...persistenceRemarks(facts),
    ...silenceRemarks(facts),
  ];
}

function versionRemarks({ version }: ServerFacts): Remark[] {
  if (version !== null) return [];
  return [warn('Redis does not tell its version; it has to be Redis 7 or Valkey 8 or later')];
}

function evictionRemarks({ maxmemoryPolicy: policy }: ServerFacts): Remark[] {
  if (policy === null || policy === 'noeviction') return [];
  return [
    warn(
      `Redis may throw keys away when its memory is full (maxmemory-policy ${policy}), and work would be lost ` +
        'without a trace; set maxmemory-policy noeviction',
    ),
  ];
}

function persistenceRemarks(facts: ServerFacts): Remark[] {
  const { hasAppendOnlyFile, appendFsync, hasSnapshots } = facts;
  if (hasAppendOnlyFile === null) return [];
  if (hasAppendOnlyFile) return fsyncRemarks(appendFsync);
  if (hasSnapshots === null) {
    return [
      warn(
        'Redis writes no append-only file: what it has not saved in a snapshot is lost when it ends; ' +
          'set appendonly yes',
      ),
    ];
  }
  if (!hasSnapshots) {
    return [
      warn(
        'Redis keeps nothing on disk (no append-only file, no snapshots): all runs are lost when it ends; ' +
          'set appendonly yes and appendfsync always or everysec',
      ),
    ];
  }
  return [
    warn(
      'Redis saves snapshots only: everything since the last one is lost when it ends unexpectedly; ' +
        'set appendonly yes and appendfsync always or everysec',
    ),
  ];
}

function fsyncRemarks(appendFsync: string | null): Remark[] {
  if (appendFsync === 'everysec') {
    return [
      {
        level: 'info',
        text: 'Redis flushes its append-only file every second: a power cut may lose the last second; appendfsync always loses nothing',
      },
    ];
  }
  if (appendFsync !== 'no') return [];
  return [
    warn(
      'Redis leaves it to the operating system when its append-only file reaches the disk (appendfsync no): ' +
        'a power cut may lose half a minute; set appendfsync always or everysec',
    ),
  ];
}

function silenceRemarks(facts: ServerFacts): Remark[] {
  const unknown = [
    ...(facts.maxmemoryPolicy === null ? ['maxmemory-policy (noeviction)'] : []),
    ...(facts.hasAppendOnlyFile === null ? ['appendonly (yes)'] : []),
    ...(facts.hasAppendOnlyFile === true && facts.appendFsync === null
      ? ['appendfsync (always or everysec)']
      : []),
  ];
  if (unknown.length === 0) return [];
  return [
    {
      level: 'info',
      text: `Redis does not let us read ${unknown.join(', ')}; see to it that these are set as in brackets`,
    },
  ];
}

function warn(text: string): Remark {
  return { level: 'warn', text };
}
