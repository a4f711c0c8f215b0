import { describe, expect, test } from 'bun:test';
import { expressionRule } from '../../src/function/expression_rule.ts';
import { readRegistration } from '../../src/function/registration.ts';
import { checkRate } from '../../src/function/validation.ts';
import { Report } from '../../src/function/validation_error.ts';
import { sampleDocument, sampleFunction, stepUrl } from './sample.ts';

/** `code path: message` of every problem of one function, without the function's own place. */
function problems(changes: Readonly<Record<string, unknown>>): string[] {
  const result = readRegistration(sampleDocument([sampleFunction(changes)]));
  if (result.ok) return [];
  expect(result.reason).toBe('invalid');
  return result.errors.map(({ code, path, message, functionSlug }) => {
    expect(functionSlug).toBe('shop-pay');
    return `${code} ${path.replace('functions[0].', '')}: ${message}`;
  });
}

function expectProblem(changes: Readonly<Record<string, unknown>>, start: string): void {
  const found = problems(changes);
  expect(found).toHaveLength(1);
  expect(found[0]).toStartWith(start);
}

describe('triggers', () => {
  const triggers = (...list: unknown[]) => ({ triggers: list });
  const many = (count: number) =>
    Array.from({ length: count }, (_, index) => ({ event: `e/${index}` }));

  test('ten are allowed, and so is none', () => {
    expect(problems(triggers(...many(10)))).toEqual([]);
    expect(problems(triggers())).toEqual([]);
    expectProblem(triggers(...many(11)), 'config_invalid triggers: at most 10 triggers');
  });

  test('a trigger is an event or a cron', () => {
    expectProblem(triggers({}), 'config_invalid triggers[0]: a trigger needs an event or a cron');
    expectProblem(triggers({ event: 'a', cron: '0 0 * * *' }), 'config_invalid triggers[0]: ');
    expectProblem(triggers({ event: '' }), 'config_invalid triggers[0].event: ');
    expect(problems(triggers({ event: '', expression: '(' }))).toHaveLength(2);
    expectProblem(triggers({ event: 'e'.repeat(256) }), 'event_name_invalid triggers[0].event: ');
    expect(problems(triggers({ event: 'e'.repeat(255) }))).toEqual([]);
  });

  test('the same trigger twice, or the same cron with another jitter, is refused', () => {
    expectProblem(
      triggers({ event: 'a' }, { event: 'a' }),
      'config_invalid triggers[1]: the same as triggers[0]',
    );
    const cron = '0 0 * * *';
    expectProblem(
      triggers({ cron, jitter: '1s' }, { cron, jitter: '2s' }),
      'config_invalid triggers[1].cron: ',
    );
    expect(
      problems(triggers({ event: 'a' }, { event: 'a', expression: 'event.data.x == 1' })),
    ).toEqual([]);
  });

  test('an expression must compile', () => {
    expectProblem(
      triggers({ event: 'a', expression: 'event.data. ==' }),
      'config_invalid triggers[0].expression: ',
    );
  });

  test('a cron has five fields and at most 255 characters', () => {
    expect(problems(triggers({ cron: 'TZ=Europe/Paris 0 7 * * 1-5' }))).toEqual([]);
    for (const cron of ['@hourly', '* * * * * *', 'x', 'TZ=Mars/Base 0 0 * * *']) {
      expectProblem(triggers({ cron }), 'config_invalid triggers[0].cron: ');
    }
    expectProblem(
      triggers({ cron: `0 0 * * ${'1,'.repeat(130)}1` }),
      'schedule_invalid triggers[0].cron: ',
    );
  });

  test('a jitter is none, or 1s to 5m', () => {
    const cron = '0 0 * * *';
    for (const jitter of ['', ' ', '0', '0s', '1s', '5m'])
      expect(problems(triggers({ cron, jitter }))).toEqual([]);
    for (const jitter of ['soon', '-1s', '500ms', '5m1s']) {
      expectProblem(triggers({ cron, jitter }), 'config_invalid triggers[0].jitter: ');
    }
  });
});

describe('steps', () => {
  const step = { name: 'step', runtime: { url: stepUrl } };

  test('there is exactly one', () => {
    expectProblem({ steps: {} }, 'config_invalid steps: ');
    expectProblem({ steps: undefined }, 'config_invalid steps: ');
    expectProblem(
      { steps: { a: step, b: step } },
      'config_invalid steps: a function has exactly one step',
    );
  });

  test('it has a name and a URL that can be called', () => {
    expectProblem(
      { steps: { step: { ...step, name: '' } } },
      'config_invalid steps["step"].name: ',
    );
    for (const runtime of [undefined, {}, { url: 5 }, { url: '' }]) {
      expectProblem(
        { steps: { step: { ...step, runtime } } },
        'config_invalid steps["step"].runtime.url: No SDK URL',
      );
    }
    for (const url of ['ftp://x/y', 'localhost:3000', 'nonsense']) {
      expectProblem(
        { steps: { step: { ...step, runtime: { url } } } },
        'config_invalid steps["step"].runtime.url: ',
      );
    }
  });
});

describe('concurrency', () => {
  test('two limits at most, and a key for any scope beyond the function', () => {
    const three = [{ limit: 1 }, { limit: 2 }, { limit: 3 }];
    expectProblem({ concurrency: three }, 'concurrency_limit_invalid concurrency: at most 2');
    expectProblem(
      { concurrency: { limit: 1, scope: 'env' } },
      'concurrency_limit_invalid concurrency.key: ',
    );
    expectProblem(
      { concurrency: { limit: 1, scope: 'app' } },
      'concurrency_limit_invalid concurrency.scope: ',
    );
    expectProblem({ concurrency: -1 }, 'concurrency_limit_invalid concurrency.limit: ');
    expectProblem({ concurrency: { limit: 1, key: 'event.' } }, 'config_invalid concurrency.key: ');
    expect(problems({ concurrency: 0 })).toEqual([]);
  });

  test('one limit for runs, of at least one, for the function', () => {
    const runs = (...fn: unknown[]) => ({ concurrency: { fn } });
    expect(problems(runs({ limit: 1, key: 'event.data.id' }))).toEqual([]);
    expectProblem(runs({ limit: 1 }, { limit: 2 }), 'concurrency_limit_invalid concurrency.fn: ');
    expectProblem(runs({ limit: 0 }), 'concurrency_limit_invalid concurrency.fn[0].limit: ');
    expectProblem(
      runs({ limit: 1, scope: 'app' }),
      'concurrency_limit_invalid concurrency.fn[0].scope: ',
    );
    expectProblem(
      runs({ limit: 1, scope: 'env' }),
      'concurrency_limit_invalid concurrency.fn[0].scope: ',
    );
  });
});

describe('rates', () => {
  test('a throttle has a period of at least a second', () => {
    expectProblem({ throttle: { limit: 1, period: '500ms' } }, 'config_invalid throttle.period: ');
    expectProblem({ throttle: { limit: -1, period: '1m' } }, 'config_invalid throttle.limit: ');
    expectProblem(
      { throttle: { limit: 1, period: '1m', key: 'a.' } },
      'config_invalid throttle.key: ',
    );
  });

  test('a rate limit has a limit and a period up to a day', () => {
    expect(problems({ rateLimit: { limit: 1, period: '24h' } })).toEqual([]);
    expectProblem({ rateLimit: { limit: 0, period: '1m' } }, 'config_invalid rateLimit.limit: ');
    expectProblem(
      { rateLimit: { limit: 1 } },
      'config_invalid rateLimit.period: a period is required',
    );
    for (const period of ['24h1s', '2d', '-1s', 'soon']) {
      expectProblem({ rateLimit: { limit: 1, period } }, 'config_invalid rateLimit.period: ');
    }
    expectProblem(
      { rateLimit: { limit: 1, period: '1m', key: '(' } },
      'config_invalid rateLimit.key: ',
    );
    expectProblem({ idempotency: '(' }, 'config_invalid idempotency: ');
  });

  test('a debounce lasts from a second to a week', () => {
    for (const period of ['1s', '7d', '1w']) expect(problems({ debounce: { period } })).toEqual([]);
    for (const period of ['', '999ms', '7d1s', 'soon']) {
      expectProblem({ debounce: { period } }, 'config_invalid debounce.period: ');
    }
    expectProblem({ debounce: { period: '1s', key: '(' } }, 'config_invalid debounce.key: ');
  });
});

describe('batches', () => {
  const batchEvents = { maxSize: 10, timeout: '10s' };

  test('have at least two events and a timeout without days', () => {
    expect(problems({ batchEvents })).toEqual([]);
    expectProblem(
      { batchEvents: { ...batchEvents, maxSize: 1 } },
      'batch_size_invalid batchEvents.maxSize: ',
    );
    for (const timeout of [undefined, '', '999ms', '1d', 'soon']) {
      expectProblem(
        { batchEvents: { ...batchEvents, timeout } },
        'batch_timeout_invalid batchEvents.timeout: ',
      );
    }
    expectProblem(
      { batchEvents: { ...batchEvents, key: '(' } },
      'batch_key_expression_invalid batchEvents.key: ',
    );
    expectProblem(
      { batchEvents: { ...batchEvents, if: '(' } },
      'batch_if_expression_invalid batchEvents.if: ',
    );
  });

  test('cannot be combined with what belongs to one event', () => {
    const others = {
      cancel: [{ event: 'a' }],
      debounce: { period: '1s' },
      singleton: { mode: 'skip' },
      priority: { run: '1' },
    };
    for (const [key, value] of Object.entries(others)) {
      expectProblem(
        { batchEvents, [key]: value },
        'combo_unsupported batchEvents: batching cannot be combined with ',
      );
    }
    expect(problems({ batchEvents, ...others })).toHaveLength(4);
    expect(problems({ batchEvents, rateLimit: { limit: 1, period: '1m' }, cancel: [] })).toEqual(
      [],
    );
  });
});

describe('the rest', () => {
  test('five cancellations at most, each with an event and a plain condition', () => {
    const cancel = (count: number) => Array.from({ length: count }, () => ({ event: 'a' }));
    expect(problems({ cancel: cancel(5) })).toEqual([]);
    expectProblem({ cancel: cancel(6) }, 'config_invalid cancel: at most 5');
    expectProblem({ cancel: [{ if: 'true' }] }, 'config_invalid cancel[0].event: ');
    expect(problems({ cancel: [{ event: 'a', if: 'event.data.id == async.data.id' }] })).toEqual(
      [],
    );
    expectProblem(
      { cancel: [{ event: 'a', if: 'event.data.ids.exists(x, x == async.data.id)' }] },
      'config_invalid cancel[0].if: ',
    );
  });

  test('a name is needed and the priority must compile', () => {
    expectProblem({ name: '' }, 'config_invalid name: ');
    expectProblem({ priority: { run: '(' } }, 'config_invalid priority.run: ');
    expectProblem({ singleton: { key: '(' } }, 'config_invalid singleton.key: ');
  });

  test('timeouts that cannot be read are told as warnings', () => {
    const fn = sampleFunction({
      ...{
        timeouts: { start: 'soon', finish: '1h' },
        debounce: { period: '1s', timeout: 'later' },
      },
      ...{ cancel: [{ event: 'a', timeout: 'never' }] },
    });
    const result = readRegistration(sampleDocument([fn]));
    expect(result.ok && result.registration.warnings).toEqual([
      'functions[0].cancel[0].timeout: invalid duration: "never"; ignored',
      'functions[0].timeouts.start: "soon" is not a duration; ignored',
      'functions[0].debounce.timeout: "later" is not a duration; ignored',
    ]);
  });

  test('all problems of all functions are in one report', () => {
    const result = readRegistration(
      sampleDocument([
        sampleFunction({ name: '', steps: {}, triggers: [{}] }),
        sampleFunction({ id: 'shop-b', debounce: { period: '8d' }, batchEvents: { maxSize: 1 } }),
      ]),
    );
    expect(
      result.ok ? [] : result.errors.map(({ functionSlug, path }) => `${functionSlug} ${path}`),
    ).toEqual([
      ...[
        'shop-pay functions[0].name',
        'shop-pay functions[0].triggers[0]',
        'shop-pay functions[0].steps',
      ],
      ...['shop-b functions[1].debounce.period', 'shop-b functions[1].batchEvents.maxSize'],
      ...['shop-b functions[1].batchEvents.timeout', 'shop-b functions[1].batchEvents'],
    ]);
  });
});

test('a period that nobody has parsed before is told apart from one that is too short', () => {
  const report = new Report('shop-pay', '');
  const throttle = { limit: 1, burst: 1 };
  checkRate({ throttle: { ...throttle, period: 'fast' } }, report, expressionRule(report));
  checkRate({ throttle: { ...throttle, period: '5ms' } }, report, expressionRule(report));
  expect(report.errors.map(({ path, message }) => `${path}: ${message}`)).toEqual([
    'throttle.period: "fast" is not a duration; write for example "30s"',
    'throttle.period: "5ms" is shorter than 1s',
  ]);
});
