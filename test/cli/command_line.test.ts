import { describe, expect, test } from 'bun:test';
import { type CommandLine, parseCommandLine } from '../../src/cli/command_line.ts';
import { UsageError } from '../../src/cli/usage_error.ts';

function flagsIn(argv: readonly string[]): Record<string, readonly string[]> {
  const line: CommandLine = parseCommandLine(argv);
  if (!('given' in line)) throw new Error(`${line.command} takes no flags`);
  return Object.fromEntries(line.given);
}

function errorOf(argv: readonly string[]): UsageError {
  try {
    parseCommandLine(argv);
  } catch (error) {
    if (error instanceof UsageError) return error;
  }
  throw new Error(`${argv.join(' ')} was accepted`);
}

describe('flags', () => {
  test('long, short, joined and separate spellings mean the same', () => {
    for (const spelling of [['--port', '9000'], ['--port=9000'], ['-p', '9000'], ['-p9000']]) {
      expect(flagsIn(['dev', ...spelling])).toEqual({ port: ['9000'] });
    }
  });

  test('flags may stand before the command', () => {
    expect(flagsIn(['--json', '-l', 'debug', 'dev'])).toEqual({
      json: ['true'],
      'log-level': ['debug'],
    });
  });

  test('repeated flags are kept in their order', () => {
    expect(flagsIn(['dev', '-u', 'http://a', '--sdk-url', 'http://b'])).toEqual({
      'sdk-url': ['http://a', 'http://b'],
    });
  });

  test('a switch can be given a value', () => {
    expect(flagsIn(['dev', '--no-discovery', '--in-memory=false'])).toEqual({
      'no-discovery': ['true'],
      'in-memory': ['false'],
    });
  });

  test('the older spelling of a flag is understood', () => {
    expect(flagsIn(['start', '--sqlite-dir', 'there'])).toEqual({ 'data-dir': ['there'] });
  });
});

describe('words', () => {
  test('a command gets the words it takes, wherever its flags stand', () => {
    for (const argv of [
      ['backup', 'there', '--force', '--data-dir', 'data'],
      ['backup', '--data-dir=data', '--force', 'there'],
      ['--force', '--data-dir', 'data', 'backup', 'there'],
    ]) {
      expect(parseCommandLine(argv)).toEqual({
        command: 'backup',
        words: ['there'],
        given: new Map([
          ['force', ['true']],
          ['data-dir', ['data']],
        ]),
      });
    }
  });

  test('one that is missing is named', () => {
    expect(errorOf(['restore', '--force']).message).toBe(
      'restore needs a FILE: inngest restore FILE',
    );
  });

  test('one too many is refused', () => {
    expect(errorOf(['backup', 'one', 'two']).message).toBe(
      "'two' is one word too many: backup takes FILE and flags",
    );
    expect(errorOf(['migrate', 'one']).message).toContain('migrate takes only flags');
  });

  test('flags of a server are not those of a command that works on its data', () => {
    expect(errorOf(['backup', 'there', '--port', '1']).message).toBe(
      "--port belongs to 'inngest dev'",
    );
    expect(errorOf(['dev', '--from', 'x']).message).toBe("--from belongs to 'inngest migrate'");
    expect(errorOf(['migrate', '--form', 'x']).message).toContain('did you mean --from?');
  });
});

describe('what is refused', () => {
  test('a flag without its value, also when another flag follows', () => {
    for (const argv of [
      ['dev', '--port'],
      ['dev', '--port='],
      ['dev', '--port', '--json'],
    ]) {
      expect(errorOf(argv).message).toContain('--port needs a value: --port PORT');
    }
  });

  test('a flag of the other command', () => {
    expect(errorOf(['dev', '--event-key', 'abc']).message).toBe(
      "--event-key belongs to 'inngest start'",
    );
    expect(errorOf(['start', '--no-poll']).message).toBe("--no-poll belongs to 'inngest dev'");
  });

  test('a flag that a later release brings', () => {
    expect(errorOf(['start', '--connect-gateway-port', '1']).message).toContain('Connect');
  });

  test('a word after the command', () => {
    expect(errorOf(['dev', 'now']).message).toContain("'now' is one word too many");
  });

  test('an unknown flag without a command', () => {
    const { message, exitCode } = errorOf(['--verbosity']);
    expect({ message, exitCode }).toEqual({ message: 'unknown flag --verbosity', exitCode: 1 });
  });
});
