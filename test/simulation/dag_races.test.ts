/** Declared functions where timing, other events, large state or a changed document come in between. */
import { afterEach, describe, expect, test } from 'bun:test';
import { dagOf } from '../driver/dag/brief_dag.ts';
import { declare, type StepAnswer, type StepRequest, StepService } from './dag_service.ts';
import { mayRemain, World } from './world.ts';

const worlds: World[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close();
});

async function worldWith(answer: (request: StepRequest) => StepAnswer) {
  const world = await World.create({ retryIntervalMs: 10_000 });
  worlds.push(world);
  return { world, service: new StepService(world, answer) };
}

const hourMs = 3_600_000;

describe('branches', () => {
  test('that end at the same moment lead to one execution of the step after them', async () => {
    for (const join of ['any', 'all'] as const) {
      const afterMs = 500;
      const { world, service } = await worldWith(() => ({ afterMs }));
      await declare(
        world,
        'fn',
        dagOf({ a: {}, b: {}, c: { after: ['a', 'b'], join }, d: { after: ['c'] } }),
      );
      await world.send('test/go');
      await service.letPass(10_000);
      expect(service.counts).toEqual({ a: 1, b: 1, c: 1, d: 1 });
      expect(world.ended()).toMatchObject([{ status: 'Completed' }]);
      expect(world.keys().filter((key) => !mayRemain.test(key))).toEqual([]);
    }
  });

  test('do not wait for each other', async () => {
    const { world, service } = await worldWith(() => ({}));
    const slow = { after: [{ from: '$trigger', wait: '3d' }] };
    await declare(world, 'fn', dagOf({ slow, a: {}, b: { after: ['a'] }, c: { after: ['b'] } }));
    await world.send('test/go');
    await service.letPass(1_000);
    expect(service.counts).toEqual({ a: 1, b: 1, c: 1 });
    expect(world.ended()).toEqual([]);
    await service.letPass(72 * hourMs);
    expect(service.counts).toEqual({ slow: 1, a: 1, b: 1, c: 1 });
    expect(world.ended()).toMatchObject([{ status: 'Completed' }]);
  });

  test('go on while another one is tried again, and end the run only then', async () => {
    const { world, service } = await worldWith(({ ctx }) => ({
      status: ctx.step_id === 'bad' ? 503 : 200,
    }));
    await declare(
      world,
      'fn',
      dagOf({ bad: {}, a: {}, b: { after: ['a'] }, last: { after: ['b'] } }),
    );
    await world.send('test/go');
    await service.letPass(5_000);
    expect(service.counts).toEqual({ bad: 1, a: 1, b: 1, last: 1 });
    expect(world.ended()).toEqual([]);
    await service.letPass(hourMs);
    expect(service.counts.bad).toBe(3);
    expect(world.ended()).toMatchObject([
      { status: 'Failed', output: { message: 'step "bad" failed: invalid status code: 503' } },
    ]);
  });
});

test('steps one after another are run by the discoveries themselves', async () => {
  const { world, service } = await worldWith(() => ({}));
  await declare(
    world,
    'fn',
    dagOf({
      a: {},
      b: { after: ['a'] },
      c: { after: ['a'] },
      d: { after: ['b', 'c'], join: 'all' },
      e: { after: ['d'] },
    }),
  );
  await world.send('test/go');
  await service.letPass(1_000);
  expect(service.counts).toEqual({ a: 1, b: 1, c: 1, d: 1, e: 1 });
  const planned = world.facts().filter((fact) => fact.t === 'step' && fact.op === 'StepPlanned');
  // The two branches; `d` by whichever of them ended last.
  expect(planned.length).toBeLessThanOrEqual(3);
});

test('only an event that matches resumes the run, and the steps after it see that event', async () => {
  const { world, service } = await worldWith(() => ({ body: { cart: 7 } }));
  const match = 'async.data.cart == response.body.cart && async.data.by == event.data.by';
  const async = { event: 'shop/paid', ttl: '2h', match };
  await declare(
    world,
    'fn',
    dagOf({
      cart: {},
      thank: { after: [{ from: 'cart', async: { ...async, onTimeout: false } }] },
      nudge: { after: [{ from: 'cart', async: { ...async, onTimeout: true } }] },
    }),
  );
  await world.send('test/go', { by: 'me' });
  await world.send('shop/paid', { cart: 8, by: 'me' });
  await world.send('shop/paid', { cart: 7, by: 'you' });
  await service.letPass(60_000);
  expect(service.counts).toEqual({ cart: 1 });
  await world.send('shop/paid', { cart: 7, by: 'me', n: 3 });
  await service.letPass(3 * hourMs);
  expect(service.counts).toEqual({ cart: 1, thank: 1 });
  expect(service.calls[1]?.async).toMatchObject({ name: 'shop/paid', data: { n: 3 } });
  expect(world.ended()).toMatchObject([{ status: 'Completed' }]);

  await world.send('test/go', { by: 'him' });
  await service.letPass(3 * hourMs);
  expect(service.counts).toEqual({ cart: 2, thank: 1, nudge: 1 });
});

describe('a document that changes while a run is under way', () => {
  test('loses a step that is planned: the run goes on without it', async () => {
    const { world, service } = await worldWith(({ ctx }) =>
      ctx.step_id === 'b' ? { status: 500 } : { afterMs: 100 },
    );
    await declare(world, 'fn', dagOf({ a: {}, b: {}, c: { after: ['a', 'b'] } }));
    await world.send('test/go');
    await service.letPass(1_000);
    await declare(world, 'fn', dagOf({ a: {}, c: { after: ['a'] } }));
    await service.letPass(hourMs);
    expect(service.counts).toEqual({ a: 1, b: 1, c: 1 });
    expect(world.ended()).toMatchObject([{ status: 'Completed' }]);
  });

  test('gets a step: the run does it, too', async () => {
    const { world, service } = await worldWith(() => ({ afterMs: 100 }));
    await declare(world, 'fn', dagOf({ a: {} }));
    await world.send('test/go');
    await declare(world, 'fn', dagOf({ a: {}, b: { after: ['a'] } }));
    await service.letPass(1_000);
    expect(service.counts).toEqual({ a: 1, b: 1 });
    expect(world.ended()).toMatchObject([{ output: { b: { status: 200, body: null } } }]);
  });
});

test('outputs that are too large to come along are fetched for the step that follows', async () => {
  const large = 'x'.repeat(3 * 1024 * 1024);
  const { world, service } = await worldWith(() => ({ body: large }));
  await declare(world, 'fn', dagOf({ a: {}, b: { after: ['a'] }, c: { after: ['b'] } }));
  await world.send('test/go');
  await service.letPass(1_000);
  const last = service.calls[2];
  expect(last?.ctx.step_id).toBe('c');
  expect(last?.steps.a?.body).toBe(large);
  expect(last?.steps.b?.body).toBe(large);
  // The result would be above 1 MiB.
  expect(world.ended()).toMatchObject([{ status: 'Completed', output: { c: { status: 200 } } }]);
});
