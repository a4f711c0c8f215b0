import { expect, test } from 'bun:test';
import { DeliveriesAhead } from '../../src/runner/deliveries_ahead.ts';
import { eventually } from '../eventually.ts';

const stop = new Set(['stop']);

test('an event waits for the deliveries that began before and may start what it cancels', async () => {
  const deliveries = new DeliveriesAhead();
  const order: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = deliveries.run(stop, async () => {
    await gate.promise;
    order.push('started');
  });
  const second = deliveries.run(new Set(), async (ahead) => {
    await ahead.settled('other');
    order.push('other');
    await ahead.settled('stop');
    order.push('stop');
  });
  await eventually(() => order.length > 0, { intervalMs: 1 });
  expect(order).toEqual(['other']);
  gate.resolve();
  await Promise.all([first, second]);
  expect(order).toEqual(['other', 'started', 'stop']);
});

test('no delivery waits for later ones, for itself, or for one that failed', async () => {
  const deliveries = new DeliveriesAhead();
  const failed = deliveries.run(stop, async () => {
    throw new Error('the store is away');
  });
  expect(failed).rejects.toThrow('away');
  const gate = Promise.withResolvers<void>();
  const first = deliveries.run(stop, async (ahead) => {
    await gate.promise;
    await ahead.settled('stop');
  });
  const later = deliveries.run(stop, async () => gate.resolve());
  await Promise.all([first, later]);
  await deliveries.run(new Set(), (ahead) => ahead.settled('stop'));
});
