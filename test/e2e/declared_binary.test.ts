/**
 * The compiled binary alone in an empty folder: what is embedded (schema, both CUE engines, the starter) has to be found
 * there. It is skipped when the tests run the sources, which have everything beside them.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { chmod, copyFile, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { startStepServer } from '../../examples/cue/step-server.ts';
import { type Ended, endedProgram } from '../ended_program.ts';
import { freePort } from '../free_port.ts';
import { serverCommand } from '../server_process.ts';
import { runServer } from './declared_program.ts';
import { endedRun } from './declared_run.ts';
import { withPort } from './declared_stage.ts';
import { ServerClient } from './server_client.ts';

const buildDeadlineMs = 180_000;
/** One after the other: several engines at once take each other's time, and evaluations have a limit. */
const testDeadlineMs = 45_000;
/** What an evaluation may take by its own limit, and a busy machine's share. */
const runawayMsMax = 30_000;

const head = `package main

import defs "inngest.com/defs/v1"

function: defs.#Function & {`;

/** What is wrong stands in line 7 and after it: the head has five lines. */
const broken = {
  'syntax.cue': `${head}
	id: "syntax"
	name "no colon"
}
`,
  'conflict.cue': `${head}
	id:          "conflict"
	name:        "Conflicts"
	concurrency: -1
	retires:     3
	triggers: [{event: "a/b"}]
	steps: only: runtime: {type: "docker", url: "http://127.0.0.1:9000/only"}
}
`,
  'incomplete.cue': `${head}
	id: "incomplete"
	triggers: [{event: "a/b"}]
	steps: only: runtime: {type: "http"}
}
`,
  'rules.cue': `${head}
	id:   "rules"
	name: "Breaks rules that CUE does not know"
	triggers: [{cron: "every day"}]
	steps: {
		a: {
			runtime: url: "http://127.0.0.1:9000/a"
			after: [{step: "b"}]
		}
		b: {
			runtime: url: "http://127.0.0.1:9000/b"
			after: [{step: "a", if: "lol == 1"}, {step: "nope"}]
		}
	}
}
`,
};

const runaway = `${head}
	let n = [${Array.from({ length: 40 }, (_, index) => index).join(', ')}]
	let cells = [ for a in n for b in n for c in n for d in n for e in n {a + b + c + d + e}]
	id:          "runaway"
	name:        "Never comes to an end"
	concurrency: len(cells)
	triggers: [{event: "a/b"}]
	steps: only: runtime: {type: "http", url: "http://127.0.0.1:9000/only"}
}
`;

const reportSchema = z.object({
  valid: z.boolean(),
  functions: z.array(z.object({ slug: z.string(), steps: z.array(z.unknown()) })),
  problems: z.array(
    z.object({
      source: z.string(),
      line: z.int().nullable(),
      column: z.int().nullable(),
      path: z.string(),
      message: z.string(),
    }),
  ),
});

const isCompiled = process.env.INNGEST_TEST_SOURCE !== '1';
const name = `the binary in an empty folder${isCompiled ? '' : ' (skipped: sources are tested)'}`;
describe.skipIf(!isCompiled)(name, () => {
  let folder: string;
  let binary: string;
  let env: Readonly<Record<string, string>>;

  beforeAll(async () => {
    const [built = ''] = await serverCommand();
    folder = await mkdtemp(join(tmpdir(), 'inngest-alone-'));
    binary = join(folder, 'inngest');
    await copyFile(built, binary);
    await chmod(binary, 0o755);
    const home = join(folder, 'home');
    await mkdir(home);
    env = { HOME: home, PATH: home };
  }, buildDeadlineMs);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** A folder of its own for each test, with these files. */
  async function emptyFolder(files: Readonly<Record<string, string>> = {}): Promise<string> {
    const cwd = await mkdtemp(join(folder, 'cwd-'));
    for (const [file, text] of Object.entries(files)) await Bun.write(join(cwd, file), text);
    return cwd;
  }

  const run = (cwd: string, args: readonly string[], stdin?: string): Promise<Ended> =>
    endedProgram([binary, ...args], { cwd, env, stdin });

  test(
    'writes a starter, finds it valid, prints it, and prints nothing that it would refuse',
    async () => {
      const cwd = await emptyFolder();
      expect((await run(cwd, ['init'])).exitCode).toBe(0);
      expect(await readdir(cwd)).toEqual(['inngest.cue']);
      const validated = await run(cwd, ['validate']);
      expect(validated).toEqual({
        exitCode: 0,
        stdout:
          "✓ 1 function in inngest.cue\n  welcome  shop/customer.created if event.data.email != ''  3 steps\n",
        stderr: '',
      });
      const evaluated = await run(cwd, ['eval']);
      expect({ exitCode: evaluated.exitCode, stderr: evaluated.stderr }).toEqual({
        exitCode: 0,
        stderr: '',
      });
      const again = await run(cwd, ['validate', '--json', '-'], evaluated.stdout);
      expect(again.exitCode).toBe(0);
      const { valid, functions } = reportSchema.parse(JSON.parse(again.stdout));
      expect({ valid, slugs: functions.map(({ slug }) => slug) }).toEqual({
        valid: true,
        slugs: ['cue-welcome'],
      });
      // Nothing is kept where nobody has asked for it.
      expect(await readdir(cwd)).toEqual(['inngest.cue']);
      expect(await readdir(env.HOME ?? '')).toEqual([]);
    },
    testDeadlineMs,
  );

  test(
    'tells everything that is wrong with documents, with file, line and column',
    async () => {
      const cwd = await emptyFolder(broken);
      const files = Object.keys(broken);
      const { exitCode, stdout, stderr } = await run(cwd, ['validate', ...files]);
      expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
      const places = stderr.split('\n').filter((line) => /^\w+\.cue:/.test(line));
      expect(places).toEqual([
        `syntax.cue:7:7: expected label or ':', found 'STRING' "no colon"; write name: "no colon"`,
        'conflict.cue:8:15: function.concurrency: invalid value -1 (out of bound >=0)',
        'conflict.cue:9:2: function: field retires not allowed; did you mean steps.<id>.retries?',
        'conflict.cue:11:31: function.steps.only.runtime.type: conflicting values "http" and "docker"',
        'incomplete.cue:5:28: function.name: incomplete value string',
        'incomplete.cue:8:24: function.steps.only.runtime.url: incomplete value string',
        expect.stringMatching(/^rules\.cue:8:20: function\.triggers\[0\]\.cron: /),
        expect.stringMatching(/^rules\.cue:12:12: .*cycle: a → b → a/),
        expect.stringMatching(/^rules\.cue:16:28: .*undeclared reference to 'lol'/),
        expect.stringMatching(/^rules\.cue:16:48: .*unknown step "nope"/),
      ]);
      expect(stderr).toContain('\n10 problems in 4 files\n');
      expect(stderr).toMatch(/note: .* are checked once these problems are solved\n$/);
    },
    testDeadlineMs,
  );

  test(
    'tells programs the same, also of what comes on standard input',
    async () => {
      const cwd = await emptyFolder(broken);
      const file = await run(cwd, ['validate', '--json', 'incomplete.cue']);
      const typed = await run(cwd, ['validate', '--json', '-'], broken['incomplete.cue']);
      for (const [{ exitCode, stdout, stderr }, source] of [
        [file, 'incomplete.cue'],
        [typed, 'stdin'],
      ] as const) {
        expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: '' });
        const { valid, problems } = reportSchema.parse(JSON.parse(stdout));
        const message = 'incomplete value string';
        expect({ valid, problems }).toEqual({
          valid: false,
          problems: [
            { source, line: 5, column: 28, path: 'function.name', message },
            { source, line: 8, column: 24, path: 'function.steps.only.runtime.url', message },
          ],
        });
      }
    },
    testDeadlineMs,
  );

  test(
    'gives up a document that never comes to an end',
    async () => {
      const cwd = await emptyFolder({ 'runaway.cue': runaway });
      const startedMs = performance.now();
      const { exitCode, stderr } = await run(cwd, ['validate', 'runaway.cue']);
      expect(performance.now() - startedMs).toBeLessThan(runawayMsMax);
      expect(exitCode).toBe(1);
      expect(stderr).toMatch(
        /^runaway\.cue: evaluating it takes longer than \d+ s: make it smaller/,
      );
    },
    testDeadlineMs,
  );

  test(
    'serves the starter: an event runs through its steps',
    async () => {
      const cwd = await emptyFolder();
      await run(cwd, ['init']);
      const steps = await startStepServer({ port: 0, signingKey: null });
      try {
        const document = Bun.file(join(cwd, 'inngest.cue'));
        const text = withPort(await document.text(), steps.port).replace('"5s"', '"1s"');
        await Bun.write(document, text);
        const port = await freePort();
        const url = `http://127.0.0.1:${port}`;
        const command = [binary, 'dev', '--no-discovery', '--port', String(port)];
        await using _server = await runServer(command, { cwd, env }, url);
        const client = new ServerClient(url);
        const [eventId = ''] = await client.send({
          name: 'shop/customer.created',
          data: { email: 'ada@example.com' },
        });
        const ended = await endedRun(client, eventId);
        expect(ended.status).toBe('Completed');
        expect(ended.output).toEqual({ offer: { status: 200, body: { done: true } } });
        expect(steps.calls.map(({ path }) => path)).toEqual([
          '/welcome/profile',
          '/welcome/send-mail',
          '/welcome/offer',
        ]);
      } finally {
        await steps.close();
      }
    },
    testDeadlineMs,
  );
});
