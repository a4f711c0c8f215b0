/** History in PostgreSQL: servers that share it, a database that goes away, and what errors do not show. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { SQL } from 'bun';
import { openHistory } from '../../src/history/open_history.ts';
import { eventually } from '../eventually.ts';
import { hasPostgres, PostgresServer } from '../postgres_server.ts';
import {
  callEndedFact,
  endedFact,
  eventFact,
  scheduledFact,
  startedFact,
  textsOf,
} from './facts.ts';

const reason = hasPostgres() ? '' : ' (skipped: PostgreSQL 15 is not installed)';

describe.skipIf(!hasPostgres())(`history in PostgreSQL${reason}`, () => {
  let server: PostgresServer;
  let databases = 0;

  beforeAll(async () => {
    server = await PostgresServer.start();
  });
  afterAll(() => server.dispose());

  const open = (uri: string) => openHistory({ kind: 'postgres', uri, connectionsMax: 3 });
  const newDatabase = () => server.createDatabase(`shared_${++databases}`);
  const newest = { timeField: 'queued', orderBy: 'queued', direction: 'desc', limit: 10 } as const;

  test('servers that start at once make one database, and write the same runs without harm', async () => {
    const uri = await newDatabase();
    const servers = await Promise.all([open(uri), open(uri), open(uri)]);
    const runIds = Array.from({ length: 40 }, (_, n) => `run-${n}`);
    const batches = [
      runIds.map((runId) => scheduledFact({ runId })),
      runIds.toReversed().map((runId) => startedFact({ runId })),
      runIds.flatMap((runId) => [endedFact({ runId }), callEndedFact({ runId })]),
      [...runIds.map((runId) => scheduledFact({ runId })), eventFact()],
    ];
    const writing = servers.flatMap((history, n) =>
      batches.map((_, i) => history.record(textsOf(batches[(i + n) % batches.length] ?? []))),
    );
    await Promise.all(writing);
    const [history] = servers;
    expect(await history?.countRuns({ timeField: 'queued', statuses: ['Completed'] })).toBe(40);
    expect(await history?.factsOf('run-7')).toHaveLength(1);
    await Promise.all(servers.map((each) => each.close()));
  });

  test('servers that prune at once delete everything once', async () => {
    const uri = await newDatabase();
    const servers = await Promise.all([open(uri), open(uri)]);
    const runIds = Array.from({ length: 200 }, (_, n) => `run-${n}`);
    const facts = runIds.flatMap((runId) => [scheduledFact({ runId }), endedFact({ runId })]);
    await servers[0]?.record(textsOf(facts));
    const cutoffs = { eventsBeforeMs: 1, runsBeforeMs: 99_000, tracesBeforeMs: null };
    let deleted = 0;
    await eventually(async () => {
      const pruned = await Promise.all(servers.map((history) => history.prune(cutoffs)));
      for (const { runs } of pruned) deleted += runs;
      return pruned.every(({ runs }) => runs === 0);
    });
    expect(deleted).toBe(200);
    await Promise.all(servers.map((each) => each.close()));
  });

  test('tables of others in the same database are left alone', async () => {
    const uri = await newDatabase();
    const admin = new SQL({ url: uri, max: 1 });
    await admin.unsafe('CREATE TABLE runs (x int); CREATE TABLE events (x int)');
    const history = await open(uri);
    await history.record(textsOf([eventFact(), scheduledFact()]));
    expect((await history.runs(newest)).runs).toHaveLength(1);
    expect(await admin.unsafe('SELECT * FROM runs')).toHaveLength(0);
    await history.close();
    await admin.close();
  });

  test('a database of a newer server is refused', async () => {
    const uri = await newDatabase();
    await (await open(uri)).close();
    const admin = new SQL({ url: uri, max: 1 });
    await admin.unsafe('UPDATE inngest_history.version SET version = 99');
    await admin.close();
    await expect(open(uri)).rejects.toThrow('version 99');
  });

  test('history is unavailable while the database is away, and goes on when it is back', async () => {
    const uri = await newDatabase();
    const history = await open(uri);
    await history.record(textsOf([scheduledFact()]));
    expect((await history.runs({ ...newest, query: 'event.id != "a"' })).runs).toBeDefined();
    await server.stop();
    const failures = await Promise.allSettled([
      history.record(textsOf([endedFact()])),
      history.run('run-1'),
      history.runs({ ...newest, query: 'event.id == "a"' }),
    ]);
    for (const failure of failures)
      expect(failure).toMatchObject({ reason: { code: 'history_unavailable' } });
    await server.resume();
    await eventually(async () => {
      await history.record(textsOf([endedFact()]));
      return true;
    });
    expect(await history.run('run-1')).toMatchObject({ status: 'Completed' });
    expect((await history.runs({ ...newest, query: 'event.id == "a"' })).runs).toEqual([]);
    await history.close();
  });

  test('no error shows the password', async () => {
    const errors = await Promise.all(
      [
        server.urlOf('missing'),
        server.urlOf('postgres').replace('p%40ss', 'wr0ng'),
        'postgres://inngest:s3cret@127.0.0.1:1/db',
        'mysql://inngest:s3cret@127.0.0.1:1/db',
        'postgres://inngest:s3cret@host:port/db',
        's3cret',
      ].map((uri) =>
        open(uri).then(
          () => null,
          (error: Error) => error,
        ),
      ),
    );
    for (const error of errors) {
      const shown = Bun.inspect(error);
      expect(shown).toMatch(/PostgreSQL/);
      for (const secret of ['p@ss', 'p%40ss', 'wr0ng', 's3cret'])
        expect(shown).not.toContain(secret);
    }
  });
});
