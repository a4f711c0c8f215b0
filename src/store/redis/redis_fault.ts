/**
 * What Redis' refusals and broken connections mean: for a person in words, for the store as one of a few kinds.
 */
import { ErrorReply, SocketClosedUnexpectedlyError } from 'redis';

/** Something only whoever runs the server can put right: a password, a permission, a certificate, a version. */
export class RedisSetupError extends Error {
  readonly code = 'redis_setup';
  override readonly name = 'RedisSetupError';
}

/** Redis answers, and says that it cannot do the work now. The text says what to do. */
const refusals: Readonly<Record<string, string>> = {
  OOM: 'Redis has used all its memory (maxmemory); give it more',
  MISCONF: 'Redis cannot save its data to disk and refuses writes; see its log and free disk space',
  READONLY: 'this Redis is a read-only replica; point the URI at the master',
  MASTERDOWN: 'this Redis is a replica that lost its master; point the URI at the master',
  NOREPLICAS: 'Redis has fewer replicas than min-replicas-to-write asks for; bring them back',
  LOADING: 'Redis is loading its data into memory',
  BUSY: "Redis is busy with somebody's long script; SCRIPT KILL ends it",
  CLUSTERDOWN: 'the Redis Cluster is down: some hash slots have no master',
  TRYAGAIN: 'the Redis Cluster is moving our hash slot to another node',
  MOVED: 'the Redis Cluster has moved our hash slot to another node',
  ASK: 'the Redis Cluster is moving our hash slot to another node',
  NOSCRIPT: 'Redis forgot a script right after it was loaded',
  NOAUTH: 'Redis asks for a password; put it into the URI (redis://:password@host)',
  WRONGPASS: 'Redis refuses the user or password of the URI',
  NOPERM:
    'the Redis user lacks a permission (it needs the commands +@all, the keys ~PREFIX* and the channels &PREFIX:*, ' +
    'where PREFIX is our key prefix, {inngest} by default)',
};
/** The connection leads to a node that will not do our work any more; another one will. */
const misplaced = new Set(['READONLY', 'MASTERDOWN', 'MOVED']);
const setupCodes = new Set(['NOAUTH', 'WRONGPASS', 'NOPERM']);
const certificateCode = /CERT|SELF_SIGNED|UNABLE_TO_|ALTNAME/;
const raisedInScript = / script: [0-9a-f]{40}, on @user_script:(\d+)\.$/;

export type Fault =
  | { readonly kind: 'script'; readonly message: string; readonly line: number | null }
  | {
      readonly kind: 'refused';
      readonly code: string;
      readonly text: string;
      readonly isMisplaced: boolean;
    }
  | { readonly kind: 'broken'; readonly text: string };

/** What a failed command means. */
export function faultOf(error: unknown): Fault {
  if (!(error instanceof ErrorReply)) return { kind: 'broken', text: reasonText(error) };
  const code = /^[A-Z]+/.exec(error.message)?.[0] ?? '';
  const text = refusals[code];
  if (text !== undefined) {
    const detail = code === 'NOPERM' ? `: ${error.message.replace(raisedInScript, '')}` : '';
    return { kind: 'refused', code, text: text + detail, isMisplaced: misplaced.has(code) };
  }
  const line = raisedInScript.exec(error.message)?.[1];
  return {
    kind: 'script',
    message: error.message.replace(raisedInScript, ''),
    line: line === undefined ? null : Number(line),
  };
}

/** Why trying again is of no use, or null when it may be. */
export function setupProblem(error: unknown): string | null {
  if (error instanceof RedisSetupError) return error.message;
  const fault = faultOf(error);
  if (fault.kind === 'refused') return setupCodes.has(fault.code) ? fault.text : null;
  // Answers to AUTH, SELECT and CLUSTER that have no code of their own.
  if (fault.kind === 'script') {
    const text = fault.message.replace(/^ERR /, '');
    return text.startsWith('max number of clients') ? null : `Redis refuses: ${text}`;
  }
  const code = codeOf(error);
  if (certificateCode.test(code)) {
    return `the certificate of Redis is not trusted (${code}); name its authority with ?ca=FILE`;
  }
  return code === 'EACCES' ? 'this user may not open the socket of Redis' : null;
}

/** A connection's failure in a few words. */
export function reasonText(error: unknown): string {
  if (error instanceof ErrorReply) {
    const fault = faultOf(error);
    return fault.kind === 'script' ? fault.message : fault.text;
  }
  if (error instanceof SocketClosedUnexpectedlyError) return 'it closed the connection';
  const known: Readonly<Record<string, string>> = {
    ECONNREFUSED: 'connection refused',
    ECONNRESET: 'the connection was reset',
    ENOTFOUND: 'its host name is not known',
    EAI_AGAIN: 'its host name cannot be looked up now',
    ENOENT: 'its socket does not exist',
    ETIMEDOUT: 'the connection timed out',
    EHOSTUNREACH: 'its host cannot be reached',
    ENETUNREACH: 'its network cannot be reached',
  };
  const words = known[codeOf(error)];
  if (words !== undefined) return words;
  return error instanceof Error ? error.message : String(error);
}

function codeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  if (!(error instanceof Error)) return '';
  return 'code' in error && typeof error.code === 'string' ? error.code : '';
}
