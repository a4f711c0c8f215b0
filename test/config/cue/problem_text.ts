/** How a problem is compared: path, line:column, message in one line. */
import type { Problem } from '../../../src/config/source.ts';

export function problemText({ path, position, message }: Problem): string {
  const place = position ? `${position.line}:${position.column}` : '-';
  return `${path} ${place} ${message}`;
}
