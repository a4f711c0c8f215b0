/** Finds and runs a command by its name. */
import type { Command, CommandTable } from './command.ts';
import { keyCommands } from './expiry.ts';
import { hashCommands } from './hashes.ts';
import type { Keyspace } from './keyspace.ts';
import { listCommands } from './lists.ts';
import { publishCommands } from './publishing.ts';
import { CommandError, type CommandReply } from './reply.ts';
import { setCommands } from './sets.ts';
import { rangeCommands } from './sorted_set_ranges.ts';
import { sortedSetCommands } from './sorted_sets.ts';
import { stringCommands } from './strings.ts';

const tables: readonly CommandTable[] = [
  keyCommands,
  stringCommands,
  hashCommands,
  setCommands,
  sortedSetCommands,
  rangeCommands,
  listCommands,
  publishCommands,
];

/** Upper and lower case spellings are found at once; mixed ones take a detour. */
const commands = new Map<string, Command>();
for (const [name, command] of tables.flatMap((table) => Object.entries(table))) {
  commands.set(name, command);
  commands.set(name.toLowerCase(), command);
}

/** Runs one command. `args` are those after the key. */
export function execute(
  space: Keyspace,
  name: string,
  key: string | undefined,
  args: readonly string[],
): CommandReply {
  const command = commands.get(name) ?? commands.get(name.toUpperCase());
  if (!command) throw new CommandError(`ERR Unknown Redis command called from script: ${name}`);
  if (key === undefined || args.length < command.argsMin || args.length > command.argsMax) {
    throw new CommandError('ERR Wrong number of args calling Redis command from script');
  }
  return command.run(space, key, args);
}
