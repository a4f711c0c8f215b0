/** Documents that change, break, vanish or come from elsewhere, under a server that runs. */
import { describe, expect, test } from 'bun:test';
import { mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startStepServer } from '../../examples/cue/step-server.ts';
import { eventually } from '../eventually.ts';
import { freePort } from '../free_port.ts';
import { type ServerOptions, ServerProcess, serverCommand } from '../server_process.ts';
import { runProgram, runServer } from './declared_program.ts';
import { DeclaredStage, withPort } from './declared_stage.ts';
import { after, functionsText, onceAt } from './declared_text.ts';
import { hasEnded, ServerClient } from './server_client.ts';

const testDeadlineMs = 45_000;
/** A schedule has a tick each minute. */
const cronDeadlineMs = 80_000;
const signingKey = '0123456789abcdef0123456789abcdef';
const keys = ['--signing-key', signingKey, '--event-key', 'event-key'];

/** Functions of one step each, by their ids, with the paths of the steps. */
function paths(functions: Readonly<Record<string, string>>): string {
  const entries = Object.entries(functions).map(
    ([id, path]) => [id, { steps: { only: onceAt(path) } }] as const,
  );
  return functionsText(Object.fromEntries(entries));
}

interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

async function linesOf(server: ServerProcess): Promise<LogLine[]> {
  const text = await server.logs();
  // The server's own log; what is not JSON is no line of it.
  return text
    .split('\n')
    .filter((line) => line.startsWith('{') && line.endsWith('}'))
    .map((line) => JSON.parse(line) as LogLine);
}

/** The lines that say it, once there are that many. */
function said(server: ServerProcess, message: RegExp, count = 1): Promise<LogLine[]> {
  return eventually(
    async () => {
      const found = (await linesOf(server)).filter(({ msg }) => message.test(msg));
      return found.length >= count && found;
    },
    { what: `${count} log line(s) like ${message}` },
  );
}

const hasChanged = /^functions in documents have changed$/;

describe('in dev a document', () => {
  test.concurrent(
    'that is edited is used by the next run; functions come and go with it',
    async () => {
      const before = paths({ stays: '/edited/one', leaves: '/edited/leaves' });
      const stage = await DeclaredStage.open('embedded', { 'live.json': before });
      try {
        await stage.write('live.json', paths({ stays: '/edited/two', comes: '/edited/comes' }));
        const [line] = await said(stage.server, hasChanged);
        expect(line).toMatchObject({
          added: ['cue-comes'],
          changed: ['cue-stays'],
          removed: ['cue-leaves'],
        });
        const gone = await stage.send({ name: 'leaves/wanted', data: {} });
        const [stays, comes] = [
          await stage.send({ name: 'stays/wanted', data: {} }),
          await stage.send({ name: 'comes/wanted', data: {} }),
        ];
        const runs = [await stage.endedOne(stays), await stage.endedOne(comes)];
        const called = runs.flatMap((run) => stage.callsOf(run).map(({ path }) => path));
        expect(called).toEqual(['/edited/two', '/edited/comes']);
        expect(await stage.client.runsOf(gone)).toEqual([]);
      } finally {
        await stage.close();
      }
    },
    testDeadlineMs,
  );

  test.concurrent(
    'that another file takes the place of is read again, every time',
    async () => {
      const text = (n: number) => paths({ replaced: `/replaced/${n}` });
      const stage = await DeclaredStage.open('embedded', { 'live.json': text(0) });
      try {
        for (const n of [1, 2, 3]) {
          await stage.write('live.json.new', text(n));
          await rename(join(stage.directory, 'live.json.new'), join(stage.directory, 'live.json'));
          await said(stage.server, hasChanged, n);
          const run = await stage.endedOne(await stage.send({ name: 'replaced/wanted', data: {} }));
          expect(stage.callsOf(run).map(({ path }) => path)).toEqual([`/replaced/${n}`]);
        }
      } finally {
        await stage.close();
      }
    },
    testDeadlineMs,
  );

  test.concurrent(
    'that is broken is told of with its place and changes nothing until it is mended',
    async () => {
      const text = (more: string, path: string) => `package main

import defs "inngest.com/defs/v1"

function: defs.#Function & {
	id:   "broken"
	name: "Breaks"
	${more}
	triggers: [{event: "broken/wanted"}]
	steps: only: runtime: {type: "http", url: "http://127.0.0.1:9000${path}"}
}
`;
      const stage = await DeclaredStage.open('embedded', { 'live.cue': text('', '/broken/good') });
      const play = async () => {
        const run = await stage.endedOne(await stage.send({ name: 'broken/wanted', data: {} }));
        return stage.callsOf(run).map(({ path }) => path);
      };
      try {
        await stage.write('live.cue', text('retires: 3', '/broken/unused'));
        const [problem] = await said(stage.server, /live\.cue:8:2: .*retires/);
        expect(problem?.level).toBe('warn');
        await said(stage.server, /documents are not valid: the functions read before stay/);
        expect(await play()).toEqual(['/broken/good']);
        await stage.write('live.cue', text('', '/broken/mended'));
        await said(stage.server, hasChanged);
        expect(await play()).toEqual(['/broken/mended']);
      } finally {
        await stage.close();
      }
    },
    testDeadlineMs,
  );

  test.concurrent(
    'that has gone takes its schedules with it',
    async () => {
      const everyMinute = (path: string) => ({
        triggers: [{ cron: '* * * * *' }],
        steps: { only: onceAt(path) },
      });
      const kept = { kept: everyMinute('/cron/kept') };
      const both = { ...kept, gone: everyMinute('/cron/gone') };
      const stage = await DeclaredStage.open(
        'embedded',
        { 'live.json': functionsText(both) },
        {},
        { args: ['--log-level', 'debug'] },
      );
      try {
        await stage.write('live.json', functionsText(kept));
        await said(stage.server, hasChanged);
        const calls = stage.steps.calls.length;
        await eventually(
          async () =>
            stage.steps.calls.slice(calls).some(({ path }) => path === '/cron/kept') &&
            (await stage.server.logs()).includes('a schedule is gone'),
          { deadlineMs: cronDeadlineMs, what: 'the next tick' },
        );
        expect(stage.steps.calls.slice(calls).map(({ path }) => path)).not.toContain('/cron/gone');
      } finally {
        await stage.close();
      }
    },
    cronDeadlineMs,
  );
});

describe('a server that is told SIGHUP', () => {
  test.concurrent(
    'reads its documents again, and often asked still serves',
    async () => {
      const stage = await DeclaredStage.open(
        'embedded',
        { 'live.json': paths({ hung: '/hung/one' }) },
        {},
        { isKeyed: true },
      );
      const { server } = stage;
      const hangUp = () => void process.kill(server.pid, 'SIGHUP');
      try {
        await stage.write('live.json', paths({ hung: '/hung/two' }));
        hangUp();
        await said(server, hasChanged);
        for (let times = 0; times < 20; times += 1) hangUp();
        await said(server, /documents were read again and have not changed/);
        await stage.write('live.json', '{"functions": {"hung": 5}}');
        hangUp();
        await said(server, /live\.json:1:\d+: functions\.hung/);
        const run = await stage.endedOne(await stage.send({ name: 'hung/wanted', data: {} }));
        expect(stage.callsOf(run).map(({ path }) => path)).toEqual(['/hung/two']);
        expect(await server.stop()).toBe(0);
      } finally {
        await stage.close();
      }
    },
    testDeadlineMs,
  );

  test.concurrent(
    'goes on without documents',
    async () => {
      const server = await ServerProcess.start({ mode: 'start', args: keys });
      try {
        process.kill(server.pid, 'SIGHUP');
        await said(server, /there are no documents to read again/);
        expect(await server.isHealthy()).toBe(true);
      } finally {
        await server.dispose();
      }
    },
    testDeadlineMs,
  );
});

/** A server and steps, for tests that put documents elsewhere than into a file with a flag. */
async function withSteps(
  options: ServerOptions,
  play: (
    server: ServerProcess,
    steps: Awaited<ReturnType<typeof startStepServer>>,
  ) => Promise<void>,
): Promise<void> {
  const steps = await startStepServer({ port: 0, signingKey: null });
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

async function endedRun(client: ServerClient, eventId: string) {
  return await eventually(
    async () => {
      const [run] = await client.runsOf(eventId);
      return run !== undefined && hasEnded(run) && run;
    },
    { deadlineMs: testDeadlineMs, what: `the end of the run of ${eventId}` },
  );
}

describe('documents', () => {
  test.concurrent(
    'are found in the working directory; gone at the next start, their runs still end',
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
        await server.restart();
        const client = new ServerClient(server.url);
        const [eventId = ''] = await client.send({ name: 'found/wanted', data: {} });
        await eventually(async () => {
          const [run] = await client.runsOf(eventId);
          return run && (await client.jobs(run.run_id)).some(({ kind }) => kind === 'timeout');
        });
        await server.stop();
        await rm(file);
        await server.restart();
        const answer = await fetch(`${server.url}/v1/apps/cue/functions`);
        expect(await answer.json()).toEqual([]);
        const [late = ''] = await client.send({ name: 'found/wanted', data: {} });
        await client.send({ name: 'found/go', data: {} });
        const run = await endedRun(client, eventId);
        expect(run.status).toBe('Completed');
        expect(steps.calls.map(({ path }) => path)).toEqual(['/found/a', '/found/b', '/found/c']);
        expect(await client.runsOf(late)).toEqual([]);
      }),
    testDeadlineMs,
  );

  test.concurrent(
    'come out of INNGEST_CONFIG',
    () =>
      withSteps(
        { env: { INNGEST_CONFIG: paths({ variable: '/variable/only' }) } },
        async (server, steps) => {
          const client = new ServerClient(server.url);
          const [eventId = ''] = await client.send({ name: 'variable/wanted', data: {} });
          expect((await endedRun(client, eventId)).status).toBe('Completed');
          expect(steps.calls.map(({ path }) => path)).toEqual(['/variable/only']);
          await said(server, /^documents were read$/);
        },
      ),
    testDeadlineMs,
  );

  test.concurrent(
    'that have not changed are not evaluated at the next start',
    () =>
      withSteps({}, async (server, steps) => {
        const text = paths({ cached: '/cached/as-written' });
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
        const [eventId = ''] = await client.send({ name: 'cached/wanted', data: {} });
        await endedRun(client, eventId);
        expect(steps.calls.map(({ path }) => path)).toEqual(['/cached/as-kept']);
      }),
    testDeadlineMs,
  );

  test.concurrent(
    'that are broken at the start keep the server from it, with everything on stderr',
    async () => {
      const cwd = await mkdtemp(join(tmpdir(), 'inngest-declared-'));
      try {
        await Bun.write(
          join(cwd, 'one.json'),
          paths({ one: '/one' }).replace('"http"', '"docker"'),
        );
        await Bun.write(join(cwd, 'two.cue'), 'function: {\n\tid: "two"\n');
        const flags = ['--in-memory', '--port', '0', '--functions', 'one.json'];
        const command = [...(await serverCommand()), 'start', ...keys, ...flags];
        const env = { PATH: process.env.PATH ?? '' };
        const ended = await runProgram([...command, '--functions', 'two.cue'], { cwd, env });
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

  test.concurrent(
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

  test.concurrent(
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
});
