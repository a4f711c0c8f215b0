/** What may be given as the address of a PostgreSQL, and how it is shown. */
import { z } from 'zod';

const schemes: ReadonlySet<string> = new Set(['postgres:', 'postgresql:']);

export const postgresAddress = z
  .string()
  .trim()
  .refine((text) => schemes.has(URL.parse(text)?.protocol ?? ''), {
    message: 'must be a PostgreSQL URI such as postgres://user:password@host:5432/database',
    abort: true,
  })
  .refine((text) => !isTorn(text), {
    message: 'has a user or password with one of # / ? in it: write them as %23 %2F %3F',
  });

/** Such a character ends the host's part, and what is left of the password would be taken for the host. */
function isTorn(text: string): boolean {
  const parsed = URL.parse(text);
  return parsed !== null && /#|@/.test(parsed.pathname + parsed.search + parsed.hash);
}

/** The address without user, password and parameters, which may be secret. */
export function redactPostgresUri(uri: string): string {
  const parsed = URL.parse(uri);
  return parsed === null ? 'PostgreSQL' : `${parsed.protocol}//${parsed.host}${parsed.pathname}`;
}
