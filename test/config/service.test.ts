import { describe, expect, test } from 'bun:test';
import { readService } from '../../src/config/service.ts';

/** What the schema makes of `config: c.#Config`. */
const defaults = {
  log: { level: 'info', format: 'json' },
  eventAPI: { addr: '0.0.0.0', port: 8288, maxSize: 524_288 },
  coreAPI: { addr: '0.0.0.0', port: 8300 },
  execution: {
    drivers: { http: { name: 'http', timeout: 7200 }, connect: { name: 'connect' } },
    logOutput: false,
  },
  eventstream: { service: { backend: 'inmemory', topic: 'events' } },
  queue: { service: { backend: 'redis' } },
  state: { service: { backend: 'redis' } },
  datastore: { service: { backend: 'inmemory' } },
};
const redis = { backend: 'redis', host: 'localhost', port: 6379, db: 0, maxRetries: 3 };

type Changes = Partial<Record<keyof typeof defaults, unknown>>;

function read(changes: Changes, text = 'config: {}') {
  const source = { name: 'inngest.cue', text };
  return readService([{ source, value: { config: { ...defaults, ...changes } } }]);
}

/** `path: message` of all that is refused. */
function refused(changes: Changes): string[] {
  const { findings, service } = read(changes);
  expect(service).toBeNull();
  return findings.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

function warned(changes: Changes, text?: string): string[] {
  const { findings, warnings } = read(changes, text);
  expect(findings).toEqual([]);
  return warnings.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

test('no document configures the server', () => {
  const functions = { source: { name: 'a.cue', text: '' }, value: { functions: {} } };
  expect(readService([functions])).toEqual({ service: null, findings: [], warnings: [] });
});

describe('what the schema fills in', () => {
  test('is no wish of anybody', () => {
    expect(read({})).toEqual({ service: {}, findings: [], warnings: [] });
  });

  test('is one where it was written', () => {
    const text = `
      import c "inngest.com/defs/config"
      config: c.#Config & {
        log: format: "json"
        "eventAPI": {addr: "0.0.0.0", port: 8288
          maxSize: 524288}
        coreAPI: port: 8300
      }`;
    expect(read({}, text).service).toEqual({
      logFormat: 'json',
      host: '0.0.0.0',
      port: 8288,
      eventBytesMax: 524_288,
    });
    expect(warned({}, text)).toEqual([
      expect.stringContaining('config.coreAPI.port: has no effect'),
    ]);
    expect(read({}, '{"eventAPI": {"port": 8288}}').service).toEqual({ port: 8288 });
  });

  test('is one where a name stands for it', () => {
    const text = `
      let log = {format: "json"}
      #Api: {port: 8288} // not its other fields
      parts: {drivers: {http: {timeout: 7200}}}
      config: {
        "log": log
        eventAPI: #Api & {
        } & other.api
        execution: (parts)
      }
      loop: loop`;
    expect(read({}, text).service).toEqual({
      logFormat: 'json',
      port: 8288,
      callTimeoutMs: 7_200_000,
    });
  });

  test('is none where only something like it was written', () => {
    const text = `
      // config: log: format: "json"
      config: {
        coreAPI: {addr: "0.0.0.0"}
        execution: drivers: http: {name: "http"}
        log: level: "info", note: "eventAPI: port: 1"
      }
      eventAPI2: port: 8288`;
    expect(read({}, text).service).toEqual({ logLevel: 'info' });
  });
});

describe('what is written', () => {
  test('sets the server up', () => {
    const drivers = { http: { name: 'http', timeout: 30, signingKey: 'abcd' } };
    const changes = {
      log: { level: 'trace', format: 'console' },
      eventAPI: { addr: '127.0.0.1', port: 9288, maxSize: 1_048_576 },
      execution: { drivers },
      datastore: { service: { backend: 'postgres', URI: 'postgres://db.test/x' } },
    };
    expect(read(changes)).toEqual({
      service: {
        logLevel: 'debug',
        logFormat: 'text',
        host: '127.0.0.1',
        port: 9288,
        eventBytesMax: 1_048_576,
        callTimeoutMs: 30_000,
        signingKey: 'abcd',
        postgresUri: 'postgres://db.test/x',
      },
      findings: [],
      warnings: [],
    });
  });

  test('and has no effect is named', () => {
    const changes = {
      coreAPI: { addr: '127.0.0.1', port: 9300 },
      execution: { logOutput: true },
      eventstream: { service: { backend: 'inmemory', topic: 'mine' } },
      queue: { service: { ...redis, poolSize: 4, maxRetries: 9 } },
    };
    const paths = warned(changes).map((line) => line.replace(/: has no effect.*/, ''));
    expect(paths).toEqual([
      'config.coreAPI.addr',
      'config.coreAPI.port',
      'config.execution.logOutput',
      'config.eventstream.service.topic',
      'config.queue.service.poolSize',
      'config.queue.service.maxRetries',
    ]);
  });

  test.each([
    [
      { eventAPI: { port: 80.5 } },
      'config.eventAPI.port: must be a whole number from 1 to 65535, not 80.5',
    ],
    [
      { eventAPI: { port: 70_000 } },
      'config.eventAPI.port: must be a whole number from 1 to 65535, not 70000',
    ],
    [
      { eventAPI: { maxSize: 2048.5 } },
      'config.eventAPI.maxSize: must be a whole number from 1024 to 67108864, not 2048.5',
    ],
    [{ eventAPI: { addr: ' ' } }, 'config.eventAPI.addr: must not be empty'],
    [
      { queue: { service: { ...redis, port: 1.5 } } },
      'config.queue.service.port: must be a whole number from 1 to 65535, not 1.5',
    ],
    [
      { eventstream: { service: { backend: 'nats', topic: 't' } } },
      'config.eventstream.service.backend: "nats" is not supported',
    ],
    [{ eventstream: { service: { backend: 'gcp-pubsub' } } }, '"gcp-pubsub" is not supported'],
    [
      { queue: { service: { backend: 'aws-sqs' } } },
      'config.queue.service.backend: "aws-sqs" is not supported: use "redis"',
    ],
    [
      { state: { service: { backend: 'dynamo' } } },
      'config.state.service.backend: "dynamo" is not supported',
    ],
    [
      { datastore: { service: { backend: 'mysql' } } },
      'config.datastore.service.backend: "mysql" is not supported: use "postgres"',
    ],
    [
      { execution: { drivers: { http: { name: 'mock' } } } },
      'config.execution.drivers.http.name: the driver "mock" is not supported: use "http" or "connect"',
    ],
    [
      { execution: { drivers: { docker: { name: 'http' } } } },
      'config.execution.drivers.docker: the driver "http" is not one for the runtime "docker"',
    ],
  ])('%j is refused', (changes, message) => {
    expect(refused(changes)).toEqual([expect.stringContaining(message)]);
  });
});

describe('a Redis', () => {
  const uriOf = (service: object): string | undefined =>
    read({ queue: { service: { ...redis, ...service } } }).service?.redisUri;

  test.each([
    [{}, 'redis://localhost:6379/0'],
    [{ host: 'q.test', port: 6380, db: 2 }, 'redis://q.test:6380/2'],
    [{ host: '::1' }, 'redis://[::1]:6379/0'],
    [{ password: 'p@ss/w' }, 'redis://:p%40ss%2Fw@localhost:6379/0'],
    [{ username: 'me', password: 'x' }, 'redis://me:x@localhost:6379/0'],
    [{ dsn: 'rediss://q.test/1', host: 'other' }, 'rediss://q.test/1'],
    [{ dsn: 'redis+sentinel://a:1,b:2/main' }, 'redis+sentinel://a:1,b:2/main'],
  ])('described by %j is %s', (service, uri) => {
    expect(uriOf(service)).toBe(uri);
  });

  test('may be named for the state only, or in both alike', () => {
    const service = { ...redis, host: 'r.test' };
    const redisUri = 'redis://r.test:6379/0';
    expect(read({ state: { service } }).service).toEqual({ redisUri });
    expect(read({ queue: { service }, state: { service } }).service).toEqual({ redisUri });
  });

  test('is the local one where nothing but its kind was written', () => {
    const redisUri = 'redis://localhost:6379/0';
    for (const text of [
      '{"queue": {"service": {"backend": "redis"}}}',
      'config: state: service: backend: "redis"',
      'let redis = {backend: "redis"}\nconfig: {queue: service: redis, state: service: redis}',
      '_redis: service: {backend: "redis"}\nconfig: queue: _redis & {service: {}}',
    ]) {
      expect(read({}, text)).toEqual({ service: { redisUri }, findings: [], warnings: [] });
    }
    for (const text of ['config: queue: {}', 'config: {}\nbackend: "redis"\nx: "\\(backend)"']) {
      expect(read({}, text).service).toEqual({});
    }
  });

  test('next to another one is refused', () => {
    const state = { service: { ...redis, host: 'other' } };
    expect(refused({ queue: { service: redis }, state })).toEqual([
      expect.stringContaining('config.state.service: names another Redis'),
    ]);
  });

  test('next to memory is for both, and that is said', () => {
    const changes = { queue: { service: redis }, state: { service: { backend: 'inmemory' } } };
    expect(warned(changes)).toEqual([
      expect.stringContaining('config.state.service: has no effect'),
    ]);
    expect(warned({ ...changes, queue: { service: { backend: 'inmemory' } } })).toEqual([]);
  });

  test('that cannot be one is refused without repeating its password', () => {
    for (const wrong of [{ dsn: 'http://me:secret@x' }, { host: 'redis://me:secret@x' }]) {
      const [message = '', ...more] = refused({ queue: { service: { ...redis, ...wrong } } });
      expect(more).toEqual([]);
      expect(message).toContain('must be');
      expect(message).not.toContain('secret');
    }
    expect(
      refused({ datastore: { service: { backend: 'postgres', URI: 'mysql://me:secret@x' } } }),
    ).toEqual([expect.not.stringContaining('secret')]);
  });

  test('has one prefix', () => {
    const withPrefix = (queue: string, state: string): Changes => ({
      queue: { service: { ...redis, keyPrefix: queue } },
      state: { service: { ...redis, keyPrefix: state } },
    });
    expect(read(withPrefix('', 'inngest:state')).service).not.toHaveProperty('redisPrefix');
    expect(read(withPrefix('shop', 'inngest:state')).service).toMatchObject({
      redisPrefix: 'shop',
    });
    expect(read(withPrefix('', 'shop')).service).toMatchObject({ redisPrefix: 'shop' });
    expect(refused(withPrefix('a', 'b'))).toEqual([expect.stringContaining('differs')]);
    expect(refused(withPrefix('{a}', 'inngest:state'))).toEqual([
      expect.stringContaining('config.queue.service.keyPrefix: must be 1 to 64'),
    ]);
  });
});

test('two documents that configure the server are refused, naming both', () => {
  const documents = ['a.cue', 'b.cue'].map((name) => ({
    source: { name, text: '' },
    value: { config: defaults },
  }));
  const { service, findings } = readService(documents);
  expect(service).toBeNull();
  expect(findings).toEqual([
    {
      source: expect.objectContaining({ name: 'b.cue' }),
      path: ['config'],
      message: expect.stringContaining('a.cue'),
    },
  ]);
});
