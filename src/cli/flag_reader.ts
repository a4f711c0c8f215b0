/**
 * Finds and checks the values of flags: a flag wins over its environment variable, which wins over the default.
 * An error names where the value came from.
 */
import { z } from 'zod';
import type { GivenFlags } from './command_line.ts';
import type { FlagCommand } from './command_name.ts';
import { envName, type Flag } from './flag.ts';
import { flagsOf } from './flag_list.ts';
import { UsageError } from './usage_error.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Where a value was found. `null` stands for the default. */
type Source = 'flag' | 'env' | null;

interface Found {
  readonly source: Source;
  /** How the user knows the value: `--port` or `INNGEST_PORT`. */
  readonly label: string;
  readonly texts: readonly string[];
  readonly isSecret?: boolean;
}

export const switchOn = z
  .string()
  .toLowerCase()
  .pipe(z.enum(['true', 'false', '1', '0'], 'must be true or false'))
  .transform((text) => text === 'true' || text === '1');
export const notEmpty = z.string().trim().min(1, 'must not be empty');

export type FlagReader = ReturnType<typeof flagReader>;

/** What was given for the flags of one command. Its methods throw `UsageError`. */
export function flagReader(command: FlagCommand, given: GivenFlags, env: Environment) {
  const byName = new Map(flagsOf(command).map((flag) => [flag.name, flag]));
  const find = (name: string): Found => {
    const flag = byName.get(name);
    // A flag of another command: it was refused on the command line, and its variable is not for this one.
    if (!flag) return { source: null, label: `--${name}`, texts: [] };
    return findTexts(flag, given, env);
  };
  const check = <T>(schema: z.ZodType<T, string>, text: string, found: Found): T => {
    const parsed = schema.safeParse(text);
    if (parsed.success) return parsed.data;
    const reason = parsed.error.issues[0]?.message ?? 'is not valid';
    const given = found.isSecret ? '' : `, not ${JSON.stringify(text)}`;
    throw new UsageError(`${found.label} ${reason}${given}`, command);
  };
  return {
    find,
    /** The last of the values given, as with every repeated flag. */
    one<T, F = T>(name: string, schema: z.ZodType<T, string>, fallback: F): T | F {
      const found = find(name);
      const text = found.texts.at(-1);
      return text === undefined ? fallback : check(schema, text, found);
    },
    list<T>(name: string, schema: z.ZodType<T, string>): T[] {
      const found = find(name);
      const parts = found.texts.flatMap((text) => text.split(',')).map((text) => text.trim());
      return parts.filter((text) => text !== '').map((text) => check(schema, text, found));
    },
  };
}

function findTexts(flag: Flag, given: GivenFlags, env: Environment): Found {
  const { isSecret = false, hasNoEnv = false } = flag;
  const texts = given.get(flag.name);
  if (texts) return { source: 'flag', label: `--${flag.name}`, texts, isSecret };
  const variables = hasNoEnv ? [] : [envName(flag), ...(flag.alsoEnv ? [flag.alsoEnv] : [])];
  for (const label of variables) {
    const text = env[label];
    // Set to nothing counts as not set, as shells and compose files leave it.
    if (text !== undefined && text !== '') return { source: 'env', label, texts: [text], isSecret };
  }
  return { source: null, label: `--${flag.name}`, texts: [] };
}
