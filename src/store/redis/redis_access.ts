/**
 * Connections to the server that holds the keys of a prefix, whatever kind of URI leads there. The store uses it, and
 * so does whoever reads or writes keys without scripts while no server runs.
 */
import { type Clock, systemClock } from '../../lib/clock.ts';
import type { Reply } from '../store.ts';
import { MasterLocator } from './master_locator.ts';
import { connectionTo, type RedisConnection } from './redis_connection.ts';
import { addressText, parseRedisUri, type RedisAddress, type RedisTarget } from './redis_uri.ts';

export interface RedisAccess {
  readonly target: RedisTarget;
  /** Where the keys under `prefix` can be written now. */
  locate(prefix: string): Promise<RedisAddress>;
  /** Says that the server last located is not the right one, so that another guide is asked. */
  distrust(): void;
  /** A new connection to that server, which the caller closes. It sees all keys of the prefix. */
  masterOf(prefix: string): Promise<RedisConnection>;
}

/** Throws `RedisUriError`. Connects only when asked to. */
export function connectRedis(uri: string, clock: Clock = systemClock): RedisAccess {
  const target = parseRedisUri(uri);
  const locator = new MasterLocator(target, clock);
  return {
    target,
    locate: (prefix) => locator.locate(prefix),
    distrust: () => locator.distrust(),
    async masterOf(prefix) {
      const connection = await connectionTo(await locator.locate(prefix), target, clock);
      try {
        await refuseReplica(connection);
        return connection;
      } catch (error) {
        connection.close();
        throw error;
      }
    },
  };
}

/** After a failover the old master may still be named, and a replica would refuse or, worse, answer from the past. */
async function refuseReplica(connection: RedisConnection): Promise<void> {
  const role = await connection.sendCommand(['ROLE']).catch((error: Error): Reply => {
    // A user who may not ask finds out by the first refused script.
    if (error.message.startsWith('NOPERM')) return null;
    throw error;
  });
  if (!Array.isArray(role) || role[0] === 'master') return;
  throw new Error(
    `${addressText(connection.address)} is a read-only replica; point the URI at the master`,
  );
}
