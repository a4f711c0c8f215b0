/** What `eval` prints of a `config`, read again: the same settings, by the real engine. */
import { expect, setDefaultTimeout, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createEvaluator } from '../../src/config/cue/cue_evaluator.ts';
import { expandEnvironment } from '../../src/config/environment.ts';
import { readService } from '../../src/config/service.ts';
import type { ServiceSettings } from '../../src/config/service_settings.ts';
import { wishedConfig } from '../../src/config/service_wish.ts';
import type { Evaluated } from '../../src/config/source.ts';

/** Starts CUE twice, on a machine that may be busy. */
setDefaultTimeout(60_000);

const example = readFileSync(
  join(import.meta.dir, '../../examples/cue/service-config.cue'),
  'utf8',
);
const expanded = expandEnvironment(example, { REDIS_HOST: 'queue.test', REDIS_PASSWORD: 'a"b' });
const localRedis = { redisUri: 'redis://localhost:6379/0' };

/** A document, what it comes to for the server, and what `eval` prints of it. */
const documents: readonly (readonly [text: string, service: ServiceSettings, printed: object])[] = [
  ['config: {}', {}, {}],
  ['config: {log: {}, eventAPI: {}, queue: service: {}}', {}, {}],
  ['{"eventAPI": {"port": 8313}}', { port: 8313 }, { eventAPI: { port: 8313 } }],
  ['{"eventAPI": {"port": 8288}}', { port: 8288 }, { eventAPI: { port: 8288 } }],
  [
    '{"queue": {"service": {"backend": "redis"}}}',
    localRedis,
    { queue: { service: { backend: 'redis' } } },
  ],
  [
    'config: state: service: backend: "redis"',
    localRedis,
    { state: { service: { backend: 'redis' } } },
  ],
  [
    'let redis = {backend: "redis"}\nconfig: {queue: service: redis, state: service: redis}',
    localRedis,
    { queue: { service: { backend: 'redis' } }, state: { service: { backend: 'redis' } } },
  ],
  [
    'config: queue: service: {password: "x", maxRetries: 3}',
    { redisUri: 'redis://:x@localhost:6379/0' },
    { queue: { service: { backend: 'redis', host: 'localhost', password: 'x', maxRetries: 3 } } },
  ],
  [
    'config: state: service: {dsn: "rediss://a/1", keyPrefix: "inngest:state"}',
    { redisUri: 'rediss://a/1', redisPrefix: 'inngest:state' },
    {
      state: {
        service: {
          ...{ backend: 'redis', dsn: 'rediss://a/1', host: 'localhost' },
          keyPrefix: 'inngest:state',
        },
      },
    },
  ],
  [
    'import c "inngest.com/defs/config"\n#Base: c.#Config & {log: format: "json"}\nconfig: #Base & {\n\tlog: level: "debug"\n\tif true {eventAPI: port: 8288}\n}',
    { logFormat: 'json', logLevel: 'debug', port: 8288 },
    { log: { format: 'json', level: 'debug' }, eventAPI: { port: 8288 } },
  ],
  [
    '_parts: log: {level: "info"}\nconfig: {log: _parts.log, eventAPI: addr: _host}\n_host: "0.0.0.0"',
    { logLevel: 'info', host: '0.0.0.0' },
    { log: { level: 'info' }, eventAPI: { addr: '0.0.0.0' } },
  ],
  [
    'config: {for name in ["maxSize"] {eventAPI: "\\(name)": 2048}}',
    { eventBytesMax: 2048 },
    { eventAPI: { maxSize: 2048 } },
  ],
  [
    'config: execution: drivers: http: timeout: 7200',
    { callTimeoutMs: 7_200_000 },
    { execution: { drivers: { http: { name: 'http', timeout: 7200 } } } },
  ],
  [
    'config: execution: drivers: {http: {name: "http", signingKey: "ab"}, connect: name: "connect"}',
    { signingKey: 'ab' },
    {
      execution: {
        drivers: { http: { name: 'http', signingKey: 'ab' }, connect: { name: 'connect' } },
      },
    },
  ],
  [
    'config: datastore: service: backend: "postgres"',
    { postgresUri: 'postgres://localhost:5432/postgres?sslmode=disable' },
    {
      datastore: {
        service: {
          backend: 'postgres',
          URI: 'postgres://localhost:5432/postgres?sslmode=disable',
        },
      },
    },
  ],
  [
    expanded.ok ? expanded.text : '',
    {
      ...{ logLevel: 'debug', logFormat: 'json', host: '127.0.0.1', port: 9288 },
      ...{ eventBytesMax: 1_048_576, callTimeoutMs: 120_000 },
      redisUri: 'redis://:a%22b@queue.test:6379/0',
    },
    {
      log: { level: 'debug', format: 'json' },
      eventAPI: { addr: '127.0.0.1', port: 9288, maxSize: 1_048_576 },
      execution: { drivers: { http: { name: 'http', timeout: 120 } } },
      queue: { service: { backend: 'redis', host: 'queue.test', password: 'a"b' } },
      state: { service: { backend: 'redis', host: 'queue.test', password: 'a"b' } },
    },
  ],
];

async function evaluated(texts: readonly string[]): Promise<readonly Evaluated[]> {
  const evaluator = createEvaluator({ cacheDir: null, warn: () => undefined });
  const sources = texts.map((text, index) => ({ name: `${index}.cue`, text }));
  const evaluations = await evaluator.evaluate(sources);
  return evaluations.map((one) => {
    if (!one.ok) throw new Error(JSON.stringify(one.problems));
    return one;
  });
}

function settingsOf(one: Evaluated): ServiceSettings | null {
  return readService([one]).service;
}

test('is what somebody wrote, and comes to the same settings', async () => {
  const originals = await evaluated(documents.map(([text]) => text));
  expect(originals.map(settingsOf)).toEqual(documents.map(([, service]) => service));
  const printed = originals.map(wishedConfig);
  expect(printed).toEqual(documents.map(([, , config]) => ({ ...config })));
  const functions = {};
  const again = await evaluated(printed.map((config) => JSON.stringify({ functions, config })));
  expect(again.map(settingsOf)).toEqual(originals.map(settingsOf));
  expect(again.map(wishedConfig)).toEqual(printed);
});
