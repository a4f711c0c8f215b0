/** Commands about keys as such: existence, type, removal and expiry. */
import { arg, type Command, type CommandTable, takes, takesFrom } from './command.ts';
import { expiryTimeOf } from './expiry_time.ts';
import type { Keyspace } from './keyspace.ts';
import { asErrorText, CommandError, Status } from './reply.ts';

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
  EXPIRE: expireCommand('expire', 1000, (space) => space.nowMs),
  PEXPIRE: expireCommand('pexpire', 1, (space) => space.nowMs),
  EXPIREAT: expireCommand('expireat', 1000, () => 0),
  PEXPIREAT: expireCommand('pexpireat', 1, () => 0),
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

function expireCommand(
  name: string,
  unitMs: 1 | 1000,
  fromMs: (space: Keyspace) => number,
): Command {
  return takesFrom(1, (space, key, args) => {
    const isAllowed = conditionOf(args.slice(1));
    const atMs = expiryTimeOf(name, arg(args, 0), unitMs, fromMs(space), true);
    const entry = space.find(key);
    if (!entry || !isAllowed(entry.expiresAtMs, atMs)) return 0;
    // 0 would mean "never"; both it and 1 lie in the past.
    space.setExpiry(entry, Math.max(1, atMs));
    return 1;
  });
}

type ExpiryCondition = (oldMs: number, newMs: number) => boolean;

/** A key that does not expire counts as one that expires infinitely late. */
const conditions = new Map<string, ExpiryCondition>([
  ['NX', (oldMs) => oldMs === 0],
  ['XX', (oldMs) => oldMs !== 0],
  ['GT', (oldMs, newMs) => oldMs !== 0 && newMs > oldMs],
  ['LT', (oldMs, newMs) => oldMs === 0 || newMs < oldMs],
]);

/** All the conditions hold. */
function conditionOf(words: readonly string[]): ExpiryCondition {
  const named = new Map<string, ExpiryCondition>();
  for (const word of words) {
    const name = word.toUpperCase();
    const condition = conditions.get(name);
    if (!condition) throw new CommandError(`ERR Unsupported option ${asErrorText(word)}`);
    named.set(name, condition);
  }
  if (named.has('NX') && named.size > 1) throw contradiction('NX and XX, GT or LT');
  if (named.has('GT') && named.has('LT')) throw contradiction('GT and LT');
  const asked = [...named.values()];
  return (oldMs, newMs) => asked.every((isAllowed) => isAllowed(oldMs, newMs));
}

const contradiction = (names: string): CommandError =>
  new CommandError(`ERR ${names} options at the same time are not compatible`);

/** -2 when there is no such key, -1 when it does not expire. */
function timeLeftMs(space: Keyspace, key: string): number {
  const entry = space.find(key);
  if (!entry) return -2;
  return entry.expiresAtMs === 0 ? -1 : entry.expiresAtMs - space.nowMs;
}
