/** What commands that put databases into a directory say about it: what was there before, and whose they are. */
import type { Installed } from '../store/image/staging.ts';

/** Lines, or nothing. */
export function installedText({ replaced, ownerAdvice }: Installed): string {
  const aside = replaced === null ? '' : `What was there before is in ${replaced}.\n`;
  return aside + (ownerAdvice === null ? '' : `${ownerAdvice}\n`);
}
