/** Documents that change, break or vanish under a server that runs. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ServerProcess } from '../server_process.ts';
import { hasChanged, type LogLine, linesOf, said } from './declared_log.ts';
import { DeclaredStage } from './declared_stage.ts';
import { after, functionsText, onceAt, pathsText } from './declared_text.ts';

const testDeadlineMs = 60_000;
const file = 'live.cue';
const signingKey = '0123456789abcdef0123456789abcdef';
const keys = ['--signing-key', signingKey, '--event-key', 'event-key'];

describe('in dev a document', () => {
  let stage: DeclaredStage;

  beforeAll(async () => {
    stage = await DeclaredStage.open('embedded', { [file]: pathsText({ first: '/first' }) });
  }, testDeadlineMs);
  afterAll(() => stage?.close(), testDeadlineMs);

  /** Resolves with what the log says of it when the functions are those of the document. */
  async function put(text: string, write = () => stage.write(file, text)): Promise<LogLine> {
    const before = (await linesOf(stage.server)).filter(({ msg }) => hasChanged.test(msg)).length;
    await write();
    const lines = await said(stage.server, hasChanged, before + 1);
    const last = lines.at(-1);
    if (last === undefined) throw new Error('the log said less than before');
    return last;
  }

  /** The paths that are called for an event that starts one run. */
  async function play(name: string): Promise<string[]> {
    const run = await stage.endedOne(await stage.send({ name }));
    expect(run.status).toBe('Completed');
    return stage.callsOf(run).map(({ path }) => path);
  }

  test(
    'that is edited is used by the next run; functions come and go with it',
    async () => {
      await put(pathsText({ stays: '/edited/one', leaves: '/edited/leaves' }));
      expect(await put(pathsText({ stays: '/edited/two', comes: '/edited/comes' }))).toMatchObject({
        added: ['cue-comes'],
        changed: ['cue-stays'],
        removed: ['cue-leaves'],
      });
      const gone = await stage.send({ name: 'leaves/wanted' });
      expect(await play('stays/wanted')).toEqual(['/edited/two']);
      expect(await play('comes/wanted')).toEqual(['/edited/comes']);
      expect(await stage.client.runsOf(gone)).toEqual([]);
    },
    testDeadlineMs,
  );

  test(
    'that another file takes the place of is read again, every time',
    async () => {
      for (const n of [1, 2, 3]) {
        const text = pathsText({ replaced: `/replaced/${n}` });
        await put(text, async () => {
          await stage.write(`${file}.new`, text);
          await rename(join(stage.directory, `${file}.new`), join(stage.directory, file));
        });
        expect(await play('replaced/wanted')).toEqual([`/replaced/${n}`]);
      }
    },
    testDeadlineMs,
  );

  test(
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
      await put(text('', '/broken/good'));
      await stage.write(file, text('retires: 3', '/broken/unused'));
      const [problem] = await said(stage.server, /live\.cue:8:2: .*retires/);
      expect(problem?.level).toBe('warn');
      expect(await play('broken/wanted')).toEqual(['/broken/good']);
      await put(text('', '/broken/mended'));
      expect(await play('broken/wanted')).toEqual(['/broken/mended']);
    },
    testDeadlineMs,
  );

  test(
    'that is edited while a run is under way says how the run goes on',
    async () => {
      const text = (steps: Readonly<Record<string, Readonly<Record<string, unknown>>>>) =>
        functionsText({ long: { steps: { a: onceAt('/long/a'), ...steps } } });
      await put(
        text({ b: onceAt('/long/old', after('a')), gone: onceAt('/long/gone', after('a')) }),
      );
      stage.holdNext('/long/a');
      const eventId = await stage.send({ name: 'long/wanted' });
      await stage.whenHeld(['/long/a']);
      await put(
        text({
          b: onceAt('/long/new', { after: [{ step: 'a', if: 'response.status == 200' }] }),
          more: onceAt('/long/more', after('b')),
        }),
      );
      stage.release('/long/a');
      const run = await stage.endedOne(eventId);
      expect(run.status).toBe('Completed');
      const called = stage.callsOf(run).map(({ path }) => path);
      expect(called).toEqual(['/long/a', '/long/new', '/long/more']);
    },
    testDeadlineMs,
  );

  test(
    'that was named and is deleted leaves its functions as they are, and says so',
    async () => {
      await put(pathsText({ deleted: '/deleted/first' }));
      await rm(join(stage.directory, file));
      await said(stage.server, /live\.cue: there is no such file/);
      expect(await play('deleted/wanted')).toEqual(['/deleted/first']);
      await put(pathsText({ deleted: '/deleted/second' }));
      expect(await play('deleted/wanted')).toEqual(['/deleted/second']);
    },
    testDeadlineMs,
  );

  test(
    'that never comes to an end is refused, and runs go on meanwhile',
    async () => {
      const runaway = `package main

import defs "inngest.com/defs/v1"

function: defs.#Function & {
	let n = [${Array.from({ length: 40 }, (_, index) => index).join(', ')}]
	let cells = [ for a in n for b in n for c in n for d in n for e in n {a + b + c + d + e}]
	id:          "meanwhile"
	name:        "Never comes to an end"
	concurrency: len(cells)
	triggers: [{event: "meanwhile/wanted"}]
	steps: only: runtime: {type: "http", url: "http://127.0.0.1:9000/meanwhile/runaway"}
}
`;
      await put(pathsText({ meanwhile: '/meanwhile/good' }));
      await stage.write(file, runaway);
      const refused = said(stage.server, /live\.cue: evaluating it takes longer than \d+ s/);
      let isOver = false;
      const end = () => {
        isOver = true;
      };
      refused.then(end, end);
      // One after the other for as long as it takes.
      while (!isOver) expect(await play('meanwhile/wanted')).toEqual(['/meanwhile/good']);
      await refused;
      await put(pathsText({ meanwhile: '/meanwhile/mended' }));
      expect(await play('meanwhile/wanted')).toEqual(['/meanwhile/mended']);
    },
    testDeadlineMs,
  );
});

describe('a server that is told SIGHUP', () => {
  test(
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

  test(
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
