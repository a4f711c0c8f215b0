import { describe, expect, test } from 'bun:test';
import packageJson from '../../package.json' with { type: 'json' };
import { commandNames } from '../../src/cli/command_name.ts';
import { runProgram } from './program.ts';

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
