/** Every flag there is, and those of the Inngest CLI that there are not. */
import type { FlagCommand } from './command_name.ts';
import type { Flag } from './flag.ts';
import { serverFlags } from './server_flag.ts';
import { workFlags } from './work_flag.ts';

/** A name may be there several times, for different commands. */
export const flags: readonly Flag[] = [...serverFlags, ...workFlags];

/** Flags of the Inngest CLI that this release does not have, and what to say about them. */
export const missingFlags: ReadonlyMap<string, string> = new Map([
  [
    'config',
    'for functions or settings in CUE or JSON use --functions FILE; options files of the Inngest CLI are not read, use flags or INNGEST_ variables',
  ],
  ['connect-gateway-port', 'this release has no Connect gateway; serve the app over HTTP'],
]);

export function flagsOf(command: FlagCommand): Flag[] {
  return flags.filter((flag) => flag.commands.includes(command));
}
