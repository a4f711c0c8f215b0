/** Looks at a Redis server before we rely on it. */
import { ErrorReply } from 'redis';
import { refuseIncomplete } from '../image/redis_image.ts';
import type { RedisConnection } from './redis_connection.ts';
import { RedisSetupError } from './redis_fault.ts';
import { readServerFacts } from './server_facts.ts';
import { type Remark, remarksOn, unsupportedReason } from './server_remarks.ts';

/** What whoever runs it should know. Throws `RedisSetupError` for a server that the scripts cannot run on. */
export async function checkServer(connection: RedisConnection): Promise<Remark[]> {
  const facts = await readServerFacts(connection);
  const reason = unsupportedReason(facts);
  if (reason !== null) throw new RedisSetupError(reason);
  return remarksOn(facts);
}

/** Throws `RedisSetupError` while `inngest migrate` has moved only a part of the keys. */
export async function refuseMoving(connection: RedisConnection, prefix: string): Promise<void> {
  try {
    await refuseIncomplete(connection, prefix);
  } catch (error) {
    // What Redis itself says means what it always means.
    if (connection.brokenBy || !(error instanceof Error) || error instanceof ErrorReply)
      throw error;
    throw new RedisSetupError(error.message, { cause: error });
  }
}
