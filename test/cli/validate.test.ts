/** `inngest validate` as a user and a CI job run it. */
import { describe, expect, setDefaultTimeout, test } from 'bun:test';
import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import { parseCommandLine } from '../../src/cli/command_line.ts';
import { starterText } from '../../src/config/starter.ts';
import { DocumentFolder, functionJson } from './document_folder.ts';

/** Each starts CUE a few times, on a machine that may be busy. */
setDefaultTimeout(60_000);

const main = resolve(import.meta.dir, '../../src/main.ts');

const problem = z.strictObject({
  source: z.string(),
  path: z.string(),
  line: z.int().min(1).nullable(),
  column: z.int().min(1).nullable(),
  message: z.string().min(1),
});
const report = z.strictObject({
  valid: z.boolean(),
  sources: z.array(z.string()),
  functions: z.array(
    z.strictObject({
      id: z.string(),
      name: z.string(),
      slug: z.string(),
      triggers: z.array(z.record(z.string(), z.string())),
      steps: z.array(
        z.looseObject({ id: z.string(), url: z.string(), after: z.array(z.looseObject({})) }),
      ),
    }),
  ),
  problems: z.array(problem),
  warnings: z.array(problem),
  notes: z.array(z.string()),
});

const typo = `package main

import defs "inngest.com/defs/v1"

function: defs.#Function & {
	id:   "typo"
	name: "A field that does not exist"
	retires: 3
	triggers: [{event: "a/b"}]
	steps: only: runtime: {type: "http", url: "http://127.0.0.1:9000/only"}
}
`;

async function reportOf(folder: DocumentFolder, args: readonly string[], stdin = '') {
  const ended = await folder.run(['validate', '--json', ...args], { stdin });
  expect(ended.stderr).toBe('');
  return { exitCode: ended.exitCode, ...report.parse(JSON.parse(ended.stdout)) };
}

describe('a valid document', () => {
  test('is told with its functions, their triggers and how many steps they have', async () => {
    using folder = new DocumentFolder({ 'inngest.cue': starterText('cue') });
    const { exitCode, stdout, stderr } = await folder.run(['validate']);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toBe(
      "✓ 1 function in inngest.cue\n  welcome  shop/customer.created if event.data.email != ''  3 steps\n",
    );
  });

  test('is told for programs with its steps', async () => {
    using folder = new DocumentFolder({ 'inngest.json': functionJson('orders') });
    const { exitCode, valid, functions, sources } = await reportOf(folder, []);
    expect({ exitCode, valid, sources }).toEqual({
      exitCode: 0,
      valid: true,
      sources: ['inngest.json'],
    });
    expect(functions).toMatchObject([
      {
        id: 'orders',
        slug: 'cue-orders',
        triggers: [{ event: 'orders/wanted' }],
        steps: [{ id: 'only', url: 'http://127.0.0.1:9000/only', after: [{ from: '$trigger' }] }],
      },
    ]);
  });

  test('leaves nothing behind', async () => {
    using folder = new DocumentFolder({ 'inngest.json': functionJson('orders') });
    await folder.run(['validate'], { env: { INNGEST_DATA_DIR: 'data' } });
    expect(readdirSync(folder.path)).toEqual(['inngest.json']);
  });

  test('is remembered in a data directory that is named', async () => {
    using folder = new DocumentFolder({ 'inngest.json': functionJson('orders') });
    const first = await folder.run(['validate', '--data-dir', 'data']);
    expect(readdirSync(folder.path).sort()).toEqual(['data', 'inngest.json']);
    expect(await folder.run(['validate', '--data-dir', 'data'])).toEqual(first);
  });

  test('may come on standard input', async () => {
    using folder = new DocumentFolder();
    const { stdout, exitCode } = await folder.run(['validate', '-'], {
      stdin: functionJson('piped'),
    });
    expect(exitCode).toBe(0);
    expect(stdout).toStartWith('✓ 1 function in stdin\n');
  });

  test('may come through a pipe that is named', async () => {
    using folder = new DocumentFolder({ 'a.json': functionJson('a') });
    const words = ['bash', '-c', `"$0" "$1" validate <(cat a.json)`, process.execPath, main];
    const { stdout, stderr, exitCode } = Bun.spawnSync(words, { cwd: folder.path });
    expect({ stderr: stderr.toString(), exitCode }).toEqual({ stderr: '', exitCode: 0 });
    expect(stdout.toString()).toStartWith('✓ 1 function in /dev/fd/');
  });

  test('may hold settings of the server only', async () => {
    using folder = new DocumentFolder({ 'inngest.cue': 'config: log: level: "debug"\n' });
    const { stdout, exitCode } = await folder.run(['validate']);
    expect({ stdout, exitCode }).toEqual({
      stdout: '✓ settings of the server in inngest.cue\n',
      exitCode: 0,
    });
  });

  test('shows no password of a step', async () => {
    const steps = { only: { runtime: { type: 'http', url: 'http://me:hunter2@127.0.0.1:9000/' } } };
    using folder = new DocumentFolder({ 'inngest.json': functionJson('orders', { steps }) });
    const { stdout } = await folder.run(['validate', '--json']);
    expect(stdout).not.toContain('hunter2');
  });
});

describe('a document with mistakes', () => {
  test('is refused with the place, the line and a caret, and how many there are', async () => {
    using folder = new DocumentFolder({ 'inngest.cue': typo });
    const { exitCode, stdout, stderr } = await folder.run(['validate']);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toMatch(/^inngest\.cue:8:2: function\S*: .*retires/);
    expect(stderr).toContain('    \tretires: 3\n    \t^\n');
    expect(stderr).toMatch(/\n1 problem in 1 file\nnote: .* in inngest\.cue are checked once/);
    expect(stderr).not.toContain('\x1b');
  });

  test('is told for programs on stdout', async () => {
    using folder = new DocumentFolder({ 'inngest.cue': typo });
    const { exitCode, valid, problems, functions } = await reportOf(folder, []);
    expect({ exitCode, valid, functions }).toEqual({ exitCode: 1, valid: false, functions: [] });
    expect(problems).toMatchObject([{ source: 'inngest.cue', line: 8, column: 2 }]);
  });

  test('on standard input is called stdin', async () => {
    using folder = new DocumentFolder();
    const { problems } = await reportOf(folder, ['-'], typo);
    expect(problems).toMatchObject([{ source: 'stdin', line: 8 }]);
  });

  test('that is no text, or too much of it, is refused', async () => {
    using folder = new DocumentFolder();
    for (const [stdin, reason] of [
      [new Uint8Array([0x7b, 0xff, 0xfe]), 'stdin: is not UTF-8 text'],
      [new Uint8Array(1024 * 1024 + 1).fill(0x20), 'stdin: is larger than 1 MiB'],
    ] as const) {
      const { exitCode, stderr } = await folder.run(['validate', '-'], { stdin });
      expect(exitCode).toBe(1);
      expect(stderr).toStartWith(reason);
    }
  });

  test('is told with the variable that is not set, and its line', async () => {
    using folder = new DocumentFolder({ 'inngest.cue': 'config: log: level: "$LOUDNESS"\n' });
    const { exitCode, stderr } = await folder.run(['validate']);
    expect(exitCode).toBe(1);
    expect(stderr).toStartWith('inngest.cue:1:22: ');
    expect(stderr).toContain('    config: log: level: "$LOUDNESS"\n');
    expect(stderr).toContain('LOUDNESS is not set');
  });

  test('does not keep the mistakes of another one hidden', async () => {
    using folder = new DocumentFolder({
      'a.cue': typo,
      'b.json': functionJson('b', { triggers: [{ cron: 'every day' }] }),
    });
    const { problems } = await reportOf(folder, ['a.cue', 'b.json']);
    expect(problems.map(({ source }) => source)).toEqual(['a.cue', 'b.json']);
  });
});

describe('at a terminal', () => {
  test('places and carets are coloured', async () => {
    using folder = new DocumentFolder();
    expect(await folder.show(['validate', 'nope.cue'])).toStartWith('\x1b[1mnope.cue\x1b[0m: ');
  });

  test('nothing is where NO_COLOR is set', async () => {
    using folder = new DocumentFolder();
    const shown = await folder.show(['validate', 'nope.cue'], { NO_COLOR: '1' });
    expect(shown).toBe('nope.cue: there is no such file\n1 problem in 1 file\n');
  });
});

describe('several files', () => {
  test('are checked together', async () => {
    using folder = new DocumentFolder({ 'a.json': functionJson('a'), 'b.json': functionJson('b') });
    const { stdout } = await folder.run(['validate', 'a.json', 'b.json']);
    expect(stdout).toStartWith('✓ 2 functions in a.json, b.json\n');
  });

  test('may not have a function in common', async () => {
    using folder = new DocumentFolder({ 'a.json': functionJson('a'), 'b.json': functionJson('a') });
    const { exitCode, stderr } = await folder.run(['validate', 'a.json', 'b.json']);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('a.json');
    expect(stderr).toContain('b.json');
  });

  test('and standard input are checked together', async () => {
    using folder = new DocumentFolder({ 'a.json': functionJson('a') });
    const { exitCode, valid, sources } = await reportOf(folder, ['a.json', '-'], functionJson('a'));
    expect({ exitCode, valid, sources }).toEqual({
      exitCode: 1,
      valid: false,
      sources: ['a.json', 'stdin'],
    });
  });
});

describe('what is checked without a file', () => {
  test('is what the server would read, also by its variable', async () => {
    using folder = new DocumentFolder({ 'a.json': functionJson('a') });
    const { stdout } = await folder.run(['validate'], { env: { INNGEST_FUNCTIONS: 'a.json' } });
    expect(stdout).toStartWith('✓ 1 function in a.json\n');
    const content = await folder.run(['validate'], { env: { INNGEST_CONFIG: functionJson('c') } });
    expect(content.stdout).toStartWith('✓ 1 function in INNGEST_CONFIG\n');
  });

  test('is told to be missing, with where it was looked for', async () => {
    using folder = new DocumentFolder();
    const { exitCode, stdout, stderr } = await folder.run(['validate']);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toStartWith('Error: no document was found: neither inngest.cue nor');
    for (const place of ['/etc/inngest', 'INNGEST_CONFIG', "'inngest init'"]) {
      expect(stderr).toContain(place);
    }
    const { valid, problems } = await reportOf(folder, []);
    expect(valid).toBe(false);
    expect(problems).toMatchObject([{ source: '', line: null, column: null }]);
  });

  test('is told to be missing with what is there instead', async () => {
    const options = '{"sdk-url": ["http://localhost:3000/api/inngest"]}';
    using folder = new DocumentFolder({ 'inngest.json': options });
    const file = await folder.run(['validate']);
    expect(file.stderr).toStartWith(
      'Error: no document was found: inngest.json holds options of the Inngest CLI and is not read:',
    );
    expect(file.stderr).toContain('INNGEST_CONFIG is not set');
    const both = await folder.run(['validate'], { env: { INNGEST_CONFIG: options } });
    expect(both.stderr).toContain('; INNGEST_CONFIG holds options of the Inngest CLI');
    expect(both.stderr).not.toContain('INNGEST_CONFIG is not set');
    using empty = new DocumentFolder();
    const blank = await empty.run(['validate'], { env: { INNGEST_CONFIG: ' ' } });
    expect(blank.stderr).toContain('INNGEST_CONFIG is empty');
  });

  test('names what was passed over', async () => {
    using folder = new DocumentFolder({
      'inngest.cue': starterText('cue'),
      'inngest.json': functionJson('a'),
    });
    const { exitCode, stderr } = await folder.run(['validate']);
    expect(exitCode).toBe(0);
    expect(stderr).toContain('note: inngest.json is not read');
  });
});

describe('the command line', () => {
  test('takes any number of files, also the one called -', () => {
    for (const command of ['validate', 'eval'] as const) {
      for (const words of [[], ['-'], ['a.cue', '-', 'b.json']]) {
        expect(parseCommandLine([command, ...words])).toEqual({ command, words, given: new Map() });
      }
    }
  });

  test('a file that does not exist is named', async () => {
    using folder = new DocumentFolder();
    const { exitCode, stderr } = await folder.run(['validate', 'nope.cue']);
    expect(exitCode).toBe(1);
    expect(stderr).toBe('nope.cue: there is no such file\n1 problem in 1 file\n');
  });

  test('a flag that does not exist ends with 1 and the usage', async () => {
    using folder = new DocumentFolder();
    const { exitCode, stderr } = await folder.run(['validate', '--jsno']);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('did you mean --json?');
    expect(stderr).toContain('Usage: inngest validate [FILE...] [flags]');
  });

  test('help has examples and says how to use it in CI', async () => {
    using folder = new DocumentFolder();
    const { exitCode, stdout } = await folder.run(['validate', '--help']);
    expect(exitCode).toBe(0);
    for (const text of ['Examples', 'CI', '--json', '--data-dir']) expect(stdout).toContain(text);
    expect(stdout.split('\n').filter((line) => line.length > 110)).toEqual([]);
  });
});
