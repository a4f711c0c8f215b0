/**
 * What a command answers, before it becomes a Lua value: an integer, a bulk string, nil, an array or a
 * status. Failures are thrown as `CommandError`.
 */
export type CommandReply = number | string | null | Status | readonly CommandReply[];

/** A simple string reply, which Lua sees as a table with the field `ok`. */
export class Status {
  constructor(readonly text: string) {}
}

export const ok = new Status('OK');

/** A command refused its arguments or its key. The message starts with Redis' error code. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

export const wrongType = (): CommandError =>
  new CommandError('WRONGTYPE Operation against a key holding the wrong kind of value');
export const syntaxError = (): CommandError => new CommandError('ERR syntax error');
export const notAnInteger = (): CommandError =>
  new CommandError('ERR value is not an integer or out of range');
export const notAFloat = (): CommandError => new CommandError('ERR value is not a valid float');
/** A number of arguments that a command finds wrong itself, whatever its least number is. */
export const wrongArity = (name: string): CommandError =>
  new CommandError(`ERR wrong number of arguments for '${name}' command`);
/** Redis has it, the embedded engine does not: no script of `lua/` uses it. */
export const notAvailable = (what: string): CommandError =>
  new CommandError(`ERR ${what} is not available in the embedded engine`);
/** A script's text as a status: one line, and C's text ends with its first zero byte. */
export const asLine = (text: string): string =>
  text
    .split('\0', 1)
    .join('')
    .replace(/[\r\n]/g, ' ');

/** A script's text as an error. */
export const asErrorText = (text: string): string => asLine(text.replace(/[\r\n]+$/, ''));
