/**
 * Whether the log of a store may be trusted. SQLite would take a log that is broken in the middle for a shorter one.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf, takenCode } from '../embedded/commit_error.ts';
import { DamagedDatabaseError } from '../embedded/damage.ts';
import { databasePath } from '../embedded/database.ts';
import { lockDirectory } from '../embedded/directory_lock.ts';
import { checkWriteAheadLog } from '../embedded/write_ahead_log.ts';

/**
 * Throws `DamagedDatabaseError`. While a server writes to the log, it cannot be judged from outside, and need not be:
 * the server knows by itself what is in it, and the rows are checked when the copy is read.
 *
 * Whether a server does, only its lock tells, and asking for that makes a server fail which starts at this moment. It
 * is asked for a log that looks damaged twice: nobody writes to it, or its server has the lock, or it is damaged and
 * a server would refuse it in any case.
 */
export function checkLog(dataDir: string, check = checkWriteAheadLog): void {
  const path = databasePath(dataDir);
  const first = damageOf(path, check);
  if (first === null) return;
  const second = damageOf(path, check);
  // Something else is wrong now, or nothing is: it was written to between the two.
  if (second?.message !== first.message || isInUse(dataDir)) return;
  const last = damageOf(path, check);
  if (last !== null) throw last;
}

function damageOf(path: string, check: typeof checkWriteAheadLog): DamagedDatabaseError | null {
  try {
    check(path);
    return null;
  } catch (error) {
    if (error instanceof DamagedDatabaseError) return error;
    throw error;
  }
}

/** Only that somebody has the lock says so: where it cannot be had for another reason, nobody is known to write. */
function isInUse(dataDir: string): boolean {
  // Not made here: it would belong to whoever makes backups.
  if (!existsSync(join(dataDir, 'store.lock'))) return false;
  try {
    lockDirectory(dataDir).release();
    return false;
  } catch (error) {
    return codeOf(error) === takenCode;
  }
}
