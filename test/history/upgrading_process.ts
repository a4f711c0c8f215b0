/** Opens a history file and says each step of the upgrade, so that a test can kill it there. */
import { writeSync } from 'node:fs';
import { openSqliteForWriting } from '../../src/history/sqlite/sqlite_database.ts';

const path = process.argv[2] ?? '';
const database = openSqliteForWriting({ kind: 'sqlite', path, synchronous: 'FULL' }, (_, message) =>
  writeSync(1, `${message}\n`),
);
await database.close();
