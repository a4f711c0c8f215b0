/** Sorted set commands. Their range queries are in `sorted_set_ranges.ts`. */
import { arg, type CommandTable, takes, takesFrom } from './command.ts';
import type { Keyspace } from './keyspace.ts';
import { parseRange } from './lists.ts';
import { parseCount, parseFloatText, scoreText } from './number_text.ts';
import { CommandError, type CommandReply, syntaxError } from './reply.ts';
import type { Scored } from './sorted_set.ts';
import { parseScores, scoreRange } from './sorted_set_ranges.ts';

export const sortedSetCommands: CommandTable = {
  ZADD: takesFrom(2, add),
  ZINCRBY: takes(2, (space, key, args) => add(space, key, ['INCR', ...args])),
  ZREM: takesFrom(1, (space, key, args) => removeMembers(space, key, args)),
  ZSCORE: takes(1, (space, key, args) => scoreReply(space, key, arg(args, 0))),
  ZMSCORE: takesFrom(1, (space, key, args) => {
    space.read(key, 'zset');
    return args.map((member) => scoreReply(space, key, member));
  }),
  ZCARD: takes(0, (space, key) => space.read(key, 'zset')?.value.size ?? 0),
  ZRANK: takes(1, (space, key, args) => space.read(key, 'zset')?.value.rank(arg(args, 0)) ?? null),
  ZREVRANK: takes(1, (space, key, args) => {
    const set = space.read(key, 'zset')?.value;
    const rank = set?.rank(arg(args, 0));
    return set === undefined || rank === undefined ? null : set.size - 1 - rank;
  }),
  ZPOPMIN: takesFrom(0, (space, key, args) => popMin(space, key, args)),
  ZREMRANGEBYSCORE: takes(2, (space, key, args) => {
    const range = parseScores(arg(args, 0), arg(args, 1));
    const set = space.read(key, 'zset')?.value;
    return removeMembers(space, key, membersOf(set?.slice(...scoreRange(set, range))));
  }),
  ZREMRANGEBYRANK: takes(2, (space, key, args) => {
    const rangeIn = parseRange(args);
    const set = space.read(key, 'zset')?.value;
    return removeMembers(space, key, membersOf(set?.slice(...rangeIn(set.size))));
  }),
};

const membersOf = (nodes: readonly Scored[] = []): string[] => nodes.map((node) => node.member);

function scoreReply(space: Keyspace, key: string, member: string): string | null {
  const score = space.read(key, 'zset')?.value.score(member);
  return score === undefined ? null : scoreText(score);
}

function removeMembers(space: Keyspace, key: string, members: readonly string[]): number {
  const entry = space.read(key, 'zset');
  if (!entry) return 0;
  let removed = 0;
  for (const member of members) {
    if (!entry.value.delete(member)) continue;
    space.touch(entry, member);
    removed += 1;
  }
  space.removeIfEmpty(entry);
  return removed;
}

function popMin(space: Keyspace, key: string, args: readonly string[]): CommandReply {
  if (args.length > 1) throw syntaxError();
  const count = args[0] === undefined ? 1 : parseCount(args[0]);
  const nodes = space.read(key, 'zset')?.value.slice(0, count) ?? [];
  removeMembers(space, key, membersOf(nodes));
  return nodes.flatMap((node) => [node.member, scoreText(node.score)]);
}

const flagNames = ['NX', 'XX', 'GT', 'LT', 'CH', 'INCR'] as const;
type FlagName = (typeof flagNames)[number];
/** Which are given, and how many arguments they take. */
type Flags = Partial<Record<FlagName, true>> & { words: number };
const noFlags: Readonly<Flags> = { words: 0 };
const digit9 = 57;

function readFlags(args: readonly string[]): Readonly<Flags> {
  // A score begins with what comes before letters, but for a few like "inf".
  if (arg(args, 0).charCodeAt(0) <= digit9) return noFlags;
  const flags: Flags = { words: 0 };
  for (;;) {
    const word = arg(args, flags.words).toUpperCase();
    const name = flagNames.find((known) => known === word);
    if (name === undefined) return flags;
    flags[name] = true;
    flags.words += 1;
  }
}

function add(space: Keyspace, key: string, args: readonly string[]): CommandReply {
  const flags = readFlags(args);
  const at = flags.words;
  const count = (args.length - at) / 2;
  if (count === 0 || !Number.isInteger(count)) throw syntaxError();
  refuseContradictions(flags, count);
  const pairs = parsePairs(args, at);
  let entry = space.read(key, 'zset');
  if (!entry && flags.XX) return flags.INCR ? null : 0;
  let added = 0;
  let changed = 0;
  let last: number | null = null;
  for (const { member, score } of pairs) {
    const old = entry?.value.score(member);
    last = nextScore(flags, old, score);
    if (last === null || last === old) continue;
    entry ??= space.write(key, 'zset');
    entry.value.set(member, last);
    space.touch(entry, member);
    if (old === undefined) added += 1;
    else changed += 1;
  }
  if (flags.INCR) return last === null ? null : scoreText(last);
  return flags.CH ? added + changed : added;
}

/** The member's new score, or null when the flags forbid the change. */
function nextScore(flags: Readonly<Flags>, old: number | undefined, given: number): number | null {
  if (old === undefined) return flags.XX ? null : given;
  if (flags.NX) return null;
  const score = flags.INCR ? old + given : given;
  if (Number.isNaN(score)) throw new CommandError('ERR resulting score is not a number (NaN)');
  if (flags.GT && score <= old) return null;
  if (flags.LT && score >= old) return null;
  return score;
}

function parsePairs(args: readonly string[], from: number): Scored[] {
  const pairs: Scored[] = [];
  for (let at = from; at < args.length; at += 2) {
    pairs.push({ score: parseFloatText(arg(args, at)), member: arg(args, at + 1) });
  }
  return pairs;
}

function refuseContradictions(flags: Readonly<Flags>, pairs: number): void {
  if (flags.NX && flags.XX) {
    throw new CommandError('ERR XX and NX options at the same time are not compatible');
  }
  if ((flags.GT ? 1 : 0) + (flags.LT ? 1 : 0) + (flags.NX ? 1 : 0) > 1) {
    throw new CommandError('ERR GT, LT, and/or NX options at the same time are not compatible');
  }
  if (flags.INCR && pairs > 1) {
    throw new CommandError('ERR INCR option supports a single increment-element pair');
  }
}
