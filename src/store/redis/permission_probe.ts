/**
 * Asks a server, before any work, whether it would run our scripts to their end: a command that is refused in the
 * middle of a script leaves half of it done.
 */
import type { RedisConnection } from './redis_connection.ts';
import { RedisSetupError } from './redis_fault.ts';

/** The flags make it fail wherever a script would: on a replica, without a disk to write to, in a cluster that is down. */
const probe = `#!lua flags=allow-oom
local key = KEYS[1] .. ':probe'
local refused = {}
for _, command in ipairs(ARGV) do
  if not redis.acl_check_cmd(command, key, key, key) then
    refused[#refused + 1] = command
  end
end
redis.call('DEL', key)
return refused`;

const commandCall = /\bredis\.p?call\(\s*['"](\w+)['"]/g;

/** The commands that scripts call by name, sorted. */
export function commandsOf(texts: Iterable<string>): string[] {
  const commands = new Set<string>();
  for (const text of texts) {
    for (const [, command = ''] of text.matchAll(commandCall)) commands.add(command.toUpperCase());
  }
  return [...commands].sort();
}

/** Throws `RedisSetupError` when the user may not run one of the commands on our keys and channels. */
export async function probePermissions(
  connection: RedisConnection,
  prefix: string,
  commands: readonly string[],
): Promise<void> {
  const refused = await connection.sendCommand(['EVAL', probe, '1', prefix, ...commands]);
  if (!Array.isArray(refused) || refused.length === 0) return;
  throw new RedisSetupError(
    `the Redis user may not use ${refused.join(', ')} on the keys ~${prefix}* and the channels &${prefix}:*; ` +
      'grant that with ACL SETUSER',
  );
}
