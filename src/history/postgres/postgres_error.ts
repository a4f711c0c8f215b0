/** What PostgreSQL's errors mean, and how they are told without the password that is in the address. */
import { RowsRefusedError } from '../sql/source.ts';

/** Serialization failure, deadlock. */
const lostRaces: ReadonlySet<string> = new Set(['40001', '40P01']);

/** Classes of codes about the values themselves: data exception, program limit exceeded. */
const refusals = /^(22|54)/;

export class PostgresFailure extends Error {
  override readonly name = 'PostgresFailure';
  constructor(
    message: string,
    /** SQLSTATE; null when the server did not answer. */
    readonly state: string | null,
  ) {
    super(message);
  }
}

/** Without `cause`: the client's own error may hold what it was given. */
export function safeError(error: unknown, uri: string): Error {
  if (error instanceof PostgresFailure || error instanceof RowsRefusedError) return error;
  const state = stateOf(error);
  const message = withoutSecrets(error instanceof Error ? error.message : String(error), uri);
  if (state !== null && refusals.test(state)) return new RowsRefusedError(message);
  return new PostgresFailure(message, state);
}

export function isLostRace(error: unknown): boolean {
  return error instanceof PostgresFailure && error.state !== null && lostRaces.has(error.state);
}

/** An address as logs may show it. */
export function shownAddress(uri: string): string {
  const url = URL.parse(uri);
  return url === null ? 'PostgreSQL' : `PostgreSQL at ${url.host}${url.pathname}`;
}

/** Throws an error that does not repeat the address: it may be nothing but a password. */
export function checkAddress(uri: string): void {
  const protocol = URL.parse(uri)?.protocol;
  if (protocol === 'postgres:' || protocol === 'postgresql:') return;
  throw new Error(
    'the PostgreSQL address must look like postgres://user:password@host:5432/database; write special characters of the password as %40 and the like',
  );
}

function stateOf(error: unknown): string | null {
  if (!(error instanceof Error) || !('errno' in error)) return null;
  return typeof error.errno === 'string' ? error.errno : null;
}

function withoutSecrets(message: string, uri: string): string {
  const password = URL.parse(uri)?.password ?? '';
  const secrets = [uri, password, decoded(password)].filter((secret) => secret !== '');
  return secrets.reduce((text, secret) => text.replaceAll(secret, '***'), message);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}
