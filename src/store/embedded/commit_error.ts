/** Why a batch could not be made durable, and what that means in words for whoever runs the server. */

export class CommitError extends Error {
  override readonly name = 'CommitError';

  /** `code`: SQLite's, the system's, or one of ours; '' when there is none. */
  constructor(
    message: string,
    readonly code: string,
  ) {
    super(message);
  }
}

/** The database file, its log or the lock was deleted or replaced while the server ran. */
export const goneCode = 'database_gone';
/** Another process has the directory. */
export const takenCode = 'directory_taken';
/** The thread that writes ended. */
export const threadCode = 'thread_ended';

/** The code of what was thrown, or ''. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error) || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}

interface Trouble {
  readonly codes: RegExp;
  readonly text: (dataDir: string) => string;
}

const troubles: readonly Trouble[] = [
  {
    codes: /^(SQLITE_FULL|ENOSPC|EDQUOT)/,
    text: (dataDir) =>
      `the disk of the data directory ${dataDir} is full: make room, the server then goes on by itself`,
  },
  {
    codes: /^(SQLITE_READONLY|SQLITE_PERM|SQLITE_AUTH|EROFS|EACCES|EPERM)/,
    text: (dataDir) =>
      `the data directory ${dataDir} is read-only: make it writable for this server's user`,
  },
  {
    codes: /^(SQLITE_BUSY|SQLITE_LOCKED)/,
    text: (dataDir) =>
      `another program keeps the database in ${dataDir} locked: end what works on its files`,
  },
  {
    codes: /^(SQLITE_CORRUPT|SQLITE_NOTADB|database_damaged)/,
    text: (dataDir) =>
      `the database in ${dataDir} is damaged: check the disk; what is in memory is sound, so move store.db* away while the ` +
      'server runs and it writes them anew',
  },
  {
    codes: new RegExp(`^${takenCode}`),
    text: (dataDir) =>
      `another process has taken over the data directory ${dataDir}: stop one of the two; this one has writes that are ` +
      'not on disk',
  },
  {
    codes: new RegExp(`^${goneCode}|^ENOENT|^ENOTDIR`),
    text: (dataDir) =>
      `the data directory ${dataDir} was deleted or replaced and cannot be made again: make it possible to create it`,
  },
  {
    codes: new RegExp(`^${threadCode}`),
    text: () => 'the thread that writes to disk keeps ending: see the log, and restart the server',
  },
  {
    codes: /^(SQLITE_IOERR|SQLITE_CANTOPEN|EIO)/,
    text: (dataDir) =>
      `the disk of the data directory ${dataDir} fails: see the system's log, check disk and mount`,
  },
];

/** What is wrong and what to do, for a batch that failed with this error. */
export function troubleText({ code, message }: CommitError, dataDir: string): string {
  const known = troubles.find(({ codes }) => codes.test(code));
  return `${known?.text(dataDir) ?? `the disk does not take writes (${message})`}; new events are refused`;
}
