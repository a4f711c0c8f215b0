/** The commands there are. */

/** Those that run a server. */
export type ServerCommand = 'dev' | 'start';

/** Those that do one piece of work and end. */
export type WorkCommand = 'validate' | 'init' | 'eval' | 'backup' | 'restore' | 'migrate';

/** Those that have flags. */
export type FlagCommand = ServerCommand | WorkCommand;

export type CommandName = FlagCommand | 'version' | 'help';

export const commandNames: readonly CommandName[] = [
  'dev',
  'start',
  'validate',
  'init',
  'eval',
  'backup',
  'restore',
  'migrate',
  'version',
  'help',
];

/** A word that a command takes besides its flags. */
export interface CommandWord {
  readonly name: string;
  /** `any`: as many as there are, or none; only of the last word. */
  readonly count: 'one' | 'optional' | 'any';
}

export const commandWords: Readonly<Record<FlagCommand, readonly CommandWord[]>> = {
  dev: [],
  start: [],
  validate: [{ name: 'FILE', count: 'any' }],
  init: [{ name: 'FILE', count: 'optional' }],
  eval: [{ name: 'FILE', count: 'any' }],
  backup: [{ name: 'FILE', count: 'one' }],
  restore: [{ name: 'FILE', count: 'one' }],
  migrate: [],
};

/** As usage lines show it: `FILE`, `[FILE]`, `[FILE...]`. */
export function wordText({ name, count }: CommandWord): string {
  if (count === 'one') return name;
  return count === 'optional' ? `[${name}]` : `[${name}...]`;
}
