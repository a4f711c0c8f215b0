/** argv -> a command and the flags given to it. Values are checked later, together with the environment. */
import { parseArgs } from 'node:util';
import { nearestWord } from '../lib/nearest_word.ts';
import {
  type CommandName,
  commandNames,
  commandWords,
  type FlagCommand,
  type ServerCommand,
  type WorkCommand,
  wordText,
} from './command_name.ts';
import type { Flag } from './flag.ts';
import { flags, flagsOf, missingFlags } from './flag_list.ts';
import { UsageError } from './usage_error.ts';

/** Texts of a flag in the order given; a switch has 'true' or 'false'. */
export type GivenFlags = ReadonlyMap<string, readonly string[]>;

export type CommandLine =
  | { readonly command: 'help'; readonly topic: CommandName | null }
  | { readonly command: 'version' }
  | { readonly command: ServerCommand; readonly given: GivenFlags }
  | {
      readonly command: WorkCommand;
      readonly given: GivenFlags;
      /** As many as `commandWords` allows. */
      readonly words: readonly string[];
    };

type Token = ReturnType<typeof tokensOf>[number];
type OptionToken = Extract<Token, { kind: 'option' }>;

/** Throws `UsageError` for an unknown command (exit 3), an unknown flag or a flag without its value (exit 1). */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  const tokens = tokensOf(argv);
  const words = tokens.flatMap((token) => (token.kind === 'positional' ? [token.value] : []));
  const options = tokens.filter((token) => token.kind === 'option');
  const isAsked = (name: string): boolean => options.some((option) => option.name === name);

  const [word, ...rest] = words;
  const command = word === undefined ? null : commandNamed(word);
  if (isAsked('help')) return { command: 'help', topic: command };
  if (command === null) {
    if (isAsked('version')) return { command: 'version' };
    for (const option of options) checkKnown(option, null);
    return { command: 'help', topic: null };
  }
  if (command === 'help') {
    return { command, topic: rest[0] === undefined ? null : commandNamed(rest[0]) };
  }
  if (command === 'version') return { command };
  const given = readFlags(options, command);
  checkWords(rest, command);
  return command === 'dev' || command === 'start'
    ? { command, given }
    : { command, given, words: rest };
}

function checkWords(words: readonly string[], command: FlagCommand): void {
  const wanted = commandWords[command];
  const next = wanted[words.length];
  if (next?.count === 'one') {
    const { name } = next;
    throw new UsageError(`${command} needs a ${name}: inngest ${command} ${name}`, command);
  }
  const extra = words[wanted.length];
  if (extra === undefined || wanted.at(-1)?.count === 'any') return;
  const takes = wanted.length === 0 ? 'only flags' : `${wanted.map(wordText).join(' ')} and flags`;
  throw new UsageError(`'${extra}' is one word too many: ${command} takes ${takes}`, command);
}

function tokensOf(argv: readonly string[]) {
  const options: Record<string, { type: 'string' | 'boolean'; short?: string; multiple: true }> =
    {};
  for (const flag of flags) {
    const type = flag.kind === 'switch' ? 'boolean' : 'string';
    options[flag.name] = { type, multiple: true, ...(flag.short && { short: flag.short }) };
    if (flag.alias) options[flag.alias] = { type, multiple: true };
  }
  for (const name of missingFlags.keys()) options[name] = { type: 'string', multiple: true };
  options.help = { type: 'boolean', short: 'h', multiple: true };
  options.version = { type: 'boolean', multiple: true };
  // Not strict: unknown flags are reported here, in this program's words.
  return parseArgs({ args: [...argv], options, strict: false, tokens: true }).tokens;
}

function commandNamed(word: string): CommandName {
  const found = commandNames.find((name) => name === word);
  if (found) return found;
  const near = nearestWord(word, commandNames);
  const advice = near ? `; did you mean 'inngest ${near}'?` : '';
  throw new UsageError(`No help topic for '${word}': there is no such command${advice}`, null, 3);
}

function readFlags(options: readonly OptionToken[], command: FlagCommand): GivenFlags {
  const given = new Map<string, readonly string[]>();
  for (const option of options) {
    const flag = checkKnown(option, command);
    given.set(flag.name, [...(given.get(flag.name) ?? []), textOf(option, flag, command)]);
  }
  return given;
}

/** The flag that was meant; throws when no command (or not this one) knows it. */
function checkKnown(option: OptionToken, command: FlagCommand | null): Flag {
  const isMeant = (flag: Flag): boolean => flag.name === option.name || flag.alias === option.name;
  const known = command === null ? flags : flagsOf(command);
  const found = known.find(isMeant);
  if (found) return found;
  const missing = missingFlags.get(option.name);
  if (missing) throw new UsageError(`--${option.name}: ${missing}`, command);
  const elsewhere = flags.find(isMeant)?.commands[0];
  if (elsewhere) {
    throw new UsageError(`--${option.name} belongs to 'inngest ${elsewhere}'`, command);
  }
  const near = nearestWord(option.name, [...known.map((flag) => flag.name), 'help']);
  const advice = near ? `; did you mean --${near}?` : '';
  throw new UsageError(`unknown flag ${option.rawName}${advice}`, command);
}

function textOf(option: OptionToken, flag: Flag, command: FlagCommand): string {
  const { value, inlineValue } = option;
  if (flag.kind === 'switch') return value ?? 'true';
  const isNextFlag = !inlineValue && value?.startsWith('-') && !/^-\d/.test(value);
  if (value === undefined || value === '' || isNextFlag) {
    throw new UsageError(
      `${option.rawName} needs a value: ${option.rawName} ${flag.placeholder}`,
      command,
    );
  }
  return value;
}
