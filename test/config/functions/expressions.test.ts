import { describe, expect, test } from 'bun:test';
import { type Fields, problems, read, runtime, step, warnings } from './sample.ts';

function edge(fields: Fields): Fields {
  return { steps: { 'get-it': step(), b: { runtime, after: [{ step: 'get-it', ...fields }] } } };
}

const onEvent = (fields: Fields): Fields => edge({ async: { event: 'e', ttl: '1h', ...fields } });

function expectProblem(changes: Fields, start: string): void {
  const found = problems(changes);
  expect(found).toHaveLength(1);
  expect(found[0]).toStartWith(start);
}

describe('the names of an expression', () => {
  test('on an edge they are event, steps, response and async', () => {
    const text = 'event.data.x == response.body.x && steps["get-it"].status == 200 && async.data.y';
    expect(problems(edge({ if: text }))).toEqual([]);
    expect(problems(onEvent({ match: text }))).toEqual([]);
    expect(problems(edge({ wait: 'date(response.body.at)' }))).toEqual([]);
    expectProblem(edge({ if: 'vars.a == 1' }), 'steps.b.after[0].if: invalid expression: ');
  });

  test('in a trigger and in keys it is event alone, and the message says why', () => {
    const triggers = [{ event: 'e', expression: 'steps.a.body.x == 1' }];
    expectProblem(
      { triggers },
      'triggers[0].expression: line 1, column 1: steps cannot be used here: a trigger is decided before there is a run',
    );
    for (const [changes, path] of [
      [{ idempotency: 'async.data.x' }, 'idempotency'],
      [{ throttle: { period: '1m', key: 'response.x' } }, 'throttle.key'],
      [{ rateLimit: { period: '1m', key: 'steps.x' } }, 'rateLimit.key'],
      [{ debounce: { period: '1m', key: 'async.x' } }, 'debounce.key'],
      [{ batch: { maxSize: 2, timeout: '1m', key: 'async.x' } }, 'batch.key'],
      [{ batch: { maxSize: 2, timeout: '1m', if: 'async.x == 1' } }, 'batch.if'],
      [{ singleton: { key: 'async.x' } }, 'singleton.key'],
      [{ priority: { run: 'async.x' } }, 'priority.run'],
    ] as const) {
      const found = problems(changes);
      expect(found).toHaveLength(1);
      expect(found[0]).toStartWith(`${path}: line 1, column 1: `);
      expect(found[0]).toContain('this is decided before the run begins');
    }
  });

  test('a cancellation knows event and async, and no steps', () => {
    const cancel = (text: string) => ({ cancel: [{ event: 'stop', if: text }] });
    expect(problems(cancel('event.data.id == async.data.id'))).toEqual([]);
    expectProblem(
      cancel('steps.a.body.x == async.data.x'),
      "cancel[0].if: line 1, column 1: steps cannot be used here: a cancellation is compared when an event comes, without the run's steps",
    );
    expectProblem(
      cancel('async.ts > now()'),
      'cancel[0].if: invalid expression: line 1, column 12: the function now() is not allowed here',
    );
  });

  test('every one that is wrong is reported', () => {
    const found = problems(edge({ if: 'lol == rofl && steps.nope.x == 1' }));
    expect(found).toHaveLength(3);
  });
});

describe('steps that an expression names', () => {
  test('must exist, in whatever form they are named', () => {
    for (const text of [
      'steps.git.body',
      'steps["git-it"].body == 1',
      'has(steps.git)',
      '"git-it" in steps',
    ]) {
      const found = problems(edge({ if: text }));
      expect(found).toHaveLength(1);
      expect(found[0]).toContain('unknown step "git');
    }
    expect(problems(edge({ if: 'steps["git-it"].x == 1' }))[0]).toEndWith('did you mean "get-it"?');
    expectProblem(onEvent({ match: 'async.x == steps.nope.x' }), 'steps.b.after[0].async.match: ');
    expectProblem(edge({ wait: 'steps.nope.body.at' }), 'steps.b.after[0].wait: line 1, column');
  });

  test('may be named by a computed key, and a variable of a macro that is called steps is none', () => {
    expect(problems(edge({ if: 'steps[event.data.step].status == 200' }))).toEqual([]);
    expect(problems(edge({ if: 'event.data.list.exists(steps, steps.nope == 1)' }))).toEqual([]);
  });
});

describe('the type of an expression', () => {
  test('is boolean for conditions, as far as that can be told', () => {
    for (const text of [
      '1',
      '"yes"',
      'event.data.x + 1',
      '-event.data.x',
      'now()',
      '[true]',
      '{}',
    ]) {
      expectProblem(edge({ if: text }), 'steps.b.after[0].if: the expression must be boolean: ');
    }
    expectProblem(onEvent({ match: '1 + 1' }), 'steps.b.after[0].async.match: the expression must');
    expectProblem(
      { triggers: [{ event: 'e', expression: '"a" + "b"' }] },
      'triggers[0].expression: ',
    );
    expectProblem({ cancel: [{ event: 'e', if: '1' }] }, 'cancel[0].if: the expression must be');
    for (const text of ['event.data.ok', 'true', 'event.data.a && event.data.b', '!event.data.x']) {
      expect(problems(edge({ if: text }))).toEqual([]);
    }
  });

  test('is a time, a duration or seconds for waits', () => {
    for (const wait of ['"3d"', 'true', 'event.data.x == 1', '[1]']) {
      expectProblem(edge({ wait }), 'steps.b.after[0].wait: line 1, column ');
    }
    for (const wait of ['10', '1.5', 'now_plus("1h")', 'duration("24h")', 'event.data.at', '0']) {
      expect(problems(edge({ wait }))).toEqual([]);
    }
    expect(problems(edge({ wait: "date(event.data.ends_at) - duration('24h')" }))).toEqual([]);
  });

  test('is a number for a priority, and anything for keys', () => {
    expect(problems({ priority: { run: 'event.data.vip ? 60 : 0' } })).toEqual([]);
    expectProblem({ priority: { run: '"high"' } }, 'priority.run: ');
    expect(problems({ singleton: { key: '"all"' } })).toEqual([]);
    expect(problems({ idempotency: 'event.data.id' })).toEqual([]);
  });
});

test('an empty expression is refused: left out it means what its author wants', () => {
  for (const changes of [
    { triggers: [{ event: 'e', expression: '' }] },
    { idempotency: '' },
    { throttle: { period: '1m', key: ' ' } },
    { cancel: [{ event: 'e', if: '' }] },
    edge({ if: '' }),
    onEvent({ match: '' }),
  ]) {
    const found = problems(changes);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain('the expression is empty');
  }
});

describe('doubts', () => {
  test('are about names that have no value yet', () => {
    const first = (fields: Fields) => ({
      steps: { a: { runtime, after: [{ step: '$trigger', ...fields }] } },
    });
    expect(warnings(first({ if: 'response.status == 200' }))).toEqual([
      'steps.a.after[0].if: no step has run yet: response is empty here',
    ]);
    expect(warnings(first({ wait: 'steps.a.body.at' }))).toEqual([
      'steps.a.after[0].wait: step "a" cannot have run yet',
    ]);
    const steps = {
      a: step(),
      b: { runtime, after: [{ step: 'a', if: 'steps.c.status == 200' }] },
      c: step('b'),
    };
    expect(warnings({ steps })).toEqual(['steps.b.after[0].if: step "c" cannot have run yet']);
  });

  test('are about async before an event can have come, and not about steps after one', () => {
    expect(warnings(edge({ if: 'async.data.x == 1' }))).toEqual([
      'steps.b.after[0].if: no event can have come yet: async is empty here',
    ]);
    const after = edge({ if: 'async.data.x == 1', async: { event: 'e', ttl: '1h' } });
    expect(warnings(after)[0]).toEndWith('what the event must be like is said in match');
    const steps = {
      a: step(),
      b: { runtime, after: [{ step: 'a', async: { event: 'e', ttl: '1h' } }] },
      c: { runtime, after: [{ step: 'b', if: 'async.data.x == 1' }] },
    };
    expect(warnings({ steps })).toEqual([]);
  });

  test('are about waits in the past, waits next to async, and events with a star', () => {
    expect(warnings(edge({ wait: '-5m' }))).toEqual([
      'steps.b.after[0].wait: "-5m" lies in the past: nothing is waited for',
    ]);
    expect(warnings(edge({ wait: '-5' }))).toHaveLength(1);
    const both = edge({ wait: '1h', async: { event: 'e', ttl: '1h' } });
    expect(warnings(both)).toEqual([
      'steps.b.after[0].wait: without effect next to async, which waits itself',
    ]);
    expect(read(both).dag?.steps[1]?.after).toEqual([
      { from: 'get-it', async: { event: 'e', ttl: '1h', onTimeout: false } },
    ]);
    const meant =
      'only an event that is called "shop/*" is meant: * is a wildcard in triggers only';
    expect(warnings(onEvent({ event: 'shop/*' }))).toEqual([
      `steps.b.after[0].async.event: ${meant}`,
    ]);
    expect(warnings({ cancel: [{ event: 'shop/*' }] })).toEqual([`cancel[0].event: ${meant}`]);
    expect(warnings({ triggers: [{ event: 'shop/*' }] })).toEqual([]);
  });

  test('are not raised about a function that has problems', () => {
    const found = problems(edge({ if: 'async.data.x == 1 && lol' }));
    expect(found).toHaveLength(1);
  });
});
