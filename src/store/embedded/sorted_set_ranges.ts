/** ZRANGE and its older spellings. */
import { arg, type CommandTable, takes, takesFrom } from './command.ts';
import type { Keyspace } from './keyspace.ts';
import { rangeOf } from './lists.ts';
import { parseFloatText, parseInteger, scoreText } from './number_text.ts';
import { CommandError, type CommandReply, syntaxError } from './reply.ts';
import type { ScoreBound, Scored, SortedSet } from './sorted_set.ts';

export const rangeCommands: CommandTable = {
  ZRANGE: takesFrom(2, (space, key, args) => queryRange(space, key, args, {})),
  ZREVRANGE: takesFrom(2, (space, key, args) => queryRange(space, key, args, { isReverse: true })),
  ZRANGEBYSCORE: takesFrom(2, (space, key, args) =>
    queryRange(space, key, args, { isByScore: true }),
  ),
  ZREVRANGEBYSCORE: takesFrom(2, (space, key, args) =>
    queryRange(space, key, args, { isByScore: true, isReverse: true }),
  ),
  ZCOUNT: takes(2, (space, key, args) => {
    const set = space.read(key, 'zset')?.value;
    const [start, end] = scoreRange(set, arg(args, 0), arg(args, 1));
    return end - start;
  }),
};

interface RangeOptions {
  isByScore?: boolean;
  isReverse?: boolean;
  hasScores?: boolean;
  limit?: { readonly offset: number; readonly count: number };
}

const notABound = (): CommandError => new CommandError('ERR min or max is not a float');

function parseBound(text: string): ScoreBound {
  const isExclusive = text.startsWith('(');
  return { score: parseFloatText(isExclusive ? text.slice(1) : text, notABound), isExclusive };
}

/** The ranks from `start` up to but not including `end` whose scores lie between two bounds. */
export function scoreRange(
  set: SortedSet | undefined,
  minText: string,
  maxText: string,
): [start: number, end: number] {
  const min = parseBound(minText);
  const max = parseBound(maxText);
  if (!set) return [0, 0];
  const start = set.rankOfMin(min);
  return [start, Math.max(start, set.rankOfMax(max))];
}

function queryRange(
  ...[space, key, args, fixed]: [Keyspace, string, readonly string[], Readonly<RangeOptions>]
): CommandReply {
  const options = parseOptions(args.slice(2), fixed);
  const set = space.read(key, 'zset')?.value;
  const nodes = options.isByScore ? byScore(set, args, options) : byRank(set, args, options);
  if (!options.hasScores) return nodes.map((node) => node.member);
  return nodes.flatMap((node) => [node.member, scoreText(node.score)]);
}

function byScore(
  set: SortedSet | undefined,
  args: readonly string[],
  options: RangeOptions,
): Scored[] {
  // Reverse queries name the upper bound first.
  const [min, max] = options.isReverse ? [1, 0] : [0, 1];
  const [start, end] = scoreRange(set, arg(args, min), arg(args, max));
  const { offset, count } = options.limit ?? { offset: 0, count: -1 };
  if (!set || offset < 0) return [];
  const wanted = count < 0 ? end - start : count;
  if (!options.isReverse) return set.slice(start + offset, Math.min(end, start + offset + wanted));
  const top = end - offset;
  return set.slice(Math.max(start, top - wanted), top).reverse();
}

function byRank(
  set: SortedSet | undefined,
  args: readonly string[],
  options: RangeOptions,
): Scored[] {
  if (options.limit) throw syntaxError();
  const size = set?.size ?? 0;
  const [start, end] = rangeOf(args, size);
  if (!set) return [];
  if (!options.isReverse) return set.slice(start, end);
  return set.slice(size - end, size - start).reverse();
}

function parseOptions(args: readonly string[], fixed: Readonly<RangeOptions>): RangeOptions {
  const options: RangeOptions = { ...fixed };
  for (let at = 0; at < args.length; at += 1) {
    const word = arg(args, at).toUpperCase();
    if (word === 'WITHSCORES') options.hasScores = true;
    else if (word === 'BYSCORE') options.isByScore = true;
    else if (word === 'REV') options.isReverse = true;
    else if (word === 'LIMIT') {
      options.limit = {
        offset: parseInteger(arg(args, at + 1)),
        count: parseInteger(arg(args, at + 2)),
      };
      at += 2;
    } else throw syntaxError();
  }
  return options;
}
