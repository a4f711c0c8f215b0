import { describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { parseCommandLine } from '../../src/cli/command_line.ts';
import type { ServerCommand } from '../../src/cli/command_name.ts';
import {
  type ReadSettings,
  readDocumentPlaces,
  readSettings,
} from '../../src/cli/settings_reader.ts';
import { UsageError } from '../../src/cli/usage_error.ts';
import type { ServiceSettings } from '../../src/config/service_settings.ts';

const workingDirectory = join('/', 'work', 'shop');
const key = 'ab'.repeat(32);
const dayMs = 86_400_000;

function read(
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
  isTerminal = true,
  service: ServiceSettings | null = null,
): ReadSettings {
  const line = parseCommandLine(argv);
  if (line.command !== 'dev' && line.command !== 'start') {
    throw new Error(`${line.command} has no settings`);
  }
  return readSettings(line.command, line.given, { env, workingDirectory, isTerminal, service });
}

function errorOf(argv: readonly string[], env: Readonly<Record<string, string>> = {}): string {
  try {
    read(argv, env);
  } catch (error) {
    if (error instanceof UsageError) return error.message;
  }
  throw new Error(`${argv.join(' ')} was accepted`);
}

function start(...flags: string[]): [ServerCommand, ...string[]] {
  return ['start', '--signing-key', key, '--event-key', 'e1', ...flags];
}

describe('defaults', () => {
  test('dev is durable, listens on this machine only and looks for apps', () => {
    expect(read(['dev'])).toEqual({
      isPortChosen: false,
      settings: {
        mode: 'dev',
        host: '127.0.0.1',
        port: 8288,
        sdkUrls: [],
        isDiscoveryOn: true,
        isPollingOn: true,
        pollIntervalMs: 5000,
        retryIntervalMs: null,
        queueWorkers: 100,
        dataDir: join(workingDirectory, '.inngest'),
        redisUri: null,
        redisPrefix: 'inngest',
        postgresUri: null,
        postgresConnectionsMax: 10,
        retention: { eventsMs: 30 * dayMs, runsMs: 30 * dayMs, tracesMs: 30 * dayMs },
        signingKey: null,
        eventKeys: [],
        logLevel: 'info',
        logFormat: 'text',
      },
    });
  });

  test('start listens everywhere and does not look for apps', () => {
    expect(read(start()).settings).toMatchObject({
      mode: 'start',
      host: '0.0.0.0',
      port: 8288,
      isDiscoveryOn: false,
      dataDir: join(workingDirectory, '.inngest'),
      signingKey: key,
      eventKeys: ['e1'],
    });
  });

  test('logs are JSON where no one is watching', () => {
    expect(read(['dev'], {}, false).settings.logFormat).toBe('json');
    expect(read(['dev', '--json'], {}, true).settings.logFormat).toBe('json');
    expect(read(['dev', '--json=false'], {}, false).settings.logFormat).toBe('text');
  });
});

describe('where a value comes from', () => {
  test('a flag wins over the environment, which wins over the default', () => {
    const env = { INNGEST_PORT: '9001' };
    expect(read(['dev', '-p', '9002'], env).settings.port).toBe(9002);
    expect(read(['dev'], env)).toMatchObject({ isPortChosen: true, settings: { port: 9001 } });
  });

  test('an empty variable counts as not set', () => {
    expect(read(['dev'], { INNGEST_PORT: '' })).toMatchObject({
      isPortChosen: false,
      settings: { port: 8288 },
    });
  });

  test('app URLs may be repeated and joined by commas', () => {
    const urls = ['http://a.test/x', 'http://b.test/x', 'https://c.test/x'];
    const argv = ['dev', '-u', `${urls[0]}, ${urls[1]}`, '-u', `${urls[2]}`];
    expect(read(argv).settings.sdkUrls).toEqual(urls);
    expect(read(['dev'], { INNGEST_SDK_URL: urls.join(',') }).settings.sdkUrls).toEqual(urls);
  });

  test('the last of several values counts where only one can', () => {
    expect(read(['dev', '-p', '1', '-p', '2']).settings.port).toBe(2);
  });

  test('dev leaves the keys of the environment alone', () => {
    const env = { INNGEST_SIGNING_KEY: 'not hex', INNGEST_EVENT_KEY: 'x' };
    expect(read(['dev'], env).settings).toMatchObject({ signingKey: null, eventKeys: [] });
  });

  test('start takes its keys from the environment', () => {
    const env = { INNGEST_SIGNING_KEY: key, INNGEST_EVENT_KEY: 'a,b' };
    expect(read(['start'], env).settings).toMatchObject({ signingKey: key, eventKeys: ['a', 'b'] });
  });
});

describe('what a document says', () => {
  const service: ServiceSettings = {
    logLevel: 'warn',
    logFormat: 'json',
    host: '10.0.0.1',
    port: 9288,
    eventBytesMax: 4096,
    redisUri: 'redis://doc.test',
    redisPrefix: 'doc',
    postgresUri: 'postgres://doc.test/x',
    signingKey: 'abcd',
    callTimeoutMs: 30_000,
  };
  const documented = (
    argv: readonly string[],
    env: Readonly<Record<string, string>> = {},
    changes: ServiceSettings = {},
  ) => read(argv, env, true, { ...service, ...changes });

  test('wins over the defaults', () => {
    expect(documented(['start', '--event-key', 'e'])).toMatchObject({
      isPortChosen: true,
      settings: { ...service, dataDir: null },
    });
  });

  test('gives way to flags and variables', () => {
    const flags = ['-p', '1', '--host', 'h', '-l', 'error', '--json=false'];
    const env = { INNGEST_REDIS_URI: 'redis://env.test', INNGEST_REDIS_PREFIX: 'env' };
    expect(documented(['dev', ...flags], env).settings).toMatchObject({
      port: 1,
      host: 'h',
      logLevel: 'error',
      logFormat: 'text',
      redisUri: 'redis://env.test',
      redisPrefix: 'env',
      postgresUri: 'postgres://doc.test/x',
      signingKey: null,
    });
    expect(documented(['dev', '-v']).settings.logLevel).toBe('debug');
    expect(documented(start()).settings.signingKey).toBe(key);
  });

  test('of one thing leaves the others as they are', () => {
    const quiet = read(['dev'], {}, true, { logLevel: 'error' });
    const usual = read(['dev']);
    expect(quiet).toEqual({ ...usual, settings: { ...usual.settings, logLevel: 'error' } });
    expect(read(['dev'], {}, true, {})).toEqual(usual);
  });

  test('gives way to --in-memory, from wherever that comes', () => {
    const inMemory = { dataDir: null, redisUri: null, postgresUri: null };
    expect(documented(['dev', '--in-memory']).settings).toMatchObject(inMemory);
    expect(documented(['dev'], { INNGEST_IN_MEMORY: '1' }).settings).toMatchObject(inMemory);
  });

  test('is checked as flags are, and never repeated', () => {
    const wrong = [
      { redisUri: 'redis+sentinel://me:secret@x' },
      { postgresUri: 'postgres://me:sec#ret@x/y' },
      { signingKey: 'secret' },
    ];
    for (const changes of wrong) {
      let message = '';
      try {
        documented(['start', '--event-key', 'e'], {}, changes);
      } catch (error) {
        message = String(error);
      }
      expect(message).toContain('UsageError');
      expect(message).not.toMatch(/sec/);
    }
  });
});

describe('documents', () => {
  const places = (argv: readonly string[], env: Readonly<Record<string, string>> = {}) => {
    const line = parseCommandLine(['dev', ...argv]);
    if (line.command !== 'dev') throw new Error('not dev');
    return readDocumentPlaces(line.command, line.given, { env, workingDirectory });
  };

  test('are named by flag or environment, as many as there are', () => {
    expect(places(['--functions', 'a.cue', '--functions', 'b.json,c.cue']).files).toEqual([
      ...['a.cue', 'b.json', 'c.cue'],
    ]);
    expect(places([], { INNGEST_FUNCTIONS: 'a.cue' }).files).toEqual(['a.cue']);
    expect(places([]).files).toEqual([]);
  });

  test('are remembered in the data directory, if there is one', () => {
    expect(places([]).cacheDir).toBe(join(workingDirectory, '.inngest'));
    expect(places(['--data-dir', 'x']).cacheDir).toBe(join(workingDirectory, 'x'));
    expect(places(['--in-memory']).cacheDir).toBeNull();
  });
});

describe('where data is kept', () => {
  test('in the folder named, counted from the current one', () => {
    expect(read(['dev', '--data-dir', 'data']).settings.dataDir).toBe(
      join(workingDirectory, 'data'),
    );
  });

  test('nowhere with --in-memory, whatever the environment says', () => {
    expect(read(['dev', '--in-memory'], { INNGEST_DATA_DIR: 'data' }).settings.dataDir).toBeNull();
  });

  test('in the folder named by flag when only the environment asks for memory', () => {
    const { dataDir } = read(['dev', '--data-dir', 'data'], { INNGEST_IN_MEMORY: '1' }).settings;
    expect(dataDir).toBe(join(workingDirectory, 'data'));
  });

  test('two flags that contradict each other are refused', () => {
    expect(errorOf(['dev', '--in-memory', '--data-dir', 'data'])).toContain('contradict');
  });

  test('--persist is accepted and changes nothing', () => {
    expect(read(['dev', '--persist'])).toEqual(read(['dev']));
  });
});

describe('a Redis instead of the embedded engine', () => {
  const uri = 'redis://user:secret@queue.test:6380/2';

  test('is named by flag or environment, for both commands', () => {
    expect(read(['dev', '--redis-uri', uri]).settings.redisUri).toBe(uri);
    expect(read(start(), { INNGEST_REDIS_URI: uri }).settings.redisUri).toBe(uri);
  });

  test('leaves the data directory to history', () => {
    expect(read(['dev', '--redis-uri', uri]).settings.dataDir).toBe(
      join(workingDirectory, '.inngest'),
    );
  });

  test('has a key prefix of its own', () => {
    expect(read(['dev', '--redis-prefix', 'shop.eu']).settings.redisPrefix).toBe('shop.eu');
  });

  test.each(['{shop}', '', 'a b', 'x'.repeat(65)])('the prefix %p is refused', (name) => {
    expect(errorOf(['dev', `--redis-prefix=${name}`])).toContain('--redis-prefix');
  });

  test('contradicts --in-memory', () => {
    const error = errorOf(['dev', '--in-memory', '--redis-uri', uri]);
    expect(error).toContain('--in-memory and --redis-uri contradict each other');
    expect(error).not.toContain('secret');
  });

  test('the flag wins over the environment where they contradict each other', () => {
    const memory = read(['dev', '--in-memory'], { INNGEST_REDIS_URI: uri }).settings;
    expect(memory).toMatchObject({ dataDir: null, redisUri: null });
    const redis = read(['dev', '--redis-uri', uri], { INNGEST_IN_MEMORY: '1' }).settings;
    expect(redis).toMatchObject({ redisUri: uri });
  });

  test('an address that is none is refused without repeating it', () => {
    const error = errorOf(['dev', '--redis-uri', 'http://user:secret@queue.test']);
    expect(error).toStartWith('--redis-uri is wrong: this is not a Redis URI');
    expect(error).not.toContain('secret');
  });
});

describe('a PostgreSQL for the history', () => {
  const uri = 'postgres://user:secret@db.test:5433/inngest?sslmode=require';

  test('is named by flag or environment, for both commands', () => {
    expect(read(['dev', '--postgres-uri', uri]).settings.postgresUri).toBe(uri);
    expect(read(start(), { INNGEST_POSTGRES_URI: uri }).settings.postgresUri).toBe(uri);
    const other = uri.replace('postgres:', 'postgresql:');
    expect(read(['dev', '--postgres-uri', other]).settings.postgresUri).toBe(other);
  });

  test('leaves the data directory to the rest, and with a Redis to nothing', () => {
    const { dataDir } = read(['dev', '--postgres-uri', uri]).settings;
    expect(dataDir).toBe(join(workingDirectory, '.inngest'));
    const argv = ['dev', '--postgres-uri', uri, '--redis-uri', 'redis://queue.test'];
    expect(read(argv).settings).toMatchObject({
      dataDir: null,
      redisUri: 'redis://queue.test',
      postgresUri: uri,
    });
  });

  test('contradicts --in-memory', () => {
    const error = errorOf(['dev', '--in-memory', '--postgres-uri', uri]);
    expect(error).toContain('--in-memory and --postgres-uri contradict each other');
    expect(error).not.toContain('secret');
    const memory = read(['dev', '--in-memory'], { INNGEST_POSTGRES_URI: uri }).settings;
    expect(memory).toMatchObject({ dataDir: null, postgresUri: null });
  });

  test.each(['mysql://user:secret@db.test/x', 'secret', 'db.test:5432/secret'])(
    'an address that is none (%p) is refused without repeating it',
    (wrong) => {
      const error = errorOf(['dev', '--postgres-uri', wrong]);
      expect(error).toStartWith('--postgres-uri must be a PostgreSQL URI such as postgres://user');
      expect(error).not.toContain('secret');
    },
  );

  test.each(['12#secret', '12/secret', '12?secret'])(
    'a password (%p) that would be taken for something else is refused',
    (password) => {
      const error = errorOf(['dev', '--postgres-uri', `postgres://me:${password}@db.test/x`]);
      expect(error).toContain('%23');
      expect(error).not.toContain('secret');
    },
  );

  test('has a bound on its connections', () => {
    const argv = ['dev', '--postgres-max-open-conns', '40'];
    expect(read(argv).settings.postgresConnectionsMax).toBe(40);
    for (const wrong of ['2', '1001', 'many']) {
      expect(errorOf(['dev', '--postgres-max-open-conns', wrong])).toContain(
        '--postgres-max-open-conns must be a whole number from 3 to 1000',
      );
    }
  });

  test('other flags of the Inngest CLI for it are accepted and change nothing', () => {
    const flags = ['idle-conns', 'idle-time', 'lifetime'].flatMap((name) => [
      name === 'idle-conns' ? `--postgres-max-${name}` : `--postgres-conn-max-${name}`,
      '5',
    ]);
    expect(read(['dev', ...flags])).toEqual(read(['dev']));
  });
});

describe('how long history is kept', () => {
  const retention = (flags: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    read(['dev', ...flags], env).settings.retention;

  test('is said for all kinds at once', () => {
    const week = { eventsMs: 7 * dayMs, runsMs: 7 * dayMs, tracesMs: 7 * dayMs };
    expect(retention(['--retention', '7d'])).toEqual(week);
    expect(retention(['--retention', '1w'])).toEqual(week);
    expect(retention([], { INNGEST_RETENTION: '168h' })).toEqual(week);
    expect(read(start('--retention=7d')).settings.retention).toEqual(week);
  });

  test('is said for one kind where that differs', () => {
    const flags = ['--retention', '90d', '--retention-traces', '14d', '--retention-events', 'off'];
    expect(retention(flags)).toEqual({
      eventsMs: null,
      runsMs: 90 * dayMs,
      tracesMs: 14 * dayMs,
    });
    expect(retention([], { INNGEST_RETENTION_RUNS: '60d' })).toMatchObject({
      eventsMs: 30 * dayMs,
      runsMs: 60 * dayMs,
    });
  });

  test.each(['off', 'OFF', '0', '0s'])('is for good with %p', (text) => {
    expect(retention(['--retention', text])).toEqual({
      eventsMs: null,
      runsMs: null,
      tracesMs: null,
    });
  });

  test('is never longer for traces than for their runs', () => {
    expect(retention(['--retention-runs', '2d']).tracesMs).toBe(2 * dayMs);
    expect(retention(['--retention-runs=2d', '--retention-traces=off']).tracesMs).toBe(2 * dayMs);
    expect(retention(['--retention-runs=off', '--retention-traces=3d'])).toMatchObject({
      runsMs: null,
      tracesMs: 3 * dayMs,
    });
  });

  test.each([
    ['30', 'must be a duration, such as 12h, 30d or 8w, or off'],
    ['a month', 'must be a duration'],
    ['59m', 'must be from 1h to 3650d'],
    ['3651d', 'must be from 1h to 3650d'],
    ['-1d', 'must be from 1h to 3650d'],
  ])('%p is refused', (text, message) => {
    for (const flag of ['retention', 'retention-events', 'retention-runs', 'retention-traces']) {
      expect(errorOf(['dev', `--${flag}=${text}`])).toContain(`--${flag} ${message}`);
    }
  });
});

describe('values', () => {
  test('a retry interval replaces the backoff table, zero keeps it', () => {
    expect(read(['dev', '--retry-interval', '3']).settings.retryIntervalMs).toBe(3000);
    expect(read(['dev', '--retry-interval', '0']).settings.retryIntervalMs).toBeNull();
  });

  test('discovery and polling can be turned off', () => {
    expect(read(['dev', '--no-discovery', '--no-poll']).settings).toMatchObject({
      isDiscoveryOn: false,
      isPollingOn: false,
    });
  });

  test('--tick is accepted but must be a number', () => {
    expect(read(['dev', '--tick', '150'])).toEqual(read(['dev']));
    expect(errorOf(['dev', '--tick', 'soon'])).toContain('--tick must be a whole number');
  });

  test('the log level has its usual names, and --verbose is debug', () => {
    expect(read(['dev', '-v']).settings.logLevel).toBe('debug');
    expect(read(['dev', '-v', '-l', 'ERROR']).settings.logLevel).toBe('error');
    expect(read(['dev'], { LOG_LEVEL: 'warning' }).settings.logLevel).toBe('warn');
    expect(errorOf(['dev', '-l', 'loud'])).toContain(
      '--log-level must be debug, info, warn or error',
    );
  });

  test.each([
    [['dev', '-p', '65536'], '--port must be a whole number from 0 to 65535'],
    [['dev', '-p', '-1'], '--port must be a whole number from 0 to 65535'],
    [['dev', '-p', '80.5'], '--port must be a whole number from 0 to 65535'],
    [['dev', '--poll-interval', '0'], '--poll-interval must be a whole number from 1'],
    [['dev', '-u', 'localhost:3000'], '--sdk-url must be a URL that starts with http://'],
    [['dev', '--in-memory=perhaps'], '--in-memory must be true or false'],
  ])('%p is refused', (argv, message) => {
    expect(errorOf(argv)).toContain(message);
  });
});

describe('the keys of start', () => {
  const withKey = (signingKey: string): string[] => [
    'start',
    '--signing-key',
    signingKey,
    '--event-key',
    'e',
  ];

  test.each([key, `signkey-prod-${key}`, `signkey-test-${key}`, `signkey-local-${key}`, 'AB12'])(
    'the signing key %p is accepted as it is',
    (signingKey) => {
      expect(read(withKey(signingKey)).settings.signingKey).toBe(signingKey);
    },
  );

  test.each([
    ['abc', 'signing-key must be hex string with even number of chars'],
    ['signkey-prod-abc', 'signing-key must be hex string with even number of chars'],
    ['signkey-prod-xyz0', 'signing-key must be valid hex string'],
    ['signkey-prod-', 'signing-key must be valid hex string'],
  ])('the signing key %p is refused', (signingKey, message) => {
    expect(errorOf(withKey(signingKey))).toContain(message);
  });

  test('an error never repeats the key', () => {
    expect(errorOf(withKey('signkey-prod-private'))).not.toContain('private');
  });

  test('both keys are required', () => {
    expect(errorOf(['start', '--event-key', 'e'])).toStartWith('signing-key is required');
    expect(errorOf(['start', '--signing-key', key])).toStartWith(
      'at least one event-key is required',
    );
    expect(errorOf(['start', '--signing-key', key, '--event-key', ','])).toStartWith(
      'at least one event-key is required',
    );
  });
});
