import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import {
  type DeclaredFunction,
  type Registration,
  readRegistration,
} from '../../src/function/registration.ts';
import { sampleDocument, sampleFunction, stepUrl } from './sample.ts';

function read(document: unknown): Registration {
  const result = readRegistration(document);
  if (!result.ok) throw new Error(JSON.stringify(result.errors));
  return result.registration;
}

function declared(changes: Readonly<Record<string, unknown>>): DeclaredFunction {
  const [fn] = read(sampleDocument([sampleFunction(changes)])).functions;
  if (fn === undefined) throw new Error('no function');
  return fn;
}

function refusal(document: unknown): string {
  const result = readRegistration(document);
  if (result.ok) return 'accepted';
  return `${result.reason} ${result.errors.map(({ path, message }) => `${path}: ${message}`).join(' | ')}`;
}

describe('a registration', () => {
  test('becomes an app and its functions with all defaults filled in', () => {
    const registration = read(
      sampleDocument([
        sampleFunction({ steps: { step: { name: 'step', runtime: { url: stepUrl } } } }),
      ]),
    );
    expect(registration).toMatchObject({
      ...{ name: 'shop', url: 'http://localhost:3000/api/inngest', sdkLanguage: 'js' },
      ...{
        sdkVersion: 'v4.18.1',
        framework: 'express',
        appVersion: '',
        method: 'serve',
        warnings: [],
      },
    });
    expect(registration.functions).toEqual([
      {
        ...{ slug: 'shop-pay', name: 'Pay', triggers: [{ event: 'order/placed' }] },
        ...{
          url: stepUrl,
          driver: 'http',
          retries: 4,
          concurrency: [],
          runConcurrency: [],
          cancel: [],
        },
      },
    ]);
  });

  test('keys match in any letter case throughout the document', () => {
    const { appName, ...rest } = sampleDocument([
      sampleFunction({ Singleton: { MODE: 'cancel', Key: 'event.data.id' }, BATCHEVENTS: null }),
    ]);
    const registration = read({ ...rest, appname: appName });
    expect(registration.name).toBe('shop');
    expect(registration.functions[0]?.singleton).toEqual({ mode: 'cancel', key: 'event.data.id' });
  });

  test('null is absent everywhere', () => {
    const keys = [
      'concurrency',
      'throttle',
      'rateLimit',
      'debounce',
      'batchEvents',
      'priority',
      'cancel',
    ];
    const more = ['timeouts', 'Singleton', 'idempotency', 'retries', 'checkpoint', 'triggers'];
    const nulls = Object.fromEntries([...keys, ...more].map((key) => [key, null]));
    expect(declared(nulls)).toMatchObject({ triggers: [], retries: 4, cancel: [] });
    const nothing = {
      framework: null,
      appVersion: null,
      functions: null,
      featureObservations: null,
    };
    expect(read({ ...sampleDocument(), ...nothing }).functions).toEqual([]);
  });

  test('the checksum is that of the content, whatever its key order and unknown keys', () => {
    const checksum = read(sampleDocument()).checksum;
    const reversed = Object.fromEntries(Object.entries(sampleDocument()).reverse());
    expect(read({ ...reversed, featureObservations: { x: 1 }, unknown: 1 }).checksum).toBe(
      checksum,
    );
    expect(read(sampleDocument([sampleFunction({ retries: 3, name: 'Other' })])).checksum).not.toBe(
      checksum,
    );
    expect(
      read(sampleDocument(undefined, { url: 'http://127.0.0.1:3000/api/inngest?deployId=5' }))
        .checksum,
    ).toBe(checksum);
  });

  test('a function without an id is known by its name', () => {
    expect(declared({ id: '', name: 'Charge the Card!' }).slug).toBe('charge-the-card');
  });

  test('a worker is known by its URL or by its deploy type', () => {
    const url = 'ws://connect?app_name=shop';
    const step = { name: 'step', runtime: { url: 'wss://connect?fnId=shop-pay&stepId=step' } };
    const registration = read(
      sampleDocument([sampleFunction({ steps: { step } })], { url, deployType: 'connect' }),
    );
    expect(registration.method).toBe('connect');
    expect(registration.url).toBe(url);
    expect(registration.functions[0]?.driver).toBe('connect');
  });
});

describe('the forms of a function', () => {
  test('concurrency may be a number, a limit, a list or two lists', () => {
    const limits = (concurrency: unknown) => {
      const fn = declared({ concurrency });
      return { step: fn.concurrency, run: fn.runConcurrency };
    };
    expect(limits(5)).toEqual({ step: [{ limit: 5, scope: 'fn' }], run: [] });
    expect(limits({ limit: 5, key: 'event.data.a' })).toEqual({
      ...{ step: [{ limit: 5, key: 'event.data.a', scope: 'fn' }], run: [] },
    });
    expect(limits([{ limit: 9 }, { limit: 2, key: '"x"', scope: 'ENV' }])).toEqual({
      ...{
        step: [
          { limit: 2, key: '"x"', scope: 'env' },
          { limit: 9, scope: 'fn' },
        ],
        run: [],
      },
    });
    expect(limits({ fn: [{ limit: 1 }], step: [{ limit: 3 }] })).toEqual({
      ...{ step: [{ limit: 3, scope: 'fn' }], run: [{ limit: 1, scope: 'fn' }] },
    });
    for (const scalar of ['five', true]) expect(limits(scalar)).toEqual({ step: [], run: [] });
  });

  test('retries come from the step, else from the function, and end at 20', () => {
    const step = (attempts?: number) => ({
      step: { name: 's', runtime: { url: stepUrl }, retries: { attempts } },
    });
    expect(declared({ steps: step(0), retries: 7 }).retries).toBe(0);
    expect(declared({ steps: step(), retries: 7 }).retries).toBe(7);
    expect(declared({ steps: step() }).retries).toBe(4);
    expect(declared({ steps: step(99) }).retries).toBe(20);
  });

  test('idempotency takes the place of a rate limit', () => {
    const fn = declared({
      idempotency: 'event.data.id',
      rateLimit: { limit: 0, period: 'nonsense' },
    });
    expect(fn.idempotency).toBe('event.data.id');
    expect(fn.rateLimit).toBeUndefined();
    expect(declared({ rateLimit: { limit: 3, period: '1h' } }).rateLimit).toEqual({
      limit: 3,
      period: '1h',
    });
  });

  test('a throttle without a limit allows one run, and has no burst unless it says so', () => {
    expect(declared({ throttle: { period: '1m' } }).throttle).toEqual({
      limit: 1,
      period: '1m',
      burst: 0,
    });
  });

  test('empty texts are absent', () => {
    expect(declared({ debounce: { period: '5s', key: '' } }).debounce).toEqual({ period: '5s' });
    expect(declared({ singleton: { key: '' } }).singleton).toEqual({ mode: 'skip' });
  });

  test('checkpoint settings are kept as they come, and dropped when they are something else', () => {
    const checkpoint = { batch_steps: 3, batch_interval: '1s', max_runtime: 5_000_000_000 };
    expect(declared({ checkpoint }).checkpoint).toEqual(checkpoint);
    expect(declared({ checkpoint: true }).checkpoint).toBeUndefined();
  });

  test('a durable endpoint is called by its own driver', () => {
    expect(declared({ driver: { uri: 'x', metadata: { type: 'sync' } } }).driver).toBe('sync');
  });
});

describe('a registration that is wrong', () => {
  test('names every field of the wrong type, in every function', () => {
    const text = refusal(
      sampleDocument([
        sampleFunction({ name: 5, throttle: { limit: 'x', period: 'soon' } }),
        sampleFunction({
          id: 'shop-b',
          singleton: { mode: 'queue' },
          concurrency: { limit: 1, scope: 'planet' },
        }),
        sampleFunction({ id: 'shop-c', triggers: [{ cron: '@hourly' }] }),
      ]),
    );
    expect(text).toStartWith('malformed');
    for (const path of [
      ...[
        'functions[0].name: expected string',
        'functions[0].throttle.limit: ',
        'functions[0].throttle.period: ',
      ],
      ...[
        'functions[1].singleton.mode: ',
        'scope: unknown scope',
        'functions[2].triggers[0].cron: ',
      ],
    ]) {
      expect(text).toContain(path);
    }
  });

  test('is refused without an app name', () => {
    expect(refusal(sampleDocument([], { appName: '' }))).toBe(
      'no_app_name appName: App ID required',
    );
    expect(refusal({})).toStartWith('no_app_name');
  });

  test('is refused when it is no object', () => {
    for (const value of [5, 'x', [], null]) expect(refusal(value)).toStartWith('malformed ');
  });

  test('is refused when its URL cannot be called', () => {
    expect(refusal(sampleDocument([], { url: 'ftp://example.com' }))).toContain('url: ');
  });

  test('is refused when two functions have one id', () => {
    expect(refusal(sampleDocument([sampleFunction(), sampleFunction()]))).toBe(
      'invalid functions[1].id: functions[0] has the same id',
    );
  });
});

describe('any input', () => {
  const keys = [
    ...[
      'name',
      'triggers',
      'steps',
      'concurrency',
      'throttle',
      'rateLimit',
      'debounce',
      'batchEvents',
    ],
    ...[
      'priority',
      'cancel',
      'timeouts',
      'Singleton',
      'retries',
      'checkpoint',
      'idempotency',
      'driver',
    ],
  ];
  const changes = fc.dictionary(fc.constantFrom(...keys), fc.jsonValue({ maxDepth: 3 }));
  const document = fc.oneof(
    fc.jsonValue(),
    fc
      .array(changes, { maxLength: 3 })
      .map((list) => sampleDocument(list.map((change) => sampleFunction(change)))),
    fc
      .dictionary(fc.constantFrom('url', 'sdk', 'appName', 'functions', 'APPNAME'), fc.jsonValue())
      .map((change) => sampleDocument([], change)),
  );

  test('is read or refused with at least one problem, each with a place and a reason', () => {
    fc.assert(
      fc.property(document, (value) => {
        const result = readRegistration(value);
        if (result.ok) {
          for (const fn of result.registration.functions) {
            expect(URL.canParse(fn.url)).toBe(true);
            expect(fn.retries).toBeGreaterThanOrEqual(0);
            expect(fn.retries).toBeLessThanOrEqual(20);
          }
          return;
        }
        expect(result.errors.length).toBeGreaterThan(0);
        for (const { path, message } of result.errors) {
          expect(message).not.toBe('');
          // Only a document that is no object at all has no place to name.
          if (typeof value === 'object' && value !== null && !Array.isArray(value))
            expect(path).not.toBe('');
        }
      }),
      { numRuns: 400 },
    );
  });
});
