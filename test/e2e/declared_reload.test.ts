/** Documents that change, break or vanish under a server that runs. */
import { describe, expect, test } from 'bun:test';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '../eventually.ts';
import { ServerProcess } from '../server_process.ts';
import { hasChanged, said } from './declared_log.ts';
import { DeclaredStage } from './declared_stage.ts';
import { after, functionsText, onceAt, pathsText } from './declared_text.ts';

const testDeadlineMs = 45_000;
/** A schedule has a tick each minute. */
const cronDeadlineMs = 80_000;
const signingKey = '0123456789abcdef0123456789abcdef';
const keys = ['--signing-key', signingKey, '--event-key', 'event-key'];

describe('in dev a document', () => {
  test.concurrent(
    'that is edited is used by the next run; functions come and go with it',
    async () => {
      const before = pathsText({ stays: '/edited/one', leaves: '/edited/leaves' });
      const stage = await DeclaredStage.open('embedded', { 'live.json': before });
      try {
        await stage.write('live.json', pathsText({ stays: '/edited/two', comes: '/edited/comes' }));
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
      const text = (n: number) => pathsText({ replaced: `/replaced/${n}` });
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
    'that is edited while a run is under way says how the run goes on',
    async () => {
      const text = (steps: Readonly<Record<string, unknown>>) =>
        functionsText({ long: { steps: { a: onceAt('/long/a'), ...steps } } });
      const stage = await DeclaredStage.open('embedded', {
        'live.json': text({
          b: onceAt('/long/old', after('a')),
          gone: onceAt('/long/gone', after('a')),
        }),
      });
      try {
        stage.holdNext('/long/a');
        const eventId = await stage.send({ name: 'long/wanted' });
        await stage.whenHeld(['/long/a']);
        await stage.write(
          'live.json',
          text({
            b: onceAt('/long/new', { after: [{ step: 'a', if: 'response.status == 200' }] }),
            more: onceAt('/long/more', after('b')),
          }),
        );
        await said(stage.server, hasChanged);
        stage.release('/long/a');
        const run = await stage.endedOne(eventId);
        expect(run.status).toBe('Completed');
        const called = stage.callsOf(run).map(({ path }) => path);
        expect(called).toEqual(['/long/a', '/long/new', '/long/more']);
      } finally {
        await stage.close();
      }
    },
    testDeadlineMs,
  );

  test.concurrent(
    'that was named and is deleted leaves its functions as they are, and says so',
    async () => {
      const document = pathsText({ deleted: '/deleted/only' });
      const stage = await DeclaredStage.open('embedded', { 'live.json': document });
      try {
        await rm(join(stage.directory, 'live.json'));
        await said(stage.server, /live\.json: .*not exist/);
        await said(stage.server, /the functions read before stay/);
        const run = await stage.endedOne(await stage.send({ name: 'deleted/wanted' }));
        expect(run.status).toBe('Completed');
        await stage.write('live.json', pathsText({ deleted: '/deleted/back' }));
        await said(stage.server, hasChanged);
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
        { 'live.json': pathsText({ hung: '/hung/one' }) },
        {},
        { isKeyed: true },
      );
      const { server } = stage;
      const hangUp = () => void process.kill(server.pid, 'SIGHUP');
      try {
        await stage.write('live.json', pathsText({ hung: '/hung/two' }));
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
