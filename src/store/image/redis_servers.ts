/** Whether servers are at work on a prefix: they listen to its messages and hold leases that end in the future. */
import type { Clock } from '../../lib/clock.ts';
import { type RedisCommands, sendAll } from './redis_commands.ts';
import { scanKeys } from './redis_scan.ts';

/** A lease, and the margin after which other servers take over what it was for (`queue/processor.ts`). */
const itemLeaseS = 30;

export interface PrefixInUse {
  readonly redis: RedisCommands;
  readonly prefix: string;
  readonly clock: Clock;
}

/** Throws, saying what was seen. */
export async function refuseLiveServers(place: PrefixInUse): Promise<void> {
  const signs = await signsOfLife(place);
  if (signs.length === 0) return;
  throw new Error(
    `servers are at work on ${place.prefix} in this Redis (${signs.join(', ')}): stop them and run the command again. The leases of servers that were killed end ${itemLeaseS} s after that`,
  );
}

async function signsOfLife({ redis, prefix, clock }: PrefixInUse): Promise<string[]> {
  const [listeners, leases] = await sendAll(redis, [
    // Servers listen by pattern, which PUBSUB NUMSUB does not count; nobody acts on this channel.
    ['PUBLISH', `${prefix}:presence`, ''],
    ['ZCOUNT', `${prefix}:x:leases`, `(${clock.now()}`, '+inf'],
  ]);
  const partitions = await servedPartitions(redis, prefix, clock.now());
  return [
    ...countText(Number(listeners), 'listening'),
    ...countText(Number(leases), 'leases of steps under way'),
    ...countText(partitions, 'leases of functions'),
  ];
}

function countText(count: number, what: string): string[] {
  return count > 0 ? [`${count} ${what}`] : [];
}

async function servedPartitions(
  redis: RedisCommands,
  prefix: string,
  nowMs: number,
): Promise<number> {
  let served = 0;
  for await (const names of scanKeys(redis, `${prefix}:x:partition`)) {
    const until = await sendAll(
      redis,
      names.map((name) => ['HGET', `${prefix}:x:partition:${name}`, 'until']),
    );
    served += until.filter((value) => Number(value ?? 0) > nowMs).length;
  }
  return served;
}
