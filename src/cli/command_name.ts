/** The commands there are. */

/** Those that run a server. */
export type ServerCommand = 'dev' | 'start';

export type CommandName = ServerCommand | 'version' | 'help';

export const commandNames: readonly CommandName[] = ['dev', 'start', 'version', 'help'];
