/**
 * Flags, environment and the `config` of a document -> Settings. A flag wins over its environment variable, which wins
 * over the document, which wins over the default; each value is checked and an error names where it came from.
 */
import { resolve } from 'node:path';
import { z } from 'zod';
import type { ServiceSettings } from '../config/service_settings.ts';
import { stripKeyPrefix } from '../lib/signature.ts';
import type { GivenFlags } from './command_line.ts';
import type { ServerCommand } from './command_name.ts';
import { type FlagReader, flagReader, notEmpty, switchOn } from './flag_reader.ts';
import { postgresAddress } from './postgres_address.ts';
import { redisAddress, redisPrefix } from './redis_address.ts';
import { readRetention } from './retention_reader.ts';
import type { Settings } from './settings.ts';
import { UsageError } from './usage_error.ts';

export const defaultPort = 8288;
const defaultHosts: Readonly<Record<ServerCommand, string>> = {
  dev: '127.0.0.1',
  start: '0.0.0.0',
};
export const defaultDataDir = '.inngest';
export const defaultRedisPrefix = 'inngest';
/** Reading and writing history rarely needs more at a time, and PostgreSQL itself allows 100 in all by default. */
const defaultPostgresConnections = 10;

export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory: string;
  readonly isTerminal: boolean;
  /** What documents say about the server. */
  readonly service?: ServiceSettings | null;
}

export interface ReadSettings {
  readonly settings: Settings;
  /** False while the port is only our default, so that another may be taken instead. */
  readonly isPortChosen: boolean;
}

const secondsMax = 86_400;
const queueWorkersMax = 10_000;
/** One writes, one searches, one reads. */
const postgresConnectionsMin = 3;
const postgresConnectionsMax = 1_000;
/** Durations of pooled connections that the Inngest CLI takes, in minutes. */
const minutesMax = 525_600;

const wholeNumber = (min: number, max: number) => {
  const message = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,9}$/, message)
    .transform(Number)
    .pipe(z.number().min(min, message).max(max, message));
};
const webAddress = z.string().refine((text) => /^https?:\/\//i.test(text) && URL.canParse(text), {
  message: 'must be a URL that starts with http:// or https://',
});
const logLevel = z
  .string()
  .toLowerCase()
  .transform((text) => (text === 'trace' ? 'debug' : text === 'warning' ? 'warn' : text))
  .pipe(z.enum(['debug', 'info', 'warn', 'error'], 'must be debug, info, warn or error'));
const anything = z.string();

/** Throws `UsageError` naming the flag or variable that is wrong. */
export function readSettings(
  command: ServerCommand,
  given: GivenFlags,
  { env, workingDirectory, isTerminal, service: documented }: Surroundings,
): ReadSettings {
  const read = flagReader(command, given, env);
  const service = documented ?? {};
  const { logFormat = isTerminal ? 'text' : 'json', eventBytesMax, callTimeoutMs } = service;
  read.one('tick', wholeNumber(0, secondsMax * 1000), 0);
  read.one('persist', switchOn, true);
  read.one('postgres-max-idle-conns', wholeNumber(0, postgresConnectionsMax), 0);
  read.one('postgres-conn-max-idle-time', wholeNumber(0, minutesMax), 0);
  read.one('postgres-conn-max-lifetime', wholeNumber(0, minutesMax), 0);
  const isVerbose = read.one('verbose', switchOn, false);
  const retryIntervalS = read.one('retry-interval', wholeNumber(0, secondsMax), 0);
  const settings: Settings = {
    mode: command,
    host: read.one('host', notEmpty, service.host ?? defaultHosts[command]),
    port: read.one('port', wholeNumber(0, 65_535), service.port ?? defaultPort),
    sdkUrls: read.list('sdk-url', webAddress),
    isDiscoveryOn: command === 'dev' && !read.one('no-discovery', switchOn, false),
    isPollingOn: !read.one('no-poll', switchOn, false),
    pollIntervalMs: read.one('poll-interval', wholeNumber(1, secondsMax), 5) * 1000,
    retryIntervalMs: retryIntervalS === 0 ? null : retryIntervalS * 1000,
    queueWorkers: read.one('queue-workers', wholeNumber(1, queueWorkersMax), 100),
    ...readPlaces(command, read, workingDirectory, service),
    redisPrefix: read.one('redis-prefix', redisPrefix, service.redisPrefix ?? defaultRedisPrefix),
    postgresConnectionsMax: read.one(
      'postgres-max-open-conns',
      wholeNumber(postgresConnectionsMin, postgresConnectionsMax),
      defaultPostgresConnections,
    ),
    retention: readRetention(read),
    signingKey: command === 'start' ? readSigningKey(read, service) : null,
    eventKeys: command === 'start' ? readEventKeys(read) : [],
    ...(eventBytesMax !== undefined && { eventBytesMax }),
    ...(callTimeoutMs !== undefined && { callTimeoutMs }),
    logLevel: read.one('log-level', logLevel, isVerbose ? 'debug' : (service.logLevel ?? 'info')),
    logFormat: read.one('json', switchOn, logFormat === 'json') ? 'json' : 'text',
  };
  const isPortChosen = read.find('port').source !== null || service.port !== undefined;
  return { settings, isPortChosen };
}

/** What is needed to find and read the documents, before they are known. */
export interface DocumentPlaces {
  /** Files named by the user. */
  readonly files: readonly string[];
  /** Where to remember what was found valid; null when nothing is kept in files. */
  readonly cacheDir: string | null;
}

/** Throws `UsageError` as `readSettings` does. */
export function readDocumentPlaces(
  command: ServerCommand,
  given: GivenFlags,
  { env, workingDirectory }: Pick<Surroundings, 'env' | 'workingDirectory'>,
): DocumentPlaces {
  const read = flagReader(command, given, env);
  const { dataDir } = readPlaces(command, read, workingDirectory, {});
  return { files: read.list('functions', notEmpty), cacheDir: dataDir };
}

/**
 * Where work and history are kept. Of two contradicting wishes the flag wins, and any of them over a document; two flags
 * are refused.
 */
function readPlaces(
  command: ServerCommand,
  read: FlagReader,
  workingDirectory: string,
  service: ServiceSettings,
): Pick<Settings, 'dataDir' | 'redisUri' | 'postgresUri'> {
  const dataDir = resolve(workingDirectory, read.one('data-dir', notEmpty, defaultDataDir));
  const redisUri =
    read.one('redis-uri', redisAddress, null) ??
    documented(service.redisUri, redisAddress, 'the Redis', command);
  const postgresUri =
    read.one('postgres-uri', postgresAddress, null) ??
    documented(service.postgresUri, postgresAddress, 'datastore.service.URI', command);
  const isElsewhere = redisUri !== null && postgresUri !== null;
  const outside = { dataDir: isElsewhere ? null : dataDir, redisUri, postgresUri };
  if (!read.one('in-memory', switchOn, false)) return outside;
  const inMemory = { dataDir: null, redisUri: null, postgresUri: null };
  const memory = read.find('in-memory');
  const others = ['data-dir', 'redis-uri', 'postgres-uri']
    .map(read.find)
    .filter(({ source }) => source !== null);
  const equal = others.find(({ source }) => source === memory.source);
  if (equal) {
    throw new UsageError(
      `${memory.label} and ${equal.label} contradict each other: leave one of them out`,
      command,
    );
  }
  return memory.source === 'flag' || others.length === 0 ? inMemory : outside;
}

/** An address in a document. It is not repeated: it may hold a password. */
function documented(
  text: string | undefined,
  schema: z.ZodType<string, string>,
  label: string,
  command: ServerCommand,
): string | null {
  if (text === undefined) return null;
  const parsed = schema.safeParse(text);
  if (parsed.success) return parsed.data;
  const reason = parsed.error.issues[0]?.message ?? 'is not valid';
  throw new UsageError(`${label} in the config document ${reason}`, command);
}

/** The key as given, its prefix included: hexadecimal once the prefix is gone (§12.3). */
function readSigningKey(read: FlagReader, service: ServiceSettings): string {
  const key = read.one('signing-key', anything, service.signingKey ?? '').trim();
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

function readEventKeys(read: FlagReader): string[] {
  const keys = read.list('event-key', anything);
  if (keys.length > 0) return keys;
  throw new UsageError(
    'at least one event-key is required: any secret text, given to --event-key and to the senders',
    'start',
  );
}
