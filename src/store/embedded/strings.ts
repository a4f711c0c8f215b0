/** String commands. */
import { arg, type CommandTable, takes, takesFrom } from './command.ts';
import type { StringEntry } from './entry.ts';
import { expiryTimeOf } from './expiry_time.ts';
import type { Keyspace } from './keyspace.ts';
import { floatSumText } from './long_double.ts';
import { fitsInteger, parseInteger, parseWideInteger, sumOf } from './number_text.ts';
import { CommandError, type CommandReply, ok, syntaxError } from './reply.ts';

export const stringCommands: CommandTable = {
  GET: takes(0, (space, key) => space.read(key, 'string')?.value ?? null),
  SET: takesFrom(1, set),
  SETEX: takes(2, (space, key, args) => {
    put(space, key, arg(args, 1), expiryTimeOf('setex', arg(args, 0), 1000, space.nowMs));
    return ok;
  }),
  PSETEX: takes(2, (space, key, args) => {
    put(space, key, arg(args, 1), expiryTimeOf('psetex', arg(args, 0), 1, space.nowMs));
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
  INCR: takes(0, (space, key) => increment(space, key, '1')),
  DECR: takes(0, (space, key) => increment(space, key, '-1')),
  INCRBY: takes(1, (space, key, args) => increment(space, key, arg(args, 0))),
  DECRBY: takes(1, (space, key, args) => increment(space, key, negated(arg(args, 0)))),
  INCRBYFLOAT: takes(1, (space, key, args) => {
    const text = floatSumText(space.read(key, 'string')?.value ?? '0', arg(args, 0));
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
  space.setExpiry(replace(space, key, value), expiresAtMs);
}

/** Sets the value and keeps the expiry. */
function replace(space: Keyspace, key: string, value: string): StringEntry {
  const entry = space.write(key, 'string');
  entry.value = value;
  space.touch(entry);
  return entry;
}

function increment(space: Keyspace, key: string, by: string): number {
  parseInteger(by);
  const sum = sumOf(space.read(key, 'string')?.value ?? '0', by);
  replace(space, key, sum.text);
  return sum.value;
}

function negated(text: string): string {
  const value = -parseWideInteger(text);
  if (!fitsInteger(value)) throw new CommandError('ERR decrement would overflow');
  return value.toString();
}

interface SetOptions {
  condition?: 'NX' | 'XX';
  isGet?: boolean;
  isKeepTtl?: boolean;
  expiry?: { readonly word: string; readonly value: string };
}

function set(space: Keyspace, key: string, args: readonly string[]): CommandReply {
  const options = parseSetOptions(args);
  const { expiry } = options;
  const givenMs = expiry === undefined ? 0 : expiryOption(space, expiry.word, expiry.value);
  const old = options.isGet ? space.read(key, 'string') : space.find(key);
  const before = options.isGet && old?.kind === 'string' ? old.value : null;
  const isAllowed = options.condition === undefined || (options.condition === 'NX') === !old;
  if (!isAllowed) return before;
  put(space, key, arg(args, 0), options.isKeepTtl ? (old?.expiresAtMs ?? 0) : givenMs);
  return options.isGet ? before : ok;
}

const expiryWords = ['EX', 'PX', 'EXAT', 'PXAT'];

/** An option may be repeated, but not contradict another. */
function parseSetOptions(args: readonly string[]): SetOptions {
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
      const isOther = options.expiry !== undefined && options.expiry.word !== word;
      if (isOther || !expiryWords.includes(word)) throw syntaxError();
      options.expiry = { word, value: arg(args, at) };
    }
    if (options.isKeepTtl && options.expiry !== undefined) throw syntaxError();
  }
  return options;
}

function expiryOption(space: Keyspace, word: string, value: string): number {
  const unitMs = word.startsWith('E') ? 1000 : 1;
  return expiryTimeOf('set', value, unitMs, word.endsWith('AT') ? 0 : space.nowMs);
}
