/** The databases that history is tested on: each test gets an empty one. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { History } from '../../src/history/history.ts';
import { openHistory } from '../../src/history/open_history.ts';
import { hasPostgres, PostgresServer } from '../postgres_server.ts';

export interface HistoryUnderTest {
  readonly history: History;
  dispose(): Promise<void>;
}

export interface TestDatabase {
  /** With the reason when it cannot be tested here. */
  readonly name: string;
  readonly isHere: boolean;
  open(): Promise<HistoryUnderTest>;
  /** Ends what all its tests share. */
  end(): Promise<void>;
}

const sqliteFile: TestDatabase = {
  name: 'SQLite in a file',
  isHere: true,
  async open() {
    const folder = mkdtempSync(join(tmpdir(), 'inngest-test-'));
    const history = await openHistory({ kind: 'sqlite', path: join(folder, 'history.db') });
    const dispose = async () => {
      await history.close();
      rmSync(folder, { recursive: true });
    };
    return { history, dispose };
  },
  end: async () => undefined,
};

const sqliteInMemory: TestDatabase = {
  name: 'SQLite for the time being',
  isHere: true,
  async open() {
    const history = await openHistory({ kind: 'sqlite', path: null });
    return { history, dispose: () => history.close() };
  },
  end: async () => undefined,
};

function postgres(): TestDatabase {
  const isHere = hasPostgres();
  let server: Promise<PostgresServer> | null = null;
  let databases = 0;
  return {
    name: isHere ? 'PostgreSQL' : 'PostgreSQL (skipped: PostgreSQL 15 is not installed)',
    isHere,
    async open() {
      server ??= PostgresServer.start();
      databases += 1;
      const uri = await (await server).createDatabase(`history_${databases}`);
      const history = await openHistory({ kind: 'postgres', uri, connectionsMax: 4 });
      return { history, dispose: () => history.close() };
    },
    async end() {
      await (await server)?.dispose();
      server = null;
    },
  };
}

export function testDatabases(): readonly TestDatabase[] {
  return [sqliteFile, sqliteInMemory, postgres()];
}
