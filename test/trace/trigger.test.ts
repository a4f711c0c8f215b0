/** What started a run (graphql.md §5.1). */
import { expect, test } from 'bun:test';
import { ulidTime } from '../../src/lib/ulid.ts';
import { runTrigger } from '../../src/trace/trigger.ts';
import { beganAtMs, event, eventId, told } from './told.ts';

test('an event is told with its members in order, without an empty user', () => {
  const payload = '{"data":{"n":1},"id":"mine","name":"a","ts":7,"user":{"id":1},"v":"2"}';
  const trace = { ...told([]), events: [event({ name: 'a', payload })] };
  expect(runTrigger(trace)).toEqual({
    eventName: 'a',
    eventIds: [eventId],
    payloads: ['{"id":"mine","name":"a","data":{"n":1},"ts":7,"v":"2","user":{"id":1}}'],
    atMs: ulidTime(eventId),
    isBatch: false,
    batchId: null,
    cron: null,
  });
  expect(runTrigger(told([])).payloads).toEqual([
    `{"id":"${eventId}","name":"order/placed","data":{"n":1},"ts":${beganAtMs}}`,
  ]);
});

test('a schedule has no event name but the payload of its tick', () => {
  const payload = JSON.stringify({
    data: {
      cron: '* * * * *',
      fireAt: '2026-01-01T00:00:00Z',
      scheduledAt: '2026-01-01T00:00:00Z',
    },
    id: '2026-01-01T00:00:00Z',
    name: 'inngest/scheduled.timer',
    ts: beganAtMs,
    user: {},
  });
  const trigger = runTrigger({
    ...told([], undefined, { cron: '* * * * *', eventName: 'inngest/scheduled.timer' }),
    events: [event({ name: 'inngest/scheduled.timer', payload })],
  });
  expect(trigger.eventName).toBeNull();
  expect(trigger.cron).toBe('* * * * *');
  expect(JSON.parse(trigger.payloads[0] ?? '')).toEqual({
    id: '2026-01-01T00:00:00Z',
    name: 'inngest/scheduled.timer',
    data: {
      cron: '* * * * *',
      fireAt: '2026-01-01T00:00:00Z',
      scheduledAt: '2026-01-01T00:00:00Z',
    },
    ts: beganAtMs,
  });
});

test('a batch has the earliest time of its events, and a name when all share it', () => {
  const ids = ['01KDVDNA05EV0000000000000B', eventId];
  const batch = told([], undefined, { eventIds: ids, batchId: '01KDVDNA06BA0000000000000A' });
  const same = { ...batch, events: [event({ internalId: ids[0] }), event()] };
  expect(runTrigger(same)).toMatchObject({
    isBatch: true,
    batchId: '01KDVDNA06BA0000000000000A',
    eventName: 'order/placed',
    atMs: ulidTime(eventId),
    eventIds: ids,
  });
  const mixed = { ...batch, events: [event({ internalId: ids[0], name: 'b' }), event()] };
  expect(runTrigger(mixed).eventName).toBeNull();
});

test('events that retention has taken leave the rest', () => {
  const trigger = runTrigger({ ...told([]), events: [] });
  expect(trigger.payloads).toEqual([]);
  expect(trigger.eventName).toBe('order/placed');
  expect(trigger.eventIds).toEqual([eventId]);
});
