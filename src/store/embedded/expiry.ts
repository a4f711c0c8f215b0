/** Commands about keys as such: existence, type, removal and expiry. */
import { arg, type Command, type CommandTable, takes, takesFrom } from './command.ts';
import type { Keyspace } from './keyspace.ts';
import { parseInteger } from './number_text.ts';
import { Status, syntaxError } from './reply.ts';

const none = new Status('none');
const kinds = {
  string: new Status('string'),
  hash: new Status('hash'),
  set: new Status('set'),
  zset: new Status('zset'),
  list: new Status('list'),
};

export const keyCommands: CommandTable = {
  DEL: takesFrom(0, removeAll),
  UNLINK: takesFrom(0, removeAll),
  EXISTS: takesFrom(0, (space, key, args) => {
    let found = space.find(key) ? 1 : 0;
    for (const other of args) if (space.find(other)) found += 1;
    return found;
  }),
  TYPE: takes(0, (space, key) => {
    const entry = space.find(key);
    return entry ? kinds[entry.kind] : none;
  }),
  EXPIRE: expireCommand((space, value) => space.nowMs + value * 1000),
  PEXPIRE: expireCommand((space, value) => space.nowMs + value),
  EXPIREAT: expireCommand((_, value) => value * 1000),
  PEXPIREAT: expireCommand((_, value) => value),
  PERSIST: takes(0, (space, key) => {
    const entry = space.find(key);
    if (!entry || entry.expiresAtMs === 0) return 0;
    space.setExpiry(entry, 0);
    return 1;
  }),
  TTL: takes(0, (space, key) => {
    const leftMs = timeLeftMs(space, key);
    return leftMs < 0 ? leftMs : Math.round(leftMs / 1000);
  }),
  PTTL: takes(0, timeLeftMs),
};

function removeAll(space: Keyspace, key: string, args: readonly string[]): number {
  let removed = removeKey(space, key);
  for (const other of args) removed += removeKey(space, other);
  return removed;
}

function removeKey(space: Keyspace, key: string): number {
  const entry = space.find(key);
  if (!entry) return 0;
  space.remove(entry);
  return 1;
}

function expireCommand(expiryOf: (space: Keyspace, value: number) => number): Command {
  const run: Command['run'] = (space, key, args) => {
    const atMs = expiryOf(space, parseInteger(arg(args, 0)));
    const isAllowed = conditionOf(args[1]);
    const entry = space.find(key);
    if (!entry || !isAllowed(entry.expiresAtMs, atMs)) return 0;
    // 0 would mean "never"; both it and 1 lie in the past.
    space.setExpiry(entry, Math.max(1, atMs));
    return 1;
  };
  return takesFrom(1, run, 2);
}

type ExpiryCondition = (oldMs: number, newMs: number) => boolean;

/** A key that does not expire counts as one that expires infinitely late. */
const conditions = new Map<string, ExpiryCondition>([
  ['NX', (oldMs) => oldMs === 0],
  ['XX', (oldMs) => oldMs !== 0],
  ['GT', (oldMs, newMs) => oldMs !== 0 && newMs > oldMs],
  ['LT', (oldMs, newMs) => oldMs === 0 || newMs < oldMs],
]);

function conditionOf(word: string | undefined): ExpiryCondition {
  if (word === undefined) return () => true;
  const condition = conditions.get(word.toUpperCase());
  if (!condition) throw syntaxError();
  return condition;
}

/** -2 when there is no such key, -1 when it does not expire. */
function timeLeftMs(space: Keyspace, key: string): number {
  const entry = space.find(key);
  if (!entry) return -2;
  return entry.expiresAtMs === 0 ? -1 : entry.expiresAtMs - space.nowMs;
}
