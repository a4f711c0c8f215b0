/** List commands. */
import { arg, type Command, type CommandTable, takes, takesFrom } from './command.ts';
import type { ListEntry } from './entry.ts';
import type { Keyspace } from './keyspace.ts';
import { parseCount, parseInteger } from './number_text.ts';
import { CommandError, type CommandReply, ok, wrongArity } from './reply.ts';

export const listCommands: CommandTable = {
  LPUSH: takesFrom(1, (space, key, args) => {
    const entry = space.write(key, 'list');
    for (const value of args) entry.value.unshift(value);
    space.touch(entry);
    return entry.value.length;
  }),
  RPUSH: takesFrom(1, (space, key, args) => {
    const entry = space.write(key, 'list');
    for (const value of args) entry.value.push(value);
    space.touch(entry);
    return entry.value.length;
  }),
  LPOP: popCommand('lpop', (entry) => entry.value.shift()),
  RPOP: popCommand('rpop', (entry) => entry.value.pop()),
  LLEN: takes(0, (space, key) => space.read(key, 'list')?.value.length ?? 0),
  LINDEX: takes(1, (space, key, args) => {
    const list = space.read(key, 'list')?.value;
    if (!list) return null;
    const position = parseInteger(arg(args, 0));
    return list.at(position < 0 ? list.length + position : position) ?? null;
  }),
  LRANGE: takes(2, (space, key, args) => {
    const rangeIn = parseRange(args);
    const list = space.read(key, 'list')?.value;
    return list?.slice(...rangeIn(list.length)) ?? [];
  }),
  LSET: takes(2, setElement),
  LTRIM: takes(2, trim),
  LREM: takes(2, removeEqual),
};

/** Redis counts positions from the end when negative, and its ranges include their last element. */
export function parseRange(
  args: readonly string[],
): (length: number) => [start: number, end: number] {
  const start = parseInteger(arg(args, 0));
  const last = parseInteger(arg(args, 1));
  return (length) => {
    const from = Math.max(0, start < 0 ? length + start : start);
    const end = Math.min(length, (last < 0 ? length + last : last) + 1);
    return [from, Math.max(from, end)];
  };
}

function popCommand(name: string, take: (entry: ListEntry) => string | undefined): Command {
  return takesFrom(0, (space, key, args) => {
    if (args.length > 1) throw wrongArity(name);
    const count = args[0] === undefined ? undefined : parseCount(args[0]);
    const entry = space.read(key, 'list');
    if (!entry) return null;
    const taken: string[] = [];
    while (taken.length < (count ?? 1)) {
      const value = take(entry);
      if (value === undefined) break;
      taken.push(value);
    }
    finishChange(space, entry);
    return count === undefined ? (taken[0] ?? null) : taken;
  });
}

function setElement(space: Keyspace, key: string, args: readonly string[]): CommandReply {
  const entry = space.read(key, 'list');
  if (!entry) throw new CommandError('ERR no such key');
  const list = entry.value;
  const position = parseInteger(arg(args, 0));
  const place = position < 0 ? list.length + position : position;
  if (list.at(place) === undefined) throw new CommandError('ERR index out of range');
  list.set(place, arg(args, 1));
  space.touch(entry, list.firstSeq + place);
  return ok;
}

function trim(space: Keyspace, key: string, args: readonly string[]): CommandReply {
  const rangeIn = parseRange(args);
  const entry = space.read(key, 'list');
  if (!entry) return ok;
  const [start, end] = rangeIn(entry.value.length);
  const keep = end - start;
  for (let dropped = 0; dropped < start && entry.value.length > 0; dropped += 1) {
    entry.value.shift();
  }
  while (entry.value.length > keep) entry.value.pop();
  finishChange(space, entry);
  return ok;
}

/** LREM: a positive count removes from the head, a negative one from the tail, 0 removes all. */
function removeEqual(space: Keyspace, key: string, args: readonly string[]): CommandReply {
  const count = parseInteger(arg(args, 0));
  const entry = space.read(key, 'list');
  if (!entry) return 0;
  const values = entry.value.slice(0, entry.value.length);
  if (count < 0) values.reverse();
  let left = count === 0 ? values.length : Math.abs(count);
  const kept = values.filter((value) => {
    if (left === 0 || value !== arg(args, 1)) return true;
    left -= 1;
    return false;
  });
  const removed = values.length - kept.length;
  if (removed === 0) return 0;
  if (count < 0) kept.reverse();
  entry.value.replace(kept);
  finishChange(space, entry);
  return removed;
}

function finishChange(space: Keyspace, entry: ListEntry): void {
  space.touch(entry);
  space.removeIfEmpty(entry);
}
