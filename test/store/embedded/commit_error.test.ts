import { expect, test } from 'bun:test';
import { CommitError, troubleText } from '../../../src/store/embedded/commit_error.ts';

const words: Readonly<Record<string, string>> = {
  SQLITE_FULL: 'is full: make room',
  ENOSPC: 'is full: make room',
  SQLITE_READONLY: 'is read-only: make it writable',
  SQLITE_READONLY_DIRECTORY: 'is read-only: make it writable',
  EROFS: 'is read-only: make it writable',
  EACCES: 'is read-only: make it writable',
  SQLITE_BUSY: 'locked: end what works on its files',
  SQLITE_CORRUPT_VTAB: 'is damaged: check the disk',
  SQLITE_NOTADB: 'is damaged: check the disk',
  database_damaged: 'is damaged: check the disk',
  directory_taken: 'another process has taken over the data directory /data: stop one of the two',
  database_gone: 'was deleted or replaced',
  ENOTDIR: 'was deleted or replaced',
  thread_ended: 'keeps ending: see the log',
  SQLITE_IOERR_FSYNC: 'fails: see the system',
  SQLITE_CANTOPEN: 'fails: see the system',
  '': 'the disk does not take writes (reason)',
};

for (const [code, text] of Object.entries(words)) {
  test(`code "${code}" is said in words, with what to do`, () => {
    const said = troubleText(new CommitError('reason', code), '/data');
    expect(said).toContain(text);
    expect(said).toEndWith('; new events are refused');
  });
}
