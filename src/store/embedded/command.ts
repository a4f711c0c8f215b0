/** The shape of a command and what its arguments have in common. */
import type { Keyspace } from './keyspace.ts';
import { type CommandReply, syntaxError } from './reply.ts';

export interface Command {
  /** How many arguments follow the key. */
  readonly argsMin: number;
  readonly argsMax: number;
  /** `args` are those after the key. */
  run(space: Keyspace, key: string, args: readonly string[]): CommandReply;
}

export type CommandTable = Readonly<Record<string, Command>>;

type Run = Command['run'];

/** A command with exactly `count` arguments after the key. */
export function takes(count: number, run: Run): Command {
  return { argsMin: count, argsMax: count, run };
}

/** A command with `count` or more arguments after the key, at most `max`. */
export function takesFrom(count: number, run: Run, max = Number.POSITIVE_INFINITY): Command {
  return { argsMin: count, argsMax: max, run };
}

/** An argument whose presence the arity or the option before it promises. */
export function arg(args: readonly string[], place: number): string {
  const value = args[place];
  if (value === undefined) throw syntaxError();
  return value;
}
