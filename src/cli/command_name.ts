/** The commands there are. */

/** Those that run a server. */
export type ServerCommand = 'dev' | 'start';

/** Those that do one piece of work and end. */
export type WorkCommand = 'backup' | 'restore' | 'migrate';

/** Those that have flags. */
export type FlagCommand = ServerCommand | WorkCommand;

export type CommandName = FlagCommand | 'version' | 'help';

export const commandNames: readonly CommandName[] = [
  'dev',
  'start',
  'backup',
  'restore',
  'migrate',
  'version',
  'help',
];

/** The words that a command takes besides its flags; all of them are required. */
export const commandWords: Readonly<Record<FlagCommand, readonly string[]>> = {
  dev: [],
  start: [],
  backup: ['FILE'],
  restore: ['FILE'],
  migrate: [],
};
