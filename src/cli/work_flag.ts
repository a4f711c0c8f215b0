/**
 * The flags of the commands that do one piece of work and end. Where help says different things of a flag for different
 * commands, it stands here more than once.
 */
import type { Flag } from './flag.ts';

const archive = ['backup', 'restore'] as const;
const documents = ['validate', 'eval'] as const;
const work = [...documents, 'init', 'backup', 'restore', 'migrate'] as const;

export const workFlags: readonly Flag[] = [
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
