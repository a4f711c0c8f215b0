/** A PostgreSQL that hangs or is locked: whoever asks hears so in time, and goes on when it is back. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { SQL } from 'bun';
import { openHistory } from '../../src/history/open_history.ts';
import { PostgresClient } from '../../src/history/postgres/postgres_client.ts';
import { PostgresSink } from '../../src/history/postgres/postgres_source.ts';
import { Writer } from '../../src/history/writer.ts';
import { eventually } from '../eventually.ts';
import { hasPostgres, PostgresServer } from '../postgres_server.ts';
import { endedFact, eventFact, scheduledFact, textsOf } from './facts.ts';

const reason = hasPostgres() ? '' : ' (skipped: PostgreSQL 15 is not installed)';
const deadlineMs = 30_000;

describe.skipIf(!hasPostgres())(`a PostgreSQL that hangs${reason}`, () => {
  let server: PostgresServer;
  let uri: string;

  beforeAll(async () => {
    server = await PostgresServer.start();
    uri = await server.createDatabase('hanging');
  });
  afterAll(() => server.dispose());

  const open = (connectionsMax: number, statementMsMax = 300) =>
    new PostgresClient({ uri, connectionsMax, statementMsMax });
  const failureOf = async (work: Promise<unknown>) => {
    const beganAtMs = performance.now();
    const error = await work.then(
      () => null,
      (caught: Error) => caught,
    );
    return { message: error?.message ?? 'none', tookMs: performance.now() - beganAtMs };
  };

  /** Whether somebody waits for the lock of this transaction. */
  const whenWaiting = (tx: Bun.TransactionSQL) =>
    eventually(async () => {
      const query = `SELECT count(*)::int AS n FROM pg_locks WHERE NOT granted`;
      return (await tx.unsafe(query))[0]?.n > 0;
    });

  test('a statement that takes too long is broken off by the server, and others are not harmed', async () => {
    const client = open(2);
    const [slow, quick] = await Promise.all([
      failureOf(client.ask('SELECT pg_sleep(9)', [])),
      client.ask<{ n: number }[]>('SELECT 1 AS n', []),
    ]);
    expect(slow.message).toContain('statement timeout');
    expect(slow.tookMs).toBeLessThan(1_500);
    expect(quick[0]?.n).toBe(1);
    await client.close();
  });

  test(
    'statements and transactions fail in time, closing ends, and a client goes on when the server does',
    async () => {
      const [reading, writing, closing] = [open(2), open(1), open(1, 60_000)];
      for (const client of [reading, writing, closing]) await client.ask('SELECT 1', []);
      await server.pause();
      try {
        // Longer than the server is given to say so itself.
        const silentMsMax = 3_500;
        const asked = Promise.all([1, 2, 3].map(() => failureOf(reading.ask('SELECT 1', []))));
        const begun = failureOf(writing.transaction((tx) => tx.ask('SELECT 1', [])));
        const unclosed = failureOf(closing.ask('SELECT 1', []));
        const closed = await failureOf(closing.close());
        expect(closed).toMatchObject({ message: 'none' });
        expect((await unclosed).tookMs).toBeLessThan(silentMsMax);
        for (const { message, tookMs } of [...(await asked), await begun]) {
          expect(message).toMatch(/no answer within|closed/i);
          expect(tookMs).toBeLessThan(silentMsMax);
        }
      } finally {
        server.unpause();
      }
      const read = await reading.ask<{ n: number }[]>('SELECT 2 AS n', []);
      const written = await writing.transaction((tx) =>
        tx.ask<{ n: number }[]>('SELECT 3 AS n', []),
      );
      expect([read[0]?.n, written[0]?.n]).toEqual([2, 3]);
      await Promise.all([reading.close(), writing.close()]);
    },
    deadlineMs,
  );

  test('a transaction takes as long as it needs while its statements are answered', async () => {
    const client = open(1);
    await client.transaction(async (tx) => {
      for (let n = 0; n < 14; n += 1) await tx.ask('SELECT pg_sleep(0.2)', []);
    });
    await client.close();
  });

  test('a locked table keeps nobody waiting for ever', async () => {
    const client = open(2);
    const other = new SQL({ url: uri, max: 1 });
    await other.unsafe('CREATE TABLE locked (n int)');
    await other.begin(async (tx) => {
      await tx.unsafe('LOCK TABLE locked IN ACCESS EXCLUSIVE MODE');
      const failures = await Promise.all(
        [1, 2, 3, 4].map(() => failureOf(client.ask('SELECT * FROM locked', []))),
      );
      for (const { message } of failures) expect(message).toContain('statement timeout');
    });
    expect(await client.ask<unknown[]>('SELECT * FROM locked', [])).toHaveLength(0);
    await Promise.all([client.close(), other.close()]);
  });

  test('whoever gives a list up has the answer at once, and leaves the connection to others', async () => {
    const history = await openHistory({ kind: 'postgres', uri, connectionsMax: 3 });
    const other = new SQL({ url: uri, max: 1 });
    await other.begin(async (tx) => {
      await tx.unsafe('LOCK TABLE inngest_history.runs IN ACCESS EXCLUSIVE MODE');
      const giveUp = new AbortController();
      const query = {
        timeField: 'queued',
        orderBy: 'queued',
        direction: 'desc',
        limit: 5,
      } as const;
      const lists = [1, 2, 3].map(() => failureOf(history.runs(query, giveUp.signal)));
      const counted = failureOf(history.countRuns({ timeField: 'queued' }, giveUp.signal));
      await whenWaiting(tx);
      giveUp.abort(new Error('gone'));
      for (const { message } of await Promise.all([...lists, counted]))
        expect(message).toBe('gone');
      const read = await Promise.race([history.event('e'), Bun.sleep(2_000).then(() => 'late')]);
      expect(read).toBeNull();
    });
    await Promise.all([history.close(), other.close()]);
  });

  test('servers that write take turns, so that the same rows in different orders cannot deadlock', async () => {
    const clients = [open(1, 5_000), open(1, 5_000)] as const;
    const [a, b] = [
      new PostgresSink(clients[0], clients[0]),
      new PostgresSink(clients[1], clients[1]),
    ];
    const order: string[] = [];
    let other: Promise<void> = Promise.resolve();
    await a.transaction(async (tx) => {
      other = b.transaction(async () => void order.push('the other'));
      await eventually(async () => {
        const query = `SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'advisory'`;
        return (await tx.all(query)).length === 1;
      });
      order.push('the first');
    });
    await other;
    expect(order).toEqual(['the first', 'the other']);
    await Promise.all(clients.map((client) => client.close()));
  });

  test(
    'the writer of a database that hangs closes in time, and what it had been given can be given again',
    async () => {
      const place = { kind: 'postgres', uri } as const;
      const writer = new Writer({ place });
      await writer.open();
      await server.pause();
      const recorded = failureOf(writer.record(textsOf([scheduledFact()])));
      const closed = await failureOf(writer.close());
      server.unpause();
      expect(closed.message).toContain('did not close within 5 s');
      expect(closed.tookMs).toBeLessThan(6_000);
      expect((await recorded).message).toContain('did not close');
      const history = await openHistory({ kind: 'postgres', uri, connectionsMax: 3 });
      await eventually(async () => {
        await history.record(textsOf([scheduledFact(), endedFact()]));
        return true;
      });
      expect(await history.run('run-1')).toMatchObject({ status: 'Completed' });
      await history.close();
    },
    deadlineMs,
  );

  test('ids and names with half a character are kept as what can be kept of them', async () => {
    const history = await openHistory({ kind: 'postgres', uri, connectionsMax: 3 });
    const half = '\ud800';
    const [runId, internalId] = [`run ${half}`, `event ${half}`];
    await history.record(textsOf([scheduledFact({ runId }), eventFact({ internalId })]));
    expect(await history.run(runId)).toMatchObject({ runId: 'run \ufffd' });
    expect(await history.event(internalId)).toMatchObject({ internalId: 'event \ufffd' });
    expect(await history.eventsById([internalId])).toHaveLength(1);
    await history.close();
  });
});
