/** What a flag is: how it is called, which commands know it and what help says of it. */
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

export function envName(flag: Flag): string {
  return `INNGEST_${flag.name.replaceAll('-', '_').toUpperCase()}`;
}
