/** String commands. */
import { arg, type CommandTable, takes, takesFrom } from './command.ts';
import type { Keyspace } from './keyspace.ts';
import { addIntegers, floatSumText, parseFloatText, parseInteger } from './number_text.ts';
import { CommandError, type CommandReply, ok, syntaxError } from './reply.ts';

export const stringCommands: CommandTable = {
  GET: takes(0, (space, key) => space.read(key, 'string')?.value ?? null),
  SET: takesFrom(1, set),
  SETEX: takes(2, (space, key, args) => {
    put(space, key, arg(args, 1), expiryAfter(space, arg(args, 0), 1000, 'setex'));
    return ok;
  }),
  PSETEX: takes(2, (space, key, args) => {
    put(space, key, arg(args, 1), expiryAfter(space, arg(args, 0), 1, 'psetex'));
    return ok;
  }),
  SETNX: takes(1, (space, key, args) => {
    if (space.find(key)) return 0;
    put(space, key, arg(args, 0), 0);
    return 1;
  }),
  GETDEL: takes(0, (space, key) => {
    const entry = space.read(key, 'string');
    if (!entry) return null;
    space.remove(entry);
    return entry.value;
  }),
  INCR: takes(0, (space, key) => increment(space, key, 1)),
  DECR: takes(0, (space, key) => increment(space, key, -1)),
  INCRBY: takes(1, (space, key, args) => increment(space, key, parseInteger(arg(args, 0)))),
  DECRBY: takes(1, (space, key, args) => increment(space, key, -parseInteger(arg(args, 0)))),
  INCRBYFLOAT: takes(1, (space, key, args) => {
    const old = parseFloatText(space.read(key, 'string')?.value ?? '0');
    const text = floatSumText(old, parseFloatText(arg(args, 0)));
    replace(space, key, text);
    return text;
  }),
  STRLEN: takes(0, (space, key) => Buffer.byteLength(space.read(key, 'string')?.value ?? '')),
  APPEND: takes(1, (space, key, args) => {
    const text = (space.read(key, 'string')?.value ?? '') + arg(args, 0);
    replace(space, key, text);
    return Buffer.byteLength(text);
  }),
};

/** Sets value and expiry, whatever the key held. */
function put(space: Keyspace, key: string, value: string, expiresAtMs: number): void {
  const old = space.find(key);
  if (old && old.kind !== 'string') space.remove(old);
  replace(space, key, value);
  const entry = space.find(key);
  if (entry) space.setExpiry(entry, expiresAtMs);
}

/** Sets the value and keeps the expiry. */
function replace(space: Keyspace, key: string, value: string): void {
  const entry = space.write(key, 'string');
  entry.value = value;
  space.touch(entry);
}

function increment(space: Keyspace, key: string, by: number): number {
  const sum = addIntegers(parseInteger(space.read(key, 'string')?.value ?? '0'), by);
  replace(space, key, String(sum));
  return sum;
}

interface SetOptions {
  condition?: 'NX' | 'XX';
  isGet?: boolean;
  isKeepTtl?: boolean;
  expiresAtMs?: number;
}

function set(space: Keyspace, key: string, args: readonly string[]): CommandReply {
  const options = parseSetOptions(space, args);
  const old = options.isGet ? space.read(key, 'string') : space.find(key);
  const before = options.isGet && old?.kind === 'string' ? old.value : null;
  const isAllowed = options.condition === undefined || (options.condition === 'NX') === !old;
  if (!isAllowed) return before;
  const expiresAtMs = options.isKeepTtl ? (old?.expiresAtMs ?? 0) : (options.expiresAtMs ?? 0);
  put(space, key, arg(args, 0), expiresAtMs);
  return options.isGet ? before : ok;
}

function parseSetOptions(space: Keyspace, args: readonly string[]): SetOptions {
  const options: SetOptions = {};
  for (let at = 1; at < args.length; at += 1) {
    const word = arg(args, at).toUpperCase();
    if (word === 'NX' || word === 'XX') {
      if (options.condition && options.condition !== word) throw syntaxError();
      options.condition = word;
    } else if (word === 'GET') options.isGet = true;
    else if (word === 'KEEPTTL') options.isKeepTtl = true;
    else {
      at += 1;
      if (options.expiresAtMs !== undefined) throw syntaxError();
      options.expiresAtMs = parseExpiryOption(space, word, arg(args, at));
    }
  }
  if (options.isKeepTtl && options.expiresAtMs !== undefined) throw syntaxError();
  return options;
}

function parseExpiryOption(space: Keyspace, word: string, value: string): number {
  if (word === 'EX') return expiryAfter(space, value, 1000, 'set');
  if (word === 'PX') return expiryAfter(space, value, 1, 'set');
  if (word === 'EXAT') return expiryAt(value, 1000, 'set');
  if (word === 'PXAT') return expiryAt(value, 1, 'set');
  throw syntaxError();
}

function expiryAfter(space: Keyspace, text: string, unitMs: number, command: string): number {
  return space.nowMs + expiryAt(text, unitMs, command);
}

function expiryAt(text: string, unitMs: number, command: string): number {
  const value = parseInteger(text) * unitMs;
  if (value <= 0 || !Number.isSafeInteger(value)) {
    throw new CommandError(`ERR invalid expire time in '${command}' command`);
  }
  return value;
}
