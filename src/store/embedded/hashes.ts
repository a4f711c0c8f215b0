/** Hash commands. */
import { arg, type Command, type CommandTable, takes, takesFrom } from './command.ts';
import type { HashEntry } from './entry.ts';
import type { Keyspace } from './keyspace.ts';
import { floatSumText, isInfiniteText } from './long_double.ts';
import { parseInteger, sumOf } from './number_text.ts';
import { CommandError, ok, wrongArity } from './reply.ts';

const notIntegerField = (): CommandError => new CommandError('ERR hash value is not an integer');
const notFloatField = (): CommandError => new CommandError('ERR hash value is not a float');

export const hashCommands: CommandTable = {
  HSET: takesFrom(2, (space, key, args) => setFields(space, key, args, 'hset')),
  HMSET: takesFrom(2, (space, key, args) => {
    setFields(space, key, args, 'hmset');
    return ok;
  }),
  HSETNX: takes(2, (space, key, args) => {
    const entry = space.write(key, 'hash');
    return entry.value.has(arg(args, 0)) ? 0 : putFields(space, entry, args);
  }),
  HGET: takes(1, (space, key, args) => space.read(key, 'hash')?.value.get(arg(args, 0)) ?? null),
  HMGET: takesFrom(1, (space, key, args) => {
    const fields = space.read(key, 'hash')?.value;
    return args.map((field) => fields?.get(field) ?? null);
  }),
  HGETALL: takes(0, (space, key) => [...(space.read(key, 'hash')?.value ?? [])].flat()),
  HKEYS: takes(0, (space, key) => [...(space.read(key, 'hash')?.value.keys() ?? [])]),
  HVALS: takes(0, (space, key) => [...(space.read(key, 'hash')?.value.values() ?? [])]),
  HLEN: takes(0, (space, key) => space.read(key, 'hash')?.value.size ?? 0),
  HEXISTS: takes(1, (space, key, args) =>
    space.read(key, 'hash')?.value.has(arg(args, 0)) ? 1 : 0,
  ),
  HSTRLEN: takes(1, (space, key, args) =>
    Buffer.byteLength(space.read(key, 'hash')?.value.get(arg(args, 0)) ?? ''),
  ),
  HDEL: takesFrom(1, removeFields),
  HINCRBY: takes(2, (space, key, args) => {
    const by = arg(args, 1);
    parseInteger(by);
    const entry = space.read(key, 'hash');
    const sum = sumOf(entry?.value.get(arg(args, 0)) ?? '0', by, notIntegerField);
    putFields(space, entry ?? space.write(key, 'hash'), [arg(args, 0), sum.text]);
    return sum.value;
  }),
  HINCRBYFLOAT: takes(2, (space, key, args) => {
    const by = arg(args, 1);
    if (isInfiniteText(by)) throw new CommandError('ERR value is NaN or Infinity');
    const entry = space.read(key, 'hash');
    const text = floatSumText(entry?.value.get(arg(args, 0)) ?? '0', by, notFloatField);
    putFields(space, entry ?? space.write(key, 'hash'), [arg(args, 0), text]);
    return text;
  }),
};

/** Returns how many of the fields are new. */
function setFields(space: Keyspace, key: string, args: readonly string[], name: string): number {
  if (args.length % 2 !== 0) {
    throw wrongArity(name);
  }
  return putFields(space, space.write(key, 'hash'), args);
}

/** As `setFields`; `args` are pairs. */
function putFields(space: Keyspace, entry: HashEntry, args: readonly string[]): number {
  const fields = entry.value;
  const sizeBefore = fields.size;
  for (let at = 0; at < args.length; at += 2) {
    const field = arg(args, at);
    fields.set(field, arg(args, at + 1));
    space.touch(entry, field);
  }
  return fields.size - sizeBefore;
}

function removeFields(...[space, key, args]: Parameters<Command['run']>): number {
  const entry = space.read(key, 'hash');
  if (!entry) return 0;
  let removed = 0;
  for (const field of args) {
    if (!entry.value.delete(field)) continue;
    removed += 1;
    space.touch(entry, field);
  }
  space.removeIfEmpty(entry);
  return removed;
}
