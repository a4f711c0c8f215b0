/** Set commands. Those that pick at random are refused: scripts are deterministic (design §3). */
import { arg, type CommandTable, takes, takesFrom } from './command.ts';
import { CommandError } from './reply.ts';

export const setCommands: CommandTable = {
  SADD: takesFrom(1, (space, key, args) => {
    const entry = space.write(key, 'set');
    let added = 0;
    for (const member of args) {
      if (entry.value.has(member)) continue;
      entry.value.add(member);
      space.touch(entry, member);
      added += 1;
    }
    return added;
  }),
  SREM: takesFrom(1, (space, key, args) => {
    const entry = space.read(key, 'set');
    if (!entry) return 0;
    let removed = 0;
    for (const member of args) {
      if (!entry.value.delete(member)) continue;
      space.touch(entry, member);
      removed += 1;
    }
    space.removeIfEmpty(entry);
    return removed;
  }),
  SISMEMBER: takes(1, (space, key, args) =>
    space.read(key, 'set')?.value.has(arg(args, 0)) ? 1 : 0,
  ),
  SMEMBERS: takes(0, (space, key) => [...(space.read(key, 'set')?.value ?? [])]),
  SCARD: takes(0, (space, key) => space.read(key, 'set')?.value.size ?? 0),
  SPOP: takesFrom(0, refuseRandom),
  SRANDMEMBER: takesFrom(0, refuseRandom),
};

function refuseRandom(): never {
  throw new CommandError('ERR random commands are not allowed: pass the choice in as an argument');
}
