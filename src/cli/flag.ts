/**
 * Every flag: what it is called, which commands know it and what help says of it. Where it says different things for
 * different commands it stands here more than once. Names are those of the Inngest CLI (reference/http-api.md §12.2).
 */

import type { FlagCommand } from './command_name.ts';

export interface Flag {
  readonly name: string;
  readonly short?: string;
  /** A switch is on when named; a list may be repeated and its values split on commas. */
  readonly kind: 'switch' | 'value' | 'list';
  /** What stands for the value in help, for example SECONDS. */
  readonly placeholder?: string;
  readonly help: string;
  readonly commands: readonly FlagCommand[];
  /** An older spelling, accepted but not shown. */
  readonly alias?: string;
  /** Another environment variable that sets it, besides its own. */
  readonly alsoEnv?: string;
  /** No environment variable sets it: it is meant for one call. */
  readonly hasNoEnv?: boolean;
  /** Accepted, but help is silent about it. */
  readonly isHidden?: boolean;
  /** Its value is not repeated in an error. */
  readonly isSecret?: boolean;
}

const both = ['dev', 'start'] as const;
const dev = ['dev'] as const;
const start = ['start'] as const;
const archive = ['backup', 'restore'] as const;
const documents = ['validate', 'eval'] as const;
const work = [...documents, 'init', 'backup', 'restore', 'migrate'] as const;

export const flags: readonly Flag[] = [
  {
    name: 'sdk-url',
    short: 'u',
    kind: 'list',
    placeholder: 'URL',
    commands: both,
    help: 'URL of an app, for example http://localhost:3000/api/inngest. Repeat for more.',
  },
  {
    name: 'functions',
    kind: 'list',
    placeholder: 'FILE',
    commands: both,
    help: 'CUE or JSON document of functions or settings; repeat for more. Without it: inngest.cue or inngest.json here, those in /etc and /etc/inngest, INNGEST_CONFIG.',
  },
  {
    name: 'port',
    short: 'p',
    kind: 'value',
    placeholder: 'PORT',
    commands: both,
    help: 'Port to listen on (default 8288; 0 takes any free one).',
  },
  {
    name: 'host',
    kind: 'value',
    placeholder: 'HOST',
    commands: both,
    help: 'Address to listen on (default 127.0.0.1 for dev, 0.0.0.0 for start).',
  },
  {
    name: 'signing-key',
    kind: 'value',
    placeholder: 'KEY',
    commands: start,
    help: 'Hexadecimal key shared with the apps. Required.',
  },
  {
    name: 'event-key',
    kind: 'list',
    placeholder: 'KEY',
    commands: start,
    help: 'Key that senders of events present. At least one. Repeat for more.',
  },
  {
    name: 'data-dir',
    kind: 'value',
    placeholder: 'DIR',
    commands: both,
    alias: 'sqlite-dir',
    help: 'Folder of the databases (default .inngest in the current folder). With --redis-uri it holds history only; with --postgres-uri as well it is not used.',
  },
  {
    name: 'redis-uri',
    kind: 'value',
    placeholder: 'URI',
    commands: both,
    isSecret: true,
    help: 'Keep queue and runs in Redis 7 or Valkey 8 and later instead of the data directory, so that several servers can share the work: redis://, rediss:// (TLS), unix://, redis+sentinel:// or redis+cluster://.',
  },
  {
    name: 'redis-prefix',
    kind: 'value',
    placeholder: 'NAME',
    commands: both,
    help: 'What the keys in Redis begin with (default inngest): several installations can share one Redis.',
  },
  {
    name: 'postgres-uri',
    kind: 'value',
    placeholder: 'URI',
    commands: both,
    isSecret: true,
    help: 'Keep the history of events, runs and traces in PostgreSQL instead of the data directory: postgres://user:password@host:5432/database.',
  },
  {
    name: 'postgres-max-open-conns',
    kind: 'value',
    placeholder: 'COUNT',
    commands: both,
    help: 'Connections to PostgreSQL at most, 3 to 1000 (default 10): one writes, one searches, the others read.',
  },
  {
    name: 'postgres-max-idle-conns',
    kind: 'value',
    placeholder: 'COUNT',
    commands: both,
    help: 'Accepted and without effect, as are --postgres-conn-max-idle-time and --postgres-conn-max-lifetime.',
  },
  {
    name: 'postgres-conn-max-idle-time',
    kind: 'value',
    placeholder: 'MINUTES',
    commands: both,
    isHidden: true,
    help: 'Accepted and without effect.',
  },
  {
    name: 'postgres-conn-max-lifetime',
    kind: 'value',
    placeholder: 'MINUTES',
    commands: both,
    isHidden: true,
    help: 'Accepted and without effect.',
  },
  {
    name: 'retention',
    kind: 'value',
    placeholder: 'AGE',
    commands: both,
    help: 'How long history is kept, for example 12h, 30d or 8w (default 30d); off keeps everything. Runs count from their end.',
  },
  {
    name: 'retention-events',
    kind: 'value',
    placeholder: 'AGE',
    commands: both,
    help: 'The same for events only.',
  },
  {
    name: 'retention-runs',
    kind: 'value',
    placeholder: 'AGE',
    commands: both,
    help: 'The same for runs only; their traces go with them.',
  },
  {
    name: 'retention-traces',
    kind: 'value',
    placeholder: 'AGE',
    commands: both,
    help: 'The same for the traces of ended runs only: at most as long as the runs.',
  },
  {
    name: 'in-memory',
    kind: 'switch',
    commands: both,
    help: 'Write nothing to disk: everything is gone when the server ends.',
  },
  {
    name: 'persist',
    kind: 'switch',
    commands: both,
    help: 'Accepted and without effect: the server is durable unless told otherwise.',
  },
  {
    name: 'no-discovery',
    kind: 'switch',
    commands: dev,
    help: 'Do not look for apps on local ports.',
  },
  {
    name: 'no-poll',
    kind: 'switch',
    commands: dev,
    help: 'Do not ask known apps again for changed functions.',
  },
  {
    name: 'poll-interval',
    kind: 'value',
    placeholder: 'SECONDS',
    commands: both,
    help: 'Pause between two looks at an app (default 5).',
  },
  {
    name: 'retry-interval',
    kind: 'value',
    placeholder: 'SECONDS',
    commands: both,
    help: 'The same delay before every retry; 0, the default, keeps the backoff table.',
  },
  {
    name: 'queue-workers',
    kind: 'value',
    placeholder: 'COUNT',
    commands: both,
    help: 'Steps that may be under way at the same time (default 100).',
  },
  {
    name: 'tick',
    kind: 'value',
    placeholder: 'MS',
    commands: both,
    help: 'Accepted and without effect: the queue is woken when there is work, it does not poll.',
  },
  {
    name: 'json',
    kind: 'switch',
    commands: both,
    help: 'Log JSON lines; the default when stderr is not a terminal.',
  },
  {
    name: 'log-level',
    short: 'l',
    kind: 'value',
    placeholder: 'LEVEL',
    commands: both,
    alsoEnv: 'LOG_LEVEL',
    help: 'debug, info, warn or error (default info).',
  },
  {
    name: 'verbose',
    short: 'v',
    kind: 'switch',
    commands: both,
    help: 'The same as --log-level debug.',
  },
  {
    name: 'data-dir',
    kind: 'value',
    placeholder: 'DIR',
    commands: archive,
    alias: 'sqlite-dir',
    help: 'Folder of the databases (default .inngest in the current folder).',
  },
  {
    name: 'redis-uri',
    kind: 'value',
    placeholder: 'URI',
    commands: ['backup'],
    isSecret: true,
    help: 'Refused with advice: a Redis is backed up by its own means.',
  },
  {
    name: 'postgres-uri',
    kind: 'value',
    placeholder: 'URI',
    commands: ['backup'],
    isSecret: true,
    help: 'Says that the history is in PostgreSQL, which is backed up by its own means.',
  },
  {
    name: 'from',
    kind: 'value',
    placeholder: 'PLACE',
    commands: ['migrate'],
    isSecret: true,
    help: 'Where queue and runs are now: a data directory or a Redis URI. Required. It is not changed.',
  },
  {
    name: 'to',
    kind: 'value',
    placeholder: 'PLACE',
    commands: ['migrate'],
    isSecret: true,
    help: 'Where they are to be: a data directory or a Redis URI. Required.',
  },
  {
    name: 'redis-prefix',
    kind: 'value',
    placeholder: 'NAME',
    commands: ['migrate'],
    help: 'What the keys in Redis begin with (default inngest).',
  },
  {
    name: 'from-prefix',
    kind: 'value',
    placeholder: 'NAME',
    commands: ['migrate'],
    help: 'The same for --from only.',
  },
  {
    name: 'to-prefix',
    kind: 'value',
    placeholder: 'NAME',
    commands: ['migrate'],
    help: 'The same for --to only.',
  },
  {
    name: 'data-dir',
    kind: 'value',
    placeholder: 'DIR',
    commands: ['migrate'],
    alias: 'sqlite-dir',
    help: 'Folder of the history of the servers on Redis: copied to a directory that has none.',
  },
  {
    name: 'force',
    kind: 'switch',
    hasNoEnv: true,
    commands: ['backup'],
    help: 'Replace FILE if it exists.',
  },
  {
    name: 'history-only',
    kind: 'switch',
    hasNoEnv: true,
    commands: ['backup'],
    help: 'Back up the history without queue and runs: all that servers on Redis have in their folder.',
  },
  {
    name: 'force',
    kind: 'switch',
    hasNoEnv: true,
    commands: ['restore'],
    help: 'Move databases that are there already into a folder beside them. Nothing is deleted.',
  },
  {
    name: 'force',
    kind: 'switch',
    hasNoEnv: true,
    commands: ['migrate'],
    help: 'Clear the destination: keys in Redis under its prefix are deleted, a database is moved aside. Servers at work are refused in any case.',
  },
  {
    name: 'data-dir',
    kind: 'value',
    placeholder: 'DIR',
    hasNoEnv: true,
    commands: documents,
    alias: 'sqlite-dir',
    help: 'Remember there what was found valid, as a server with that folder does: unchanged documents are then checked in no time. Otherwise nothing is written.',
  },
  {
    name: 'functions',
    kind: 'list',
    placeholder: 'FILE',
    commands: documents,
    isHidden: true,
    help: 'The same as FILE: what servers are told by.',
  },
  {
    name: 'show-secrets',
    kind: 'switch',
    hasNoEnv: true,
    commands: ['eval'],
    help: 'Print signing keys and passwords as they are.',
  },
  {
    name: 'force',
    kind: 'switch',
    hasNoEnv: true,
    commands: ['init'],
    help: 'Replace FILE if it exists.',
  },
  {
    name: 'json',
    kind: 'switch',
    commands: work,
    help: 'Print the outcome as JSON.',
  },
];

/** Flags of the Inngest CLI that this release does not have, and what to say about them. */
export const missingFlags: ReadonlyMap<string, string> = new Map([
  [
    'config',
    'for functions or settings in CUE or JSON use --functions FILE; options files of the Inngest CLI are not read, use flags or INNGEST_ variables',
  ],
  ['connect-gateway-port', 'this release has no Connect gateway; serve the app over HTTP'],
]);

export function envName(flag: Flag): string {
  return `INNGEST_${flag.name.replaceAll('-', '_').toUpperCase()}`;
}

export function flagsOf(command: FlagCommand): Flag[] {
  return flags.filter((flag) => flag.commands.includes(command));
}
