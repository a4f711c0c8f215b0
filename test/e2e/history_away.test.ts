/** A history database that hangs: the compiled server says so, goes on with its work, ends in time and loses nothing. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { SQL } from 'bun';
import { eventually } from '../eventually.ts';
import { hasPostgres, PostgresServer } from '../postgres_server.ts';
import { ServerProcess } from '../server_process.ts';

const deadlineMs = 120_000;
/** Callers do not wait for longer than this for a word. */
const answerMsMax = 15_000;
/** Without calls in flight there is nothing to wait for but history. */
const endMsMax = 15_000;

const suite = hasPostgres() ? describe : describe.skip;

suite(`a PostgreSQL that hangs${hasPostgres() ? '' : ' (skipped: it is not installed)'}`, () => {
  let postgres: PostgresServer;
  let uri: string;
  let server: ServerProcess;
  let databases = 0;

  beforeAll(async () => {
    postgres = await PostgresServer.start();
  });
  afterAll(() => postgres.dispose());
  beforeEach(async () => {
    uri = await postgres.createDatabase(`away_${++databases}`);
    server = await ServerProcess.start({ args: ['--postgres-uri', uri] });
  }, deadlineMs);
  afterEach(async () => {
    postgres.unpause();
    await server.dispose();
  });

  async function ask(path: string, body?: string) {
    const beganAtMs = performance.now();
    const answer = await fetch(`${server.url}${path}`, {
      ...(body !== undefined && { method: 'POST', body }),
      signal: AbortSignal.timeout(answerMsMax),
    });
    const text = await answer.text();
    const retryAfter = answer.headers.get('retry-after');
    return { status: answer.status, retryAfter, text, tookMs: performance.now() - beganAtMs };
  }

  const send = (data: unknown = {}) => ask('/e/key', JSON.stringify({ name: 'test/away', data }));
  const whenReady = (status: number, word: RegExp) =>
    eventually(
      async () => {
        const ready = await ask('/ready');
        return ready.status === status && word.test(ready.text) ? ready : null;
      },
      { deadlineMs: 40_000, intervalMs: 250, what: `/ready with ${status} and ${word}` },
    );

  /** Asks the database itself. */
  async function whenRecorded(count: number): Promise<void> {
    const admin = new SQL({ url: uri, max: 1 });
    const query = `SELECT count(*)::int AS n FROM inngest_history.events WHERE name = 'test/away'`;
    await eventually(async () => (await admin.unsafe(query))[0]?.n === count, {
      deadlineMs: 60_000,
      intervalMs: 100,
      what: `${count} events in history`,
    });
    await admin.close();
  }

  test(
    'readiness says so, reads are refused in time, events are taken, and all is there when it goes on',
    async () => {
      expect((await send()).status).toBe(200);
      await whenRecorded(1);
      expect((await ask('/ready')).status).toBe(200);
      await postgres.pause();
      expect((await send()).status).toBe(200);
      const reads = [ask('/v1/events'), ask('/v1/runs/01K00000000000000000000000')];
      for (const read of await Promise.all(reads)) {
        expect(read).toMatchObject({ status: 503, retryAfter: expect.stringMatching(/^\d+$/) });
      }
      const unready = await whenReady(503, /written|writes/);
      expect(unready.text).toMatch(/history (does not answer reads|cannot be read)/);
      expect(unready.retryAfter).toMatch(/^\d+$/);
      const taken = await send();
      expect([taken.status, taken.tookMs < 1_000]).toEqual([200, true]);
      postgres.unpause();
      await whenRecorded(3);
      await whenReady(200, /OK/);
      expect((await ask('/v1/events')).status).toBe(200);
    },
    deadlineMs,
  );

  test(
    'what waits for it is bounded, the server ends when it is asked to, and the next start carries everything over',
    async () => {
      await postgres.pause();
      const pad = 'x'.repeat(900_000);
      let accepted = 0;
      let refused: Awaited<ReturnType<typeof send>> | undefined;
      // 256 MiB and what is on its way when they are reached.
      while (refused === undefined && accepted < 400) {
        const answers = await Promise.all(Array.from({ length: 10 }, () => send({ pad })));
        accepted += answers.filter(({ status }) => status === 200).length;
        refused = answers.find(({ status }) => status !== 200);
      }
      expect(refused).toMatchObject({ status: 503, retryAfter: expect.stringMatching(/^\d+$/) });
      expect(accepted).toBeGreaterThan(250);
      expect((await ask('/ready')).text).toContain('new events are refused');
      const askedAtMs = performance.now();
      expect(await server.stop()).toBe(0);
      expect(performance.now() - askedAtMs).toBeLessThan(endMsMax);
      postgres.unpause();
      await server.restart();
      await whenRecorded(accepted);
      await whenReady(200, /OK/);
      expect((await send()).status).toBe(200);
    },
    deadlineMs,
  );
});
