/**
 * Flags and environment -> Settings. A flag wins over its environment variable, which wins over the default;
 * each value is checked here and an error names where the value came from.
 */
import { resolve } from 'node:path';
import { z } from 'zod';
import { stripKeyPrefix } from '../lib/signature.ts';
import type { GivenFlags } from './command_line.ts';
import type { ServerCommand } from './command_name.ts';
import { envName, type Flag, flagsOf } from './flag.ts';
import type { Settings } from './settings.ts';
import { UsageError } from './usage_error.ts';

export const defaultPort = 8288;
export const defaultDataDir = '.inngest';

export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory: string;
  readonly isTerminal: boolean;
}

/** Where a value was found. `null` stands for the default. */
type Source = 'flag' | 'env' | null;

interface Found {
  readonly source: Source;
  /** How the user knows the value: `--port` or `INNGEST_PORT`. */
  readonly label: string;
  readonly texts: readonly string[];
}

export interface ReadSettings {
  readonly settings: Settings;
  /** False while the port is only our default, so that another may be taken instead. */
  readonly isPortChosen: boolean;
}

const secondsMax = 86_400;
const queueWorkersMax = 10_000;

const wholeNumber = (min: number, max: number) => {
  const message = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,9}$/, message)
    .transform(Number)
    .pipe(z.number().min(min, message).max(max, message));
};
const switchOn = z
  .string()
  .toLowerCase()
  .pipe(z.enum(['true', 'false', '1', '0'], 'must be true or false'))
  .transform((text) => text === 'true' || text === '1');
const webAddress = z.string().refine((text) => /^https?:\/\//i.test(text) && URL.canParse(text), {
  message: 'must be a URL that starts with http:// or https://',
});
const logLevel = z
  .string()
  .toLowerCase()
  .transform((text) => (text === 'trace' ? 'debug' : text === 'warning' ? 'warn' : text))
  .pipe(z.enum(['debug', 'info', 'warn', 'error'], 'must be debug, info, warn or error'));
const notEmpty = z.string().trim().min(1, 'must not be empty');
const anything = z.string();

/** Throws `UsageError` naming the flag or variable that is wrong. */
export function readSettings(
  command: ServerCommand,
  given: GivenFlags,
  { env, workingDirectory, isTerminal }: Surroundings,
): ReadSettings {
  const read = readerOf(command, given, env);
  read.one('tick', wholeNumber(0, secondsMax * 1000), 0);
  read.one('persist', switchOn, true);
  const isVerbose = read.one('verbose', switchOn, false);
  const retryIntervalS = read.one('retry-interval', wholeNumber(0, secondsMax), 0);
  const settings: Settings = {
    mode: command,
    host: read.one('host', notEmpty, command === 'dev' ? '127.0.0.1' : '0.0.0.0'),
    port: read.one('port', wholeNumber(0, 65_535), defaultPort),
    sdkUrls: read.list('sdk-url', webAddress),
    isDiscoveryOn: command === 'dev' && !read.one('no-discovery', switchOn, false),
    isPollingOn: !read.one('no-poll', switchOn, false),
    pollIntervalMs: read.one('poll-interval', wholeNumber(1, secondsMax), 5) * 1000,
    retryIntervalMs: retryIntervalS === 0 ? null : retryIntervalS * 1000,
    queueWorkers: read.one('queue-workers', wholeNumber(1, queueWorkersMax), 100),
    dataDir: readDataDir(command, read, workingDirectory),
    signingKey: command === 'start' ? readSigningKey(read) : null,
    eventKeys: command === 'start' ? readEventKeys(read) : [],
    logLevel: read.one('log-level', logLevel, isVerbose ? 'debug' : 'info'),
    logFormat: read.one('json', switchOn, !isTerminal) ? 'json' : 'text',
  };
  return { settings, isPortChosen: read.find('port').source !== null };
}

type Reader = ReturnType<typeof readerOf>;

function readerOf(command: ServerCommand, given: GivenFlags, env: Surroundings['env']) {
  const byName = new Map(flagsOf(command).map((flag) => [flag.name, flag]));
  const find = (name: string): Found => {
    const flag = byName.get(name);
    // A flag of another command: it was refused on the command line, and its variable is not for this one.
    if (!flag) return { source: null, label: `--${name}`, texts: [] };
    return findTexts(flag, given, env);
  };
  const check = <T>(schema: z.ZodType<T, string>, text: string, label: string): T => {
    const parsed = schema.safeParse(text);
    if (parsed.success) return parsed.data;
    const reason = parsed.error.issues[0]?.message ?? 'is not valid';
    throw new UsageError(`${label} ${reason}, not ${JSON.stringify(text)}`, command);
  };
  return {
    find,
    /** The last of the values given, as with every repeated flag. */
    one<T>(name: string, schema: z.ZodType<T, string>, fallback: T): T {
      const { texts, label } = find(name);
      const text = texts.at(-1);
      return text === undefined ? fallback : check(schema, text, label);
    },
    list<T>(name: string, schema: z.ZodType<T, string>): T[] {
      const { texts, label } = find(name);
      const parts = texts.flatMap((text) => text.split(',')).map((text) => text.trim());
      return parts.filter((text) => text !== '').map((text) => check(schema, text, label));
    },
  };
}

function findTexts(flag: Flag, given: GivenFlags, env: Surroundings['env']): Found {
  const texts = given.get(flag.name);
  if (texts) return { source: 'flag', label: `--${flag.name}`, texts };
  for (const label of [envName(flag), ...(flag.alsoEnv ? [flag.alsoEnv] : [])]) {
    const text = env[label];
    // Set to nothing counts as not set, as shells and compose files leave it.
    if (text !== undefined && text !== '') return { source: 'env', label, texts: [text] };
  }
  return { source: null, label: `--${flag.name}`, texts: [] };
}

/** Null keeps everything in memory. Of two contradicting wishes the flag wins; two flags are refused. */
function readDataDir(
  command: ServerCommand,
  read: Reader,
  workingDirectory: string,
): string | null {
  const memory = read.find('in-memory');
  const folder = read.find('data-dir');
  const isMemory = read.one('in-memory', switchOn, false);
  const dataDir = resolve(workingDirectory, read.one('data-dir', notEmpty, defaultDataDir));
  if (!isMemory) return dataDir;
  if (folder.source === null) return null;
  if (folder.source !== memory.source) return memory.source === 'flag' ? null : dataDir;
  throw new UsageError(
    `${memory.label} and ${folder.label} contradict each other: leave one of them out`,
    command,
  );
}

/** The key as given, its prefix included: hexadecimal once the prefix is gone (§12.3). */
function readSigningKey(read: Reader): string {
  const key = read.one('signing-key', anything, '').trim();
  const advice = 'make one with `openssl rand -hex 32` and give it to --signing-key';
  if (key === '') throw new UsageError(`signing-key is required: ${advice}`, 'start');
  const digits = stripKeyPrefix(key);
  if (!/^[0-9a-f]+$/i.test(digits)) {
    throw new UsageError(
      `signing-key must be valid hex string: 0-9 and a-f after an optional signkey-…- prefix; ${advice}`,
      'start',
    );
  }
  if (digits.length % 2 !== 0) {
    throw new UsageError(
      `signing-key must be hex string with even number of chars: it has ${digits.length}; ${advice}`,
      'start',
    );
  }
  return key;
}

function readEventKeys(read: Reader): string[] {
  const keys = read.list('event-key', anything);
  if (keys.length > 0) return keys;
  throw new UsageError(
    'at least one event-key is required: any secret text, given to --event-key and to the senders',
    'start',
  );
}
