import { describe, expect, test } from 'bun:test';
import { waitMsMax } from '../../../src/config/functions/duration_rules.ts';
import { readFunctions } from '../../../src/config/functions/read_functions.ts';
import { waitMsMax as waitMsMaxOfRuns } from '../../../src/executor/limits.ts';
import {
  evaluated,
  problemsOf,
  read,
  runtime,
  sampleFunction,
  step,
  warnings,
  warningsOf,
} from './sample.ts';

describe('a function', () => {
  test('becomes one of the app cue, with the defaults of documents', () => {
    expect(read({})).toEqual({
      slug: 'cue-review',
      name: 'Review',
      triggers: [{ event: 'shop/order.placed' }],
      url: 'cue://review',
      driver: 'dag',
      dag: {
        steps: [
          {
            id: 'a',
            name: 'a',
            url: runtime.url,
            attempts: 3,
            join: 'any',
            after: [{ from: '$trigger' }],
          },
        ],
      },
      retries: 2,
      concurrency: [],
      runConcurrency: [],
      cancel: [],
    });
  });

  test('keeps everything that its document says', () => {
    const declared = read({
      concurrency: 5,
      triggers: [
        { event: 'a', expression: 'event.data.x == 1' },
        { cron: 'TZ=Europe/Paris 0 7 * * *', jitter: '30s' },
      ],
      throttle: { key: 'event.data.k', count: 10, period: '1m' },
      rateLimit: { limit: 2, period: '1h', key: 'event.data.k' },
      debounce: { period: '5s', key: 'event.data.k', timeout: '1m' },
      priority: { run: 'event.data.p' },
      singleton: { key: 'event.data.k', mode: 'cancel' },
      timeouts: { start: '1h', finish: '2d' },
      cancel: [
        { event: 'stop', timeout: '2h', if: 'async.data.x == event.data.x' },
        { event: 'halt', timeout: '2030-01-01T00:00:00Z' },
      ],
      steps: {
        first: { name: 'First', runtime, retries: { attempts: 5 } },
        second: {
          runtime,
          join: 'all',
          retries: { attempts: 0 },
          after: [
            { step: 'first', if: 'response.status == 200', wait: '3d' },
            {
              step: '$trigger',
              async: { event: 'e', ttl: '1h', match: 'async.data.x == 1', onTimeout: true },
            },
          ],
        },
      },
    });
    expect(declared).toMatchObject({
      triggers: [
        { event: 'a', expression: 'event.data.x == 1' },
        { cron: 'TZ=Europe/Paris 0 7 * * *', jitter: '30s' },
      ],
      retries: 4,
      concurrency: [{ limit: 5, scope: 'fn' }],
      throttle: { key: 'event.data.k', limit: 10, period: '1m', burst: 1 },
      rateLimit: { limit: 2, period: '1h', key: 'event.data.k' },
      debounce: { period: '5s', key: 'event.data.k', timeout: '1m' },
      priority: { run: 'event.data.p' },
      singleton: { key: 'event.data.k', mode: 'cancel' },
      timeouts: { start: '1h', finish: '2d' },
      cancel: [
        { event: 'stop', timeout: '2h', if: 'async.data.x == event.data.x' },
        { event: 'halt', timeout: '2030-01-01T00:00:00Z' },
      ],
    });
    expect(declared.dag?.steps).toEqual([
      {
        id: 'first',
        name: 'First',
        url: runtime.url,
        attempts: 5,
        join: 'any',
        after: [{ from: '$trigger' }],
      },
      {
        ...{ id: 'second', name: 'second', url: runtime.url, attempts: 1, join: 'all' },
        after: [
          { from: 'first', if: 'response.status == 200', wait: '3d' },
          {
            from: '$trigger',
            async: { event: 'e', ttl: '1h', match: 'async.data.x == 1', onTimeout: true },
          },
        ],
      },
    ]);
  });

  test('can batch events', () => {
    const batch = { maxSize: 10, timeout: '30s', key: 'event.data.k', if: 'event.data.x == 1' };
    expect(read({ batch }).batchEvents).toEqual(batch);
  });

  test('retries as often as the most patient of its steps', () => {
    const attempts = (count: number) => ({ runtime, retries: { attempts: count } });
    expect(read({ steps: { a: attempts(0), b: attempts(1) } }).retries).toBe(0);
    expect(read({ steps: { a: attempts(20), b: step() } }).retries).toBe(19);
    expect(read({ steps: { a: attempts(1), b: { runtime, retries: {} } } }).retries).toBe(2);
  });

  test('has idempotency instead of throttle and rate limit, and is told so', () => {
    const changes = {
      idempotency: 'event.data.id',
      throttle: { period: '1m' },
      rateLimit: { period: '1m' },
    };
    const declared = read(changes);
    expect(declared.idempotency).toBe('event.data.id');
    expect(declared.throttle).toBeUndefined();
    expect(declared.rateLimit).toBeUndefined();
    expect(warnings(changes).map((line) => line.split(':')[0])).toEqual(['throttle', 'rateLimit']);
  });

  test('is told once which of its limits do not act yet', () => {
    const end = 'not act yet: flow control comes with a later release';
    const batch = { maxSize: 2, timeout: '1s' };
    expect(warnings({ throttle: { period: '1m' } })).toEqual([
      `throttle: throttle is checked and kept, and does ${end}`,
    ]);
    expect(warnings({ singleton: {}, debounce: { period: '1s' }, priority: { run: '1' } })).toEqual(
      [`debounce: debounce, priority, singleton are checked and kept, and do ${end}`],
    );
    expect(warnings({ batch, rateLimit: { period: '1m' } })).toHaveLength(1);
    const acting = { concurrency: 1, timeouts: { start: '1h' }, cancel: [{ event: 'e' }] };
    expect(warnings({ ...acting, idempotency: 'event.data.id' })).toEqual([]);
  });

  test('has a slug without a slash when its id has a group', () => {
    expect(read({ id: 'acme/review' })).toMatchObject({
      slug: 'cue-acme-review',
      url: 'cue://acme-review',
    });
    expect(read({ id: 'Ácme & Söhne/review' }).slug).toBe('cue-acme-sohne-review');
    expect(read({ id: '/review' }).slug).toBe('cue-review');
  });

  test('is told what has no effect', () => {
    const steps = { a: { runtime, path: 'file://./a', version: { minor: 2 }, join: 'all' } };
    expect(warnings({ steps }).map((line) => line.split(':')[0])).toEqual([
      'steps.a.path',
      'steps.a.version',
      'steps.a.join',
    ]);
    const definition = { format: 'cue', synced: false, def: 'file://./events/a.cue' };
    expect(warnings({ triggers: [{ event: 'a', definition }] })).toEqual([
      'triggers[0].definition: for readers only: events are not checked against it; "file://./events/a.cue" is not read',
    ]);
    const shown = { ...definition, def: { name: 'a', data: { x: 'int' } } };
    expect(warnings({ triggers: [{ event: 'a', definition: shown }] })).toHaveLength(1);
  });
});

describe('documents', () => {
  test('have one function, many, or both, in the order in which they are written', () => {
    const { id, name, ...rest } = sampleFunction();
    const value = {
      function: sampleFunction(),
      functions: { second: rest, third: { ...rest, id: 'other', name: 'Other' } },
      config: {},
      base: 'http://helper',
    };
    const { functions, findings } = readFunctions([evaluated(value)]);
    expect(findings).toEqual([]);
    expect(functions.map(({ slug, name: shown }) => [slug, shown])).toEqual([
      ['cue-review', 'Review'],
      ['cue-second', 'second'],
      ['cue-other', 'Other'],
    ]);
  });

  test('may configure the server only', () => {
    expect(warningsOf({ config: {} })).toEqual([]);
  });

  test('that declare nothing are doubted', () => {
    expect(warningsOf({ functon: {} })).toEqual([
      ': nothing is declared here: there is no field function, functions or config',
    ]);
    expect(warningsOf({ functions: {} })).toEqual([]);
  });

  test('may not have two functions with one id: both places are named', () => {
    const { findings, functions } = readFunctions([
      evaluated({ function: sampleFunction() }, 'a.cue'),
      evaluated({ functions: { again: sampleFunction() } }, 'b.cue'),
    ]);
    expect(functions).toHaveLength(1);
    expect(
      findings.map(({ source, path, message }) => ({ name: source.name, path, message })),
    ).toEqual([
      {
        name: 'b.cue',
        path: ['functions', 'again', 'id'],
        message:
          'duplicate function id "review": declared in a.cue (function) and again in b.cue (functions.again)',
      },
    ]);
  });

  test('may not have two ids that come to one slug, even when one of the functions has problems', () => {
    const value = {
      functions: { a: sampleFunction({ id: 'x/y', name: '' }), b: sampleFunction({ id: 'x-y' }) },
    };
    expect(problemsOf(value)[1]).toBe(
      'functions.b.id: duplicate function id: "x/y" in inngest.cue (functions.a) and "x-y" in inngest.cue (functions.b) both become cue-x-y',
    );
  });

  test('that are no objects, and functions that are none, are refused', () => {
    expect(problemsOf([])).toEqual([
      ': a document is an object with the fields function, functions or config',
    ]);
    expect(problemsOf({ functions: [] })).toEqual([
      'functions: functions is an object: by the id of each function, what it is',
    ]);
    expect(problemsOf({ function: null })[0]).toStartWith('function: expected object');
    expect(problemsOf({ functions: { a: 'x' } })[0]).toStartWith('functions.a: expected object');
  });
});

test('documents may wait as long as runs can', () => {
  expect(waitMsMax).toBe(waitMsMaxOfRuns);
});
