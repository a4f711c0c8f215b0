/** What went wrong, in words and with what to do: Redis' refusals, the disk's, everything else as it explains itself. */
import { ErrorReply } from 'redis';
import { reasonText } from '../redis/redis_fault.ts';

const advices: Readonly<Record<string, string>> = {
  EACCES: 'permission denied; run the command as the user of the server, or choose another place',
  EPERM: 'permission denied; run the command as the user of the server, or choose another place',
  ENOSPC: 'the disk is full; free some space, or choose another place',
  EDQUOT: 'the quota of this user is used up; free some space, or choose another place',
  EROFS: 'the disk is read-only; choose another place',
};

export function failureText(error: unknown): string {
  if (error instanceof ErrorReply) return reasonText(error);
  if (!(error instanceof Error)) return String(error);
  const advice = 'code' in error ? advices[String(error.code)] : undefined;
  if (advice === undefined || !('syscall' in error)) return sqliteFailureText(error.message);
  const path = 'path' in error && typeof error.path === 'string' ? ` ${error.path}` : '';
  return `cannot ${String(error.syscall)}${path}: ${advice}`;
}

/** SQLite has words of its own for the same troubles. */
export function sqliteFailureText(message: string): string {
  if (message.includes('disk is full'))
    return `${message}: free some space, or choose another place`;
  if (message.includes('readonly')) {
    return `${message}: run the command as the user of the server, who may write beside it`;
  }
  return message;
}
