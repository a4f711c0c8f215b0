import { describe, expect, test } from 'bun:test';
import { rmSync } from 'node:fs';
import { resolve } from 'node:path';
import packageJson from '../../package.json' with { type: 'json' };
import { commandNames } from '../../src/cli/command_name.ts';
import { runProgram, temporaryFolder } from './program.ts';

const main = resolve(import.meta.dir, '../../src/main.ts');

describe('help', () => {
  test('no arguments print the commands and succeed', async () => {
    const { exitCode, stdout, stderr } = await runProgram([]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    for (const command of commandNames) expect(stdout).toContain(`  ${command} `);
  });

  test('a command explains itself the same way however it is asked', async () => {
    const [flag, short, word] = await Promise.all([
      runProgram(['dev', '--help']),
      runProgram(['dev', '-h']),
      runProgram(['help', 'dev']),
    ]);
    expect(flag.stdout).toContain('Usage: inngest dev [flags]');
    expect(flag.stdout).toContain('Examples');
    for (const text of ['--functions FILE', 'INNGEST_FUNCTIONS', 'inngest init', 'SIGHUP']) {
      expect(flag.stdout).toContain(text);
    }
    expect(flag.stdout.split('\n').filter((line) => line.length > 112)).toEqual([]);
    expect(short).toEqual(flag);
    expect(word).toEqual(flag);
  });

  test('help wins over flags that are wrong or missing', async () => {
    const { exitCode, stdout } = await runProgram(['start', '--port', 'abc', '--help']);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('--signing-key KEY');
  });

  test.each([
    ['backup', 'Usage: inngest backup FILE [flags]', '--data-dir DIR'],
    ['restore', 'Usage: inngest restore FILE [flags]', '--force'],
    ['migrate', 'Usage: inngest migrate [flags]', '--to PLACE'],
  ])('%s says what it takes and gives examples', async (command, usage, flag) => {
    const { exitCode, stdout } = await runProgram(['help', command]);
    expect(exitCode).toBe(0);
    for (const text of [usage, flag, 'Examples', `  inngest ${command} `]) {
      expect(stdout).toContain(text);
    }
    expect(stdout.split('\n').filter((line) => line.length > 110)).toEqual([]);
  });

  test('dev does not offer the keys of start, and start not the discovery of dev', async () => {
    const [dev, start] = await Promise.all([
      runProgram(['help', 'dev']),
      runProgram(['help', 'start']),
    ]);
    expect(dev.stdout).not.toContain('--signing-key');
    expect(start.stdout).not.toContain('--no-discovery');
  });
});

describe('version', () => {
  const version = `${packageJson.version}-source`;

  test('the command prints the bare version on stdout', async () => {
    const ended = await runProgram(['version']);
    expect(ended).toEqual({ exitCode: 0, stdout: `${version}\n`, stderr: '' });
  });

  test('the flag introduces itself', async () => {
    expect((await runProgram(['--version'])).stdout).toBe(`inngest version ${version}\n`);
  });

  test('--json prints JSON', async () => {
    expect(JSON.parse((await runProgram(['version', '--json'])).stdout)).toEqual({ version });
  });
});

describe('errors go to stderr with the usage', () => {
  test('an unknown command exits with 3 and suggests the nearest one', async () => {
    const { exitCode, stdout, stderr } = await runProgram(['strat']);
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' });
    expect(stderr).toContain("No help topic for 'strat'");
    expect(stderr).toContain("did you mean 'inngest start'?");
  });

  test('help for an unknown command exits with 3', async () => {
    const { exitCode, stderr } = await runProgram(['help', 'elephant']);
    expect(exitCode).toBe(3);
    expect(stderr).not.toContain('did you mean');
  });

  test('an unknown flag exits with 1 and suggests the nearest one', async () => {
    const { exitCode, stdout, stderr } = await runProgram(['dev', '--prot', '9000']);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toContain('unknown flag --prot; did you mean --port?');
    expect(stderr).toContain('Usage: inngest dev [flags]');
  });

  test('a value that is wrong exits with 1 and names the flag', async () => {
    const { exitCode, stderr } = await runProgram(['dev', '--port', 'abc']);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('--port must be a whole number from 0 to 65535, not "abc"');
  });

  test('a value that is wrong in the environment names the variable', async () => {
    const { exitCode, stderr } = await runProgram(['dev'], { INNGEST_QUEUE_WORKERS: '0' });
    expect(exitCode).toBe(1);
    expect(stderr).toContain('INNGEST_QUEUE_WORKERS must be a whole number from 1 to 10000');
  });

  test('start without keys exits with 1 and says how to make one', async () => {
    const { exitCode, stderr } = await runProgram(['start']);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('Error: signing-key is required');
    expect(stderr).toContain('openssl rand -hex 32');
  });
});

describe('output that nobody gets', () => {
  function run(line: string) {
    const folder = temporaryFolder();
    const words = ['bash', '-o', 'pipefail', '-c', `"$0" "$1" ${line}`, process.execPath, main];
    const { stdout, stderr, exitCode } = Bun.spawnSync(words, { cwd: folder });
    rmSync(folder, { recursive: true, force: true });
    return { stdout: stdout.toString(), stderr: stderr.toString(), exitCode };
  }

  test.each(['version', 'help', 'init', 'eval --json', 'validate --json'])(
    'of %s is an error',
    (command) => {
      const { stderr, exitCode } = run(`${command} > /dev/full`);
      expect(exitCode).toBe(1);
      expect(stderr).toMatch(/Error: .*output could not be written: no space is left/);
    },
  );

  test('since its reader has read enough is none', () => {
    expect(run('help | true')).toEqual({ stdout: '', stderr: '', exitCode: 0 });
  });

  test('is not told where stderr is lost as well', () => {
    expect(run('version > /dev/full 2> /dev/full')).toMatchObject({ exitCode: 1 });
  });
});
