/** Delivery of events: triggers, idempotency, repetition. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { World } from '../simulation/world.ts';

const hourMs = 60 * 60 * 1_000;
let world: World;
beforeEach(async () => {
  world = await World.create();
});
afterEach(() => world.close());

describe('an event', () => {
  test('starts every function that it triggers, each once', async () => {
    const both = { triggers: [{ event: 'test/*' }, { event: 'test/go' }] };
    await world.define('both', both, async ({ event }) => event.name);
    await world.define('one', {}, async ({ event }) => event.data.n);
    await world.define('other', { trigger: 'test/other' }, async () => 0);
    await world.send('test/go', { n: 1 });
    expect(
      [world.runsOf('both'), world.runsOf('one'), world.runsOf('other')].map((runs) => runs.length),
    ).toEqual([1, 1, 0]);
    expect(
      world
        .ended()
        .map(({ output }) => output)
        .sort(),
    ).toEqual([1, 'test/go']);
  });

  test('starts a function only when the trigger’s condition holds and can be evaluated', async () => {
    const triggers = [{ event: 'test/go', expression: 'event.data.n > 3' }];
    await world.define('fn', { triggers }, async () => 0);
    await world.send('test/go', { n: 3 });
    await world.send('test/go', { n: 'many' });
    await world.send('test/go', { n: 4 });
    expect(world.runsOf('fn')).toHaveLength(1);
  });

  test('with an id of its own starts a function once in 24 h', async () => {
    await world.define('fn', {}, async () => 0);
    for (const id of ['same', 'same', 'other']) await world.accept('test/go', {}, { id });
    await world.settle();
    expect(world.runsOf('fn')).toHaveLength(2);
    await world.advance(24 * hourMs - 1);
    await world.send('test/go', {}, { id: 'same' });
    expect(world.runsOf('fn')).toHaveLength(2);
    await world.advance(1);
    await world.send('test/go', {}, { id: 'same' });
    expect(world.runsOf('fn')).toHaveLength(3);
  });

  test('with an id from a seed header starts a function once in an hour', async () => {
    await world.define('fn', {}, async () => 0);
    const seededId = '01KDVDNA00920QWE7M6ESEH1EQ';
    for (let sent = 0; sent < 2; sent += 1) await world.send('test/go', {}, { seededId });
    expect(world.runsOf('fn')).toHaveLength(1);
    await world.advance(hourMs);
    await world.send('test/go', {}, { seededId });
    expect(world.runsOf('fn')).toHaveLength(2);
  });

  test('starts a function once per idempotency key in 24 h; a missing path switches that off', async () => {
    await world.define('fn', { idempotency: 'event.data.order' }, async () => 0);
    for (const order of ['a', 'a', 'b', undefined, undefined])
      await world.send('test/go', { order });
    expect(world.runsOf('fn')).toHaveLength(4);
    await world.advance(24 * hourMs);
    await world.send('test/go', { order: 'a' });
    expect(world.runsOf('fn')).toHaveLength(5);
  });

  test('with data that an expression cannot digest stops no other event', async () => {
    const triggers = [
      { event: 'test/go', expression: '"x" + json_parse(event.data.raw).o != "never"' },
    ];
    const idempotency = '"k" + json_parse(event.data.raw).o';
    await world.define('keyed', { idempotency: 'json_parse(event.data.raw).o' }, async () => 0);
    await world.define('joined', { triggers, idempotency }, async () => 0);
    await world.define('plain', {}, async ({ event }) => event.data.n);
    const deep = `{"o":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    for (const [n, raw] of ['{"o":1}', '{"o":{"a":"\\ud800"}}', deep, '{"o":2}'].entries()) {
      await world.accept('test/go', { n, raw });
    }
    await world.settle();
    expect(world.runsOf('plain')).toHaveLength(4);
    expect(world.runsOf('keyed')).toHaveLength(4);
    expect(world.runsOf('joined')).toHaveLength(4);
    expect(world.keys(/^item:/)).toEqual([]);
  });

  test('from the future starts its functions then', async () => {
    await world.define('fn', {}, async () => 0);
    await world.send('test/go', {}, { ts: world.clock.now() + hourMs });
    expect([world.runsOf('fn').length, world.app.calls.length]).toEqual([1, 0]);
    await world.advance(hourMs);
    expect(world.app.calls).toHaveLength(1);
  });

  test('that nobody wants leaves nothing but a fact', async () => {
    await world.send('test/unknown');
    expect(world.events('test/unknown')).toHaveLength(1);
    expect(world.keys(/^item:/)).toEqual([]);
  });

  test('an invoked function that was started before answers its invoker', async () => {
    await world.define(
      'child',
      { trigger: 'test/child', idempotency: 'event.data.n' },
      async () => 1,
    );
    await world.define('fn', {}, ({ step }) =>
      step
        .invoke('i', { function_id: 'app-child', payload: { data: { n: 5 } } })
        .catch((error: unknown) => (error instanceof Error ? error.message : error)),
    );
    await world.send('test/go');
    await world.send('test/go');
    expect(world.ended().at(-1)?.output).toBe('invoked function is rate limited');
  });

  test('of five hundred in a row each starts its run once, although the process dies on the way', async () => {
    await world.define('fn', {}, async ({ event }) => event.data.n);
    for (let n = 0; n < 500; n += 100) {
      await Promise.all(
        Array.from({ length: 100 }, (_, i) => world.accept('test/go', { n: n + i })),
      );
    }
    for (const scripts of [30, 300, 600]) {
      world.killAfter(scripts);
      await world.settle();
      await world.restart('from_disk');
    }
    await world.settle();
    expect(world.runsOf('fn')).toHaveLength(500);
    const results = world.ended().map(({ output }) => Number(output));
    expect(results.sort((a, b) => a - b)).toEqual([...Array(500).keys()]);
  });
});
