/** ZRANGE and its older spellings. */
import { arg, type Command, type CommandTable, takes, takesFrom } from './command.ts';
import { parseRange } from './lists.ts';
import { parseBoundText, parseInteger, scoreText } from './number_text.ts';
import { CommandError, notAvailable, syntaxError } from './reply.ts';
import type { ScoreBound, Scored, SortedSet } from './sorted_set.ts';

export const rangeCommands: CommandTable = {
  ZRANGE: rangeCommand({}),
  ZREVRANGE: rangeCommand({ by: 'rank', isReverse: true }),
  ZRANGEBYSCORE: rangeCommand({ by: 'score', isReverse: false }),
  ZREVRANGEBYSCORE: rangeCommand({ by: 'score', isReverse: true }),
  ZCOUNT: takes(2, (space, key, args) => {
    const range = parseScores(arg(args, 0), arg(args, 1));
    const [start, end] = scoreRange(space.read(key, 'zset')?.value, range);
    return end - start;
  }),
};

interface RangeOptions {
  by?: 'rank' | 'score';
  isReverse?: boolean;
  hasScores?: boolean;
  limit?: { readonly offset: number; readonly count: number };
}

export interface ScoreRange {
  readonly min: ScoreBound;
  readonly max: ScoreBound;
}

const notABound = (): CommandError => new CommandError('ERR min or max is not a float');

function parseBound(text: string): ScoreBound {
  const isExclusive = text.startsWith('(');
  return { score: parseBoundText(isExclusive ? text.slice(1) : text, notABound), isExclusive };
}

export function parseScores(minText: string, maxText: string): ScoreRange {
  return { min: parseBound(minText), max: parseBound(maxText) };
}

/** The ranks from `start` up to but not including `end` whose scores lie between two bounds. */
export function scoreRange(
  set: SortedSet | undefined,
  { min, max }: ScoreRange,
): [start: number, end: number] {
  if (!set) return [0, 0];
  const start = set.rankOfMin(min);
  return [start, Math.max(start, set.rankOfMax(max))];
}

/** What `fixed` says cannot be said again by an option. */
function rangeCommand(fixed: Readonly<RangeOptions>): Command {
  return takesFrom(2, (space, key, args) => {
    const options = args.length === 2 ? fixed : parseOptions(args, fixed);
    const query = options.by === 'score' ? byScore(args, options) : byRank(args, options);
    const set = space.read(key, 'zset')?.value;
    const nodes = set ? query(set) : [];
    if (!options.hasScores) return nodes.map((node) => node.member);
    return nodes.flatMap((node) => [node.member, scoreText(node.score)]);
  });
}

type Query = (set: SortedSet) => Scored[];

function byScore(args: readonly string[], options: RangeOptions): Query {
  // Reverse queries name the upper bound first.
  const [min, max] = options.isReverse ? [1, 0] : [0, 1];
  const range = parseScores(arg(args, min), arg(args, max));
  const { offset, count } = options.limit ?? { offset: 0, count: -1 };
  return (set) => {
    if (offset < 0) return [];
    const [start, end] = scoreRange(set, range);
    const wanted = count < 0 ? end - start : count;
    if (!options.isReverse) {
      return set.slice(start + offset, Math.min(end, start + offset + wanted));
    }
    const top = end - offset;
    return set.slice(Math.max(start, top - wanted), top).reverse();
  };
}

function byRank(args: readonly string[], { limit, isReverse }: RangeOptions): Query {
  // Redis takes -1 for a limit that was not given.
  if (limit !== undefined && limit.count !== -1) {
    throw new CommandError(
      'ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX',
    );
  }
  const rangeIn = parseRange(args);
  return (set) => {
    const [start, end] = rangeIn(set.size);
    return isReverse
      ? set.slice(set.size - end, set.size - start).reverse()
      : set.slice(start, end);
  };
}

function parseOptions(args: readonly string[], fixed: Readonly<RangeOptions>): RangeOptions {
  const options: RangeOptions = { ...fixed };
  for (let at = 2; at < args.length; at += 1) {
    const word = arg(args, at).toUpperCase();
    if (word === 'WITHSCORES') options.hasScores = true;
    else if (word === 'BYSCORE' && options.by === undefined) options.by = 'score';
    else if (word === 'REV' && options.isReverse === undefined) options.isReverse = true;
    else if (word === 'BYLEX' && options.by === undefined) throw notAvailable('ZRANGE BYLEX');
    else if (word === 'LIMIT' && at + 2 < args.length) {
      options.limit = {
        offset: parseInteger(arg(args, at + 1)),
        count: parseInteger(arg(args, at + 2)),
      };
      at += 2;
    } else throw syntaxError();
  }
  return options;
}
