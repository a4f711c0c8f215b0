/**
 * Asks a server, before any work, whether it would run our scripts to their end: a command that is refused in the
 * middle of a script leaves half of it done.
 */
import { createHash } from 'node:crypto';
import type { Reply } from '../store.ts';
import type { RedisConnection } from './redis_connection.ts';
import { RedisSetupError } from './redis_fault.ts';

/** With a first line as scripts have it, it fails where they would: on a replica, without a disk to write to. */
const probe = `local key = KEYS[1] .. ':probe'
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
  const refused = await run(connection, `#!lua flags=allow-oom\n${probe}`, [prefix, ...commands]);
  if (!Array.isArray(refused) || refused.length === 0) return;
  throw new RedisSetupError(
    `the Redis user may not use ${refused.join(', ')} on the keys ~${prefix}* and the channels &${prefix}:*; ` +
      'grant that with ACL SETUSER',
  );
}

/** Rejects for as long as the server has no memory for new work. */
export async function probeIntake(connection: RedisConnection, prefix: string): Promise<void> {
  await run(connection, `#!lua\n${probe}`, [prefix]);
}

/** As scripts are run: by its hash. Learning it again costs nothing when the server knows it. */
async function run(
  connection: RedisConnection,
  text: string,
  args: readonly string[],
): Promise<Reply> {
  const sha = createHash('sha1').update(text).digest('hex');
  const loaded = connection.sendCommand(['SCRIPT', 'LOAD', text]);
  const [reply] = await Promise.all([
    connection.sendCommand(['EVALSHA', sha, '1', ...args]),
    loaded,
  ]);
  return reply;
}
