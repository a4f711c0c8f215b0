/** Scripts in flight: who waits for whom, and when there are too many. */
import { expect, test } from 'bun:test';
import { FlightLog, inFlightBusy, inFlightBytesBusy } from '../../../src/store/redis/flight_log.ts';
import { StoreUnavailableError } from '../../../src/store/store.ts';

test('with nothing in flight there is nothing to wait for', async () => {
  await new FlightLog().landed();
});

test('a wait ends with the last flight that started before it, in whatever order they end', async () => {
  const flights = new FlightLog();
  const order: string[] = [];
  const first = flights.start(1);
  const second = flights.start(1);
  const both = flights.landed().then(() => order.push('both'));
  expect(flights.landed()).toBe(flights.landed());
  const third = flights.start(1);
  const all = flights.landed().then(() => order.push('all'));
  flights.end(second);
  await Promise.resolve();
  order.push('second ended');
  flights.end(first);
  await both;
  order.push('first ended');
  flights.end(third);
  await all;
  expect(order).toEqual(['second ended', 'both', 'first ended', 'all']);
});

test('whoever waits when the connection breaks is told so', async () => {
  const flights = new FlightLog();
  const flight = flights.start(1);
  const waiting = flights.landed();
  flights.fail('it broke');
  await expect(waiting).rejects.toBeInstanceOf(StoreUnavailableError);
  flights.end(flight);
  await flights.landed();
});

test('too many flights or too many bytes are noticed, and four times as many are refused', () => {
  const flights = new FlightLog();
  for (let count = 0; count <= inFlightBusy; count += 1) flights.start(0);
  expect([flights.isBusy, flights.isFull]).toEqual([true, false]);
  for (let count = 0; count < inFlightBusy * 3; count += 1) flights.start(0);
  expect(flights.isFull).toBe(true);
  const heavy = new FlightLog();
  const flight = heavy.start(inFlightBytesBusy * 4);
  expect([heavy.isBusy, heavy.isFull]).toEqual([true, true]);
  heavy.end(flight);
  expect([heavy.isBusy, heavy.isFull]).toEqual([false, false]);
});
