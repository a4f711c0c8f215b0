import type { CommandName } from './command_name.ts';

/** What was typed (or set in the environment) cannot be carried out. The message says what to do instead. */
export class UsageError extends Error {
  readonly code = 'usage';
  override readonly name = 'UsageError';

  constructor(
    message: string,
    /** Whose usage to show; null for the list of commands. */
    readonly command: CommandName | null,
    readonly exitCode: 1 | 3 = 1,
  ) {
    super(message);
  }
}
