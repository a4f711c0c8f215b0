/** What reading and writing an image asks of a connection to Redis. */
import type { Reply } from '../store.ts';

export interface RedisCommands {
  /** Commands sent in one turn of the event loop leave together. Rejects when Redis refuses. */
  sendCommand(args: readonly string[]): Promise<Reply>;
}

/** Sends commands together and waits for all of them. */
export function sendAll(
  redis: RedisCommands,
  commands: readonly (readonly string[])[],
): Promise<Reply[]> {
  return Promise.all(commands.map((command) => redis.sendCommand(command)));
}

export function textsOf(reply: Reply | undefined): string[] {
  if (!Array.isArray(reply)) throw new Error(`Redis answered ${typeof reply} instead of a list`);
  return reply.map(String);
}
