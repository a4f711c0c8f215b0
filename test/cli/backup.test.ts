/** `inngest backup`, `restore` and `migrate` as a user runs them: the binary, beside servers that are at work. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Run } from '../e2e/server_client.ts';
import { type Scene, Stage } from '../e2e/stage.ts';
import { type Ended, type Environment, endedProgram } from '../ended_program.ts';
import { hasRedis, RedisServer } from '../redis_server.ts';
import { serverCommand } from '../server_process.ts';
import { temporaryFolder } from './program.ts';

const stageDeadlineMs = 180_000;
const testDeadlineMs = 120_000;

/** The program, in the folder of the server; INNGEST_ variables only from `env`. */
async function run(folder: string, args: readonly string[], env: Environment = {}): Promise<Ended> {
  const command = [...(await serverCommand()), ...args];
  return endedProgram(command, { cwd: folder, env: { PATH: process.env.PATH ?? '', ...env } });
}

describe('a server at work', () => {
  let stage: Stage;
  let folder: string;

  beforeAll(async () => {
    stage = await Stage.open({ sdk: '4', adapter: 'bun', isCheckpointing: false });
    folder = stage.server.directory;
  }, stageDeadlineMs);
  afterAll(() => stage?.close(), stageDeadlineMs);

  /** Runs that sleep or wait while others keep the server busy. */
  async function park(name: string, data: Record<string, unknown> = {}) {
    const scene = stage.scene();
    const parked = await scene.start(name, data);
    await scene.whenParked(parked);
    return { scene, run: parked };
  }

  async function keepBusy(until: Promise<unknown>): Promise<void> {
    let isOver = false;
    const over = () => {
      isOver = true;
    };
    until.then(over, over);
    while (!isOver) await stage.scene().play('sequential');
  }

  async function expectCompleted({ scene, run: before }: { scene: Scene; run: Run }) {
    expect((await scene.ended(before)).status).toBe('Completed');
    expect(await scene.executed()).toEqual(['before', 'after']);
  }

  test(
    'is backed up, and a server on the restored directory completes the runs that were in flight',
    async () => {
      const sleeping = await park('sleep', { for: '10s' });
      const waiting = await park('wait-event');
      const backing = run(folder, ['backup', 'one.backup', '--data-dir', 'data', '--json']);
      await keepBusy(backing);
      const backedUp = await backing;
      expect(backedUp).toMatchObject({ exitCode: 0, stderr: '' });
      const report = JSON.parse(backedUp.stdout);
      expect(report).toMatchObject({ file: join(folder, 'one.backup') });
      expect(report.keys).toBeGreaterThan(0);
      await stage.server.kill();
      renameSync(join(folder, 'data'), join(folder, 'lost'));
      const restored = await run(folder, ['restore', 'one.backup', '--data-dir', 'data']);
      expect(restored).toMatchObject({ exitCode: 0, stderr: '' });
      expect(restored.stdout).toContain('Restored');
      await stage.server.restart();
      await waiting.scene.client.send(waiting.scene.event('approved', { by: 'me' }));
      await Promise.all([sleeping, waiting].map(expectCompleted));
      expect((await stage.scene().play('sequential')).status).toBe('Completed');
    },
    testDeadlineMs,
  );

  test('is not replaced by its own backup, and its history is backed up alone when that is asked for', async () => {
    const own = ['--data-dir', 'data', '--force'];
    const replaced = await run(folder, ['backup', 'data/store.db', ...own]);
    expect(replaced).toMatchObject({ exitCode: 1, stdout: '' });
    expect(replaced.stderr).toContain('is what a server works with: choose another name');
    const alone = await run(folder, ['backup', 'history.backup', '--history-only', ...own]);
    expect(alone).toMatchObject({ exitCode: 0, stderr: '' });
    expect(alone.stdout).toContain('This is the history only');
  });

  test('keeps its directory to itself: nothing is restored into it or moved out of it', async () => {
    await run(folder, ['backup', 'two.backup', '--data-dir', 'data']);
    const restored = await run(folder, ['restore', 'two.backup', '--data-dir=data', '--force']);
    const moved = await run(folder, ['migrate', '--from', 'data', '--to', 'redis://127.0.0.1:1']);
    for (const { exitCode, stdout, stderr } of [restored, moved]) {
      expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
      expect(stderr).toContain('Error: another inngest process is using the data directory');
    }
  });

  test.skipIf(!hasRedis('redis'))(
    `and stopped, is moved to Redis and back, and goes on where it was${hasRedis('redis') ? '' : ' (skipped: redis-server is not installed)'}`,
    async () => {
      const redis = await RedisServer.start({
        args: ['--requirepass', 's3cret'],
        urlOf: (port) => `redis://:s3cret@127.0.0.1:${port}`,
      });
      try {
        const sleeping = await park('sleep', { for: '10s' });
        expect(await stage.server.stop()).toBe(0);
        const there = await run(folder, ['migrate', '--from', 'data', '--to', redis.url, '--json']);
        expect(there).toMatchObject({ exitCode: 0, stderr: '' });
        expect(there.stdout).not.toContain('s3cret');
        rmSync(join(folder, 'data', 'store.db'));
        const back = await run(folder, ['migrate', '--from', redis.url, '--to', 'data']);
        expect(back).toMatchObject({ exitCode: 0, stderr: '' });
        expect(back.stdout).not.toContain('s3cret');
        for (const { checksum } of JSON.parse(there.stdout).groups) {
          expect(back.stdout).toContain(checksum);
        }
        await stage.server.restart();
        await expectCompleted(sleeping);
      } finally {
        await redis.dispose();
      }
    },
    testDeadlineMs,
  );
});

describe('what cannot be done', () => {
  let folder: string;

  beforeAll(() => {
    folder = temporaryFolder();
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each([
    [['backup', 'x'], {}, 'holds no database'],
    [['backup', 'x', '--history-only'], {}, 'holds no history.db'],
    [['restore', 'x'], {}, 'there is no file'],
    [['backup', 'x', '--redis-uri', 'redis://:s3cret@h'], {}, '--redis-uri is set'],
    [['backup', 'x'], { INNGEST_REDIS_URI: 'redis://:s3cret@h' }, 'INNGEST_REDIS_URI is set'],
    [['backup', 'x'], { INNGEST_REDIS_URI: 'redis://h' }, '--history-only'],
    [['migrate', '--from', 'data'], {}, '--to is required'],
    [['backup', 'x', '--history-only', '--postgres-uri', 'postgres://u:s3cret@h'], {}, 'pg_dump'],
    [
      ['backup', 'x', '--history-only'],
      { INNGEST_POSTGRES_URI: 'postgres://u:s3cret@h' },
      'pg_dump',
    ],
    [['migrate', '--from', 'a', '--to', 'b'], {}, 'inngest backup'],
    [['migrate', '--from', 'redis://h', '--to', 'redis://h'], {}, 'are the same place'],
    [['migrate', '--from', 'redis://:s3cret@', '--to', 'b'], {}, '--from is wrong'],
    [['migrate', '--from', 'redis://:s3cret@127.0.0.1:1', '--to', 'b'], {}, 'connection refused'],
    [['migrate', '--from', 'redis://h', '--to', 'b', '--from-prefix={x}'], {}, '--from-prefix'],
    [['backup', 'here'], { INNGEST_FORCE: 'perhaps' }, 'holds no database'],
  ])('%p exits with 1 and says why', async (args, env, words) => {
    const { exitCode, stdout, stderr } = await run(folder, args, env);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toContain(words);
    expect(stderr).not.toContain('s3cret');
    expect(existsSync(join(folder, 'b'))).toBe(false);
  });
});
