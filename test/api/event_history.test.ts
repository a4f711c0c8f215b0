import { expect, test } from 'bun:test';
import type { EventRecord } from '../../src/history/history.ts';
import { openDoor, problem, runId } from './door.ts';
import { runRecord } from './records.ts';

const eventId = '01KDVDNA00AA49AYCKF6M4XDQZ';
const nowMs = 1_767_225_600_000;
const event: EventRecord = {
  internalId: eventId,
  receivedAtMs: nowMs + 5,
  name: 'order/placed',
  payload:
    '{"data":{"n":1},"id":"mine","name":"order/placed","ts":1767225600001,"user":{},"v":"2"}',
};
const eventJson = {
  internal_id: eventId,
  account_id: '00000000-0000-4000-a000-000000000000',
  environment_id: '00000000-0000-4000-b000-000000000000',
  source: '',
  source_id: null,
  received_at: '2026-01-01T00:00:00.005Z',
  id: 'mine',
  name: 'order/placed',
  data: { n: 1 },
  user: {},
  ts: 1767225600001,
  v: '2',
};

/** What is read: the next event tells whether its id was on the page already. */
const oneMore = (limit: number): number => limit + 1;

test('one event comes in the envelope, with its keys in order', async () => {
  const door = openDoor();
  door.world.events.set(eventId, event);
  const answer = await door.knock('GET', `/v1/events/${eventId.toLowerCase()}`);
  expect(answer.status).toBe(200);
  expect(answer.headers.get('cache-control')).toBe('private, max-age=5');
  expect(answer.text).toBe(
    `${JSON.stringify({
      data: eventJson,
      metadata: {
        fetched_at: '2026-01-01T00:00:00.000Z',
        cached_until: '2026-01-01T00:00:05.000Z',
      },
    })}\n`,
  );
});

test('an event that is unknown is 404, one that cannot be is 400', async () => {
  const door = openDoor();
  const unknown = await door.knock('GET', `/v1/events/${eventId}`);
  expect([unknown.status, unknown.json()]).toEqual([404, problem(404, 'Event not found')]);
  for (const path of ['/v1/events/xx', '/v1/events/xx/runs']) {
    const bad = await door.knock('GET', path);
    expect([bad.status, bad.json()]).toEqual([400, problem(400, 'Invalid event ID: xx')]);
  }
});

test('the list covers the last hour, twenty events, without internal ones', async () => {
  const door = openDoor();
  door.world.events.set(eventId, event);
  const answer = await door.knock('GET', '/v1/events');
  expect(answer.json()).toEqual({
    data: [eventJson],
    metadata: { fetched_at: '2026-01-01T00:00:00.000Z', cached_until: null },
  });
  expect(answer.headers.get('cache-control')).toBeNull();
  expect(door.world.eventQueries).toEqual([
    {
      limit: oneMore(20),
      receivedAfterMs: nowMs - 3_600_000,
      receivedBeforeMs: nowMs,
      includeInternal: false,
    },
  ]);
});

test('the limit is held between 1 and 51', async () => {
  const door = openDoor();
  for (const limit of ['0', '-3', '1', '51', '52', '1000', '']) {
    expect((await door.knock('GET', `/v1/events?limit=${limit}`)).status).toBe(200);
  }
  const limits = [1, 1, 1, 51, 51, 51, 20].map(oneMore);
  expect(door.world.eventQueries.map(({ limit }) => limit)).toEqual(limits);
});

test('name, cursor and dates narrow the list', async () => {
  const door = openDoor();
  const dates = [
    '2026-01-01T00:00:00Z',
    '2026-01-01T01:00:00%2B01:00',
    '2026-01-01T00:00:00',
    '2026-01-01',
    'Thu, 01 Jan 2026 00:00:00 GMT',
    '01 Jan 26 00:00 UTC',
    'Thursday, 01-Jan-26 00:00:00 UTC',
    'Thu Jan 01 00:00:00 %2B0000 2026',
    'Thu Jan  1 00:00:00 UTC 2026',
    'Thu Jan  1 00:00:00 2026',
  ];
  for (const date of dates) {
    const query = `name=a%2Fb&cursor=${eventId.toLowerCase()}&received_after=${date}`;
    await door.knock('GET', `/v1/events?${query}&received_before=${date}`);
  }
  expect(door.world.eventQueries).toEqual(
    dates.map(() => ({
      limit: oneMore(20),
      before: eventId,
      names: ['a/b'],
      receivedAfterMs: nowMs,
      receivedBeforeMs: nowMs,
      includeInternal: false,
    })),
  );
});

test('a parameter that makes no sense is 400 and named', async () => {
  const door = openDoor();
  for (const name of ['cursor', 'received_after', 'received_before', 'limit']) {
    const answer = await door.knock('GET', `/v1/events?${name}=nonsense`);
    expect([answer.status, answer.json()]).toEqual([
      400,
      problem(400, `Invalid ${name} query parameter`),
    ]);
  }
  expect(door.world.eventQueries).toEqual([]);
});

test('the runs of an event are listed; an event not in history yet has none so far', async () => {
  const door = openDoor();
  const early = await door.knock('GET', `/v1/events/${eventId}/runs`);
  expect([early.status, early.json()]).toMatchObject([200, { data: [] }]);
  door.world.runs.set(runId, runRecord({ runId, eventIds: [eventId] }));
  const answer = await door.knock('GET', `/v1/events/${eventId}/runs`);
  expect(answer.json()).toMatchObject({ data: [{ run_id: runId, status: 'Running' }] });
  expect(answer.headers.get('cache-control')).toBe('private, max-age=15');
});
