/** Where a server finds documents without being told, and what those say that are about the server itself. */
import { describe, expect, test } from 'bun:test';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type AnswerStep,
  type StepServer,
  startStepServer,
} from '../../examples/cue/step-server.ts';
import { endedProgram } from '../ended_program.ts';
import { eventually } from '../eventually.ts';
import { freePort } from '../free_port.ts';
import { hasRedis, RedisServer } from '../redis_server.ts';
import { type ServerOptions, ServerProcess, serverCommand } from '../server_process.ts';
import { hasChanged, linesOf, said } from './declared_log.ts';
import { runServer } from './declared_program.ts';
import { endedRun } from './declared_run.ts';
import { withPort } from './declared_stage.ts';
import { after, functionsText, onceAt, pathsText, stepAt } from './declared_text.ts';
import { ServerClient } from './server_client.ts';

const testDeadlineMs = 60_000;
const signingKey = '0123456789abcdef0123456789abcdef';
const eventKeyFlags = ['--event-key', 'event-key'];
const keys = ['--signing-key', signingKey, ...eventKeyFlags];

/** Held for longer than the settings allow, once. */
const slow: AnswerStep = async ({ request }) => {
  if (request.ctx.attempt === 0) await new Promise<void>(() => undefined);
  return { body: { done: true } };
};
const answers = { '/settings/slow': slow };

/** A server and steps, for tests that put documents elsewhere than into a file with a flag. */
async function withSteps(
  options: ServerOptions,
  play: (server: ServerProcess, steps: StepServer) => Promise<void>,
): Promise<void> {
  const steps = await startStepServer({ port: 0, signingKey: null, answers });
  try {
    const env = Object.entries(options.env ?? {}).map(([name, text]) => [
      name,
      withPort(text, steps.port),
    ]);
    const server = await ServerProcess.start({ ...options, env: Object.fromEntries(env) });
    try {
      await play(server, steps);
    } finally {
      await server.dispose();
    }
  } finally {
    await steps.close();
  }
}

describe('documents', () => {
  test(
    'that appear in the working directory are found; gone at the next start, their runs still end',
    () =>
      withSteps({}, async (server, steps) => {
        const text = functionsText({
          found: {
            steps: {
              a: onceAt('/found/a'),
              b: onceAt('/found/b', {
                after: [{ step: 'a', async: { event: 'found/go', ttl: '1h' } }],
              }),
              c: onceAt('/found/c', after('b')),
            },
          },
        });
        const file = join(server.directory, 'inngest.cue');
        await Bun.write(file, withPort(text, steps.port));
        await said(server, hasChanged);
        const client = new ServerClient(server.url);
        const [eventId = ''] = await client.send({ name: 'found/wanted' });
        await eventually(async () => {
          const [run] = await client.runsOf(eventId);
          return run && (await client.jobs(run.run_id)).some(({ kind }) => kind === 'timeout');
        });
        await server.stop();
        await rm(file);
        await server.restart();
        const answer = await fetch(`${server.url}/v1/apps/cue/functions`);
        expect(await answer.json()).toEqual([]);
        const [late = ''] = await client.send({ name: 'found/wanted' });
        await client.send({ name: 'found/go' });
        const run = await endedRun(client, eventId);
        expect(run.status).toBe('Completed');
        expect(steps.calls.map(({ path }) => path)).toEqual(['/found/a', '/found/b', '/found/c']);
        expect(await client.runsOf(late)).toEqual([]);
      }),
    testDeadlineMs,
  );

  test(
    'come out of INNGEST_CONFIG',
    () =>
      withSteps(
        { env: { INNGEST_CONFIG: pathsText({ variable: '/variable/only' }) } },
        async (server, steps) => {
          const client = new ServerClient(server.url);
          const [eventId = ''] = await client.send({ name: 'variable/wanted' });
          expect((await endedRun(client, eventId)).status).toBe('Completed');
          expect(steps.calls.map(({ path }) => path)).toEqual(['/variable/only']);
          await said(server, /^documents were read$/);
        },
      ),
    testDeadlineMs,
  );

  test(
    'that have not changed are not evaluated at the next start',
    () =>
      withSteps({}, async (server, steps) => {
        const text = pathsText({ cached: '/cached/as-written' });
        await Bun.write(join(server.directory, 'inngest.json'), withPort(text, steps.port));
        await server.restart();
        const folder = join(server.dataDir, 'documents');
        const [name = '', ...others] = await readdir(folder);
        expect(others).toEqual([]);
        // Whoever evaluates the document does not come to this value.
        const file = join(folder, name);
        const kept = await Bun.file(file).text();
        await server.stop();
        await Bun.write(file, kept.replace('/cached/as-written', '/cached/as-kept'));
        await server.restart();
        const client = new ServerClient(server.url);
        const [eventId = ''] = await client.send({ name: 'cached/wanted' });
        await endedRun(client, eventId);
        expect(steps.calls.map(({ path }) => path)).toEqual(['/cached/as-kept']);
      }),
    testDeadlineMs,
  );

  test(
    'that are broken at the start keep the server from it, with everything on stderr',
    async () => {
      const cwd = await mkdtemp(join(tmpdir(), 'inngest-declared-'));
      try {
        await Bun.write(
          join(cwd, 'one.json'),
          pathsText({ one: '/one' }).replace('"http"', '"docker"'),
        );
        await Bun.write(join(cwd, 'two.cue'), 'function: {\n\tid: "two"\n');
        const flags = ['--in-memory', '--port', '0', '--functions', 'one.json'];
        const command = [...(await serverCommand()), 'start', ...keys, ...flags];
        const env = { PATH: process.env.PATH ?? '' };
        const ended = await endedProgram([...command, '--functions', 'two.cue'], { cwd, env });
        expect({ exitCode: ended.exitCode, stdout: ended.stdout }).toEqual({
          exitCode: 1,
          stdout: '',
        });
        expect(ended.stderr).toMatch(
          /^one\.json:\d+:\d+: functions\.one\.steps\.only\.runtime\.type: /m,
        );
        expect(ended.stderr).toMatch(/^two\.cue:2:11: /m);
        expect(ended.stderr).toContain('the server was not started: its documents are not valid');
      } finally {
        await rm(cwd, { recursive: true, force: true });
      }
    },
    testDeadlineMs,
  );
});

describe('settings in a document', () => {
  const settings = (port: number) =>
    `config: {eventAPI: {port: ${port}, maxSize: 2048}, log: level: "error"}`;

  test(
    'are those of the server, as far as no flag says otherwise',
    async () => {
      const cwd = await mkdtemp(join(tmpdir(), 'inngest-declared-'));
      const env = { PATH: process.env.PATH ?? '' };
      const command = [...(await serverCommand()), 'dev', '--in-memory', '--no-discovery'];
      try {
        const [documented, flagged] = [await freePort(), await freePort()];
        await Bun.write(join(cwd, 'inngest.cue'), settings(documented));
        for (const [port, flags] of [
          [documented, []],
          [flagged, ['--port', String(flagged)]],
        ] as const) {
          const url = `http://127.0.0.1:${port}`;
          await using _server = await runServer([...command, ...flags], { cwd, env }, url);
          const large = await fetch(`${url}/e/key`, { method: 'POST', body: ' '.repeat(2_049) });
          expect(large.status).toBe(413);
        }
      } finally {
        await rm(cwd, { recursive: true, force: true });
      }
    },
    testDeadlineMs,
  );

  test(
    'say how much is logged, and a flag more',
    async () => {
      const env = { INNGEST_CONFIG: settings(1) };
      const quiet = await ServerProcess.start({ env });
      const talking = await ServerProcess.start({ env, args: ['--log-level', 'info'] });
      try {
        await said(talking, /server is ready/);
        expect(await linesOf(quiet)).toEqual([]);
      } finally {
        await quiet.dispose();
        await talking.dispose();
      }
    },
    testDeadlineMs,
  );

  test(
    'say how long a step may take',
    () =>
      withSteps(
        {
          env: {
            INNGEST_CONFIG: `{
              "config": {"execution": {"drivers": {"http": {"name": "http", "timeout": 1}}}},
              ${functionsText({ slow: { steps: { only: stepAt('/settings/slow') } } }).slice(1)}`,
          },
        },
        async (server, steps) => {
          const client = new ServerClient(server.url);
          const [eventId = ''] = await client.send({ name: 'slow/wanted' });
          expect((await endedRun(client, eventId)).status).toBe('Completed');
          expect(steps.calls.map(({ request }) => request.ctx.attempt)).toEqual([0, 1]);
        },
      ),
    testDeadlineMs,
  );

  const isRedisHere = hasRedis('redis');
  test.skipIf(!isRedisHere)(
    `say where the server keeps its work, and which key it has${isRedisHere ? '' : ' (skipped: Redis is not installed)'}`,
    async () => {
      const redis = await RedisServer.start();
      const service = `service: {backend: "redis", dsn: "${redis.url}"}`;
      const document = `config: {
	queue: ${service}
	state: ${service}
	execution: drivers: http: {name: "http", signingKey: "${signingKey}"}
}`;
      try {
        const env = { INNGEST_CONFIG: document };
        const server = await ServerProcess.start({ mode: 'start', args: eventKeyFlags, env });
        try {
          const [ready] = await said(server, /server is ready/);
          expect(ready).toMatchObject({ engine: 'redis', redis: redis.url });
          const url = `${server.url}/v1/apps/cue/functions`;
          const authorization = `Bearer ${signingKey}`;
          expect((await fetch(url)).status).toBe(401);
          expect((await fetch(url, { headers: { authorization } })).status).toBe(200);
        } finally {
          await server.dispose();
        }
      } finally {
        await redis.dispose();
      }
    },
    testDeadlineMs,
  );
});
