/** Declared functions where timing, other events, large state or a changed document come in between. */
import { afterEach, describe, expect, test } from 'bun:test';
import { operationsMax } from '../../src/config/functions/operation_count.ts';
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

test('exactly one of two steps runs that wait for an event and for its absence, however they race', async () => {
  const twin = (onTimeout: boolean) => ({
    after: [{ from: 'a', async: { event: 'test/paid', ttl: '60s', onTimeout } }],
  });
  const tally = { came: 0, late: 0 };
  for (const offsetMs of [-2, -1, 0, 1, 2]) {
    for (const laterMs of [0, 1, 2]) {
      const { world, service } = await worldWith(() => ({}));
      await declare(world, 'fn', dagOf({ a: {}, late: twin(true), came: twin(false) }));
      await world.send('test/go');
      await service.letPass(60_000 + offsetMs);
      // Not awaited: it meets the end of the wait.
      void world.accept('test/paid');
      world.clock.goTo(world.clock.now() + laterMs);
      await service.letPass(1_000);
      const { came = 0, late = 0 } = service.counts;
      expect(came + late).toBe(1);
      expect(world.ended()).toMatchObject([{ status: 'Completed' }]);
      tally.came += came;
      tally.late += late;
    }
  }
  expect(tally.came).toBeGreaterThan(0);
  expect(tally.late).toBeGreaterThan(0);
});

test('a wait after the trigger begins when the run does, also for an event of the future', async () => {
  const { world, service } = await worldWith(() => ({}));
  const startMs = world.clock.now();
  const calledAfterMs: number[] = [];
  service.onCall = () => calledAfterMs.push(world.clock.now() - startMs);
  const wait = { after: [{ from: '$trigger', wait: '1h' }] };
  await declare(world, 'fn', dagOf({ a: wait, b: { after: ['a'] }, now: {} }));
  await world.send('test/go', {}, { ts: startMs + 2 * hourMs });
  await service.letPass(4 * hourMs);
  expect(calledAfterMs).toEqual([2 * hourMs, 3 * hourMs, 3 * hourMs]);
  expect(world.ended()).toMatchObject([{ status: 'Completed' }]);
});

describe('a function with as many steps and waits as there may be', () => {
  test('completes when they follow each other', async () => {
    const { world, service } = await worldWith(() => ({}));
    const steps = Array.from({ length: operationsMax }, (_, n) => [
      `s${n}`,
      { after: [n === 0 ? '$trigger' : `s${n - 1}`] },
    ]);
    await declare(world, 'fn', dagOf(Object.fromEntries(steps)));
    await world.send('test/go');
    await service.letPass(1_000);
    expect(service.calls).toHaveLength(operationsMax);
    expect(world.ended()).toMatchObject([{ status: 'Completed' }]);
  }, 60_000);

  test('completes when all are open at once', async () => {
    const { world, service } = await worldWith(() => ({}));
    const waits = (operationsMax - 1) / 2;
    const steps = Array.from({ length: waits }, (_, n) => [
      `s${n}`,
      { after: [{ from: '$trigger', wait: '1s' }] },
    ]);
    const ids = steps.map(([id]) => String(id));
    const end = { after: ids, join: 'all' as const };
    await declare(world, 'fn', dagOf({ ...Object.fromEntries(steps), end }));
    await world.send('test/go');
    await service.letPass(10_000);
    expect(service.calls).toHaveLength(waits + 1);
    expect(world.ended()).toMatchObject([{ status: 'Completed' }]);
  }, 60_000);
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
