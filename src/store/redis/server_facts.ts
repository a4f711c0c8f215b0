/** What a Redis server tells about itself. Managed services forbid some of the questions; null is "not told". */
import type { Reply } from '../store.ts';
import type { RedisConnection } from './redis_connection.ts';

export interface ServerFacts {
  readonly flavour: 'redis' | 'valkey';
  /** Of that flavour. */
  readonly version: string | null;
  readonly maxmemoryPolicy: string | null;
  /** Whether every write goes to the append-only file. */
  readonly hasAppendOnlyFile: boolean | null;
  /** `always`, `everysec` or `no`. */
  readonly appendFsync: string | null;
  readonly hasSnapshots: boolean | null;
}

const settings = ['maxmemory-policy', 'appendonly', 'appendfsync', 'save'];

export async function readServerFacts(connection: RedisConnection): Promise<ServerFacts> {
  const [info, config] = await Promise.all([
    ask(connection, ['INFO']),
    ask(connection, ['CONFIG', 'GET', ...settings]),
  ]);
  const told = fieldsOf(info);
  const set = pairsOf(config);
  const valkeyVersion = told.get('valkey_version');
  const appendOnly = set.get('appendonly') ?? flagText(told.get('aof_enabled'));
  const save = set.get('save');
  return {
    flavour: valkeyVersion === undefined ? 'redis' : 'valkey',
    version: valkeyVersion ?? told.get('redis_version') ?? null,
    maxmemoryPolicy: set.get('maxmemory-policy') ?? told.get('maxmemory_policy') ?? null,
    hasAppendOnlyFile: appendOnly === undefined ? null : appendOnly === 'yes',
    appendFsync: set.get('appendfsync') ?? null,
    hasSnapshots: save === undefined ? null : save.trim() !== '',
  };
}

/** Null when the server does not answer this question. */
async function ask(connection: RedisConnection, command: readonly string[]): Promise<Reply> {
  try {
    return await connection.sendCommand(command);
  } catch (error) {
    if (connection.brokenBy) throw error;
    return null;
  }
}

function fieldsOf(info: Reply): Map<string, string> {
  const lines = typeof info === 'string' ? info.split(/\r?\n/) : [];
  return new Map(
    lines.flatMap((line) => {
      const colon = line.indexOf(':');
      return colon > 0 ? [[line.slice(0, colon), line.slice(colon + 1)] as const] : [];
    }),
  );
}

function pairsOf(config: Reply): Map<string, string> {
  const flat = Array.isArray(config) ? config.map(String) : [];
  const pairs = new Map<string, string>();
  for (let at = 0; at + 1 < flat.length; at += 2) pairs.set(flat[at] ?? '', flat[at + 1] ?? '');
  return pairs;
}

function flagText(flag: string | undefined): string | undefined {
  return flag === undefined ? undefined : flag === '1' ? 'yes' : 'no';
}
