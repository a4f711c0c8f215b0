import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { History } from '../../../src/history/history.ts';
import { type Door, openDoor, shop } from '../door.ts';
import { ask, refused } from './client.ts';
import { goDocuments, uiDocuments } from './documents.ts';
import { eventFact, idAt, ids, seededHistory, startMs } from './seed.ts';

const laterMs = startMs + 600_000;
/** Before what the other tests look at. */
const sentAgainMs = startMs - 600_000;
const from = new Date(laterMs).toISOString();

let history: History;
let door: Door;

beforeAll(async () => {
  const many = Array.from({ length: 50 }, (_, n) =>
    eventFact(idAt(laterMs + n, n), { name: 'bulk/event', data: { n }, receivedAtMs: laterMs + n }),
  );
  const twice = [sentAgainMs, sentAgainMs + 10].map((receivedAtMs) =>
    eventFact(idAt(sentAgainMs, 1), { name: 'sent/twice', data: {}, receivedAtMs }),
  );
  history = await seededHistory([...many, ...twice]);
  door = openDoor({}, [shop], history);
});
afterAll(() => history.close());

type Edges = readonly { readonly node: { readonly id: string; readonly name: string } }[];

async function page(filter: object, more: object = {}) {
  const answer = await ask(door, goDocuments.GetEventsV2, { first: 40, filter, ...more });
  // The schema says what a connection is.
  return answer.at('eventsV2') as {
    readonly edges: Edges;
    readonly totalCount: number;
    readonly pageInfo: {
      readonly hasNextPage: boolean;
      readonly hasPreviousPage: boolean;
      readonly endCursor: string | null;
    };
  };
}

test('50 events come as pages of 40 and 10, newest first', async () => {
  const first = await page({ from });
  expect(first.edges).toHaveLength(40);
  expect(first.totalCount).toBe(50);
  expect(first.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: false });
  const second = await page({ from }, { after: first.pageInfo.endCursor });
  expect(second.edges).toHaveLength(10);
  expect(second.totalCount).toBe(50);
  expect(second.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true });
  const all = [...first.edges, ...second.edges].map(({ node }) => node.id);
  expect(all).toEqual(all.toSorted().toReversed());
  expect(new Set(all).size).toBe(50);
});

test('receipts of one id on two pages are both shown', async () => {
  const window = {
    from: new Date(sentAgainMs).toISOString(),
    until: new Date(sentAgainMs + 1_000).toISOString(),
  };
  const first = await page(window, { first: 1 });
  const second = await page(window, { first: 1, after: first.pageInfo.endCursor });
  expect([...first.edges, ...second.edges].map(({ node }) => node.name)).toEqual([
    'sent/twice',
    'sent/twice',
  ]);
  expect([first, second].map(({ pageInfo }) => pageInfo.hasNextPage)).toEqual([true, false]);
  const original = Buffer.from(JSON.stringify({ ID: idAt(sentAgainMs, 1) })).toString('base64');
  expect((await page(window, { first: 1, after: original })).edges).toEqual([]);
});

test('a page that is exactly full is the last one', async () => {
  const only = await page({ from }, { first: 50 });
  expect([only.edges.length, only.pageInfo.hasNextPage]).toEqual([50, false]);
  for (const first of [0, -3, 52, 1_000_000]) {
    expect((await page({ from }, { first })).edges).toHaveLength(40);
  }
});

test('names, windows and expressions filter', async () => {
  const start = { from: new Date(startMs).toISOString(), until: from };
  const names = async (filter: object) =>
    (await page({ ...start, ...filter })).edges.map(({ node }) => node.name);
  expect(await names({ eventNames: ['order/paid'] })).toEqual(['order/paid']);
  expect(await names({ query: 'event.data.idx == 5' })).toEqual(['order/placed']);
  const found = await page({ from, query: 'event.data.n >= 45' });
  expect([found.edges.length, found.totalCount]).toEqual([5, 5]);
  expect(await names({})).not.toContain('inngest/scheduled.timer');
  expect(await names({ includeInternalEvents: true })).toContain('inngest/scheduled.timer');
});

test('bad cursors and bad expressions are errors', async () => {
  const document = goDocuments.GetEventsV2;
  for (const after of ['x', 'e30=', Buffer.from('{"ID":"1"}').toString('base64')]) {
    expect(await refused(door, document, { first: 40, filter: { from }, after })).toStartWith(
      'error decoding eventsv2 cursor: ',
    );
  }
  const filter = { from, query: 'event.data.n >' };
  const only = `query E($filter: EventsFilter!) { eventsV2(filter: $filter) { edges { cursor } } }`;
  expect(await refused(door, only, { filter })).toStartWith('error retrieving events: ');
});

test('an event is told with its runs', async () => {
  const { GetEvent } = goDocuments;
  const answer = await ask(door, GetEvent, { id: ids.event });
  const at = new Date(startMs).toISOString();
  expect(answer.at('eventV2')).toMatchObject({
    ...{ id: ids.event, idempotencyKey: 'order-1', name: 'order/placed', version: '' },
    ...{ occurredAt: at, receivedAt: at },
    raw: `{"data":{"idx":5},"id":"order-1","name":"order/placed","ts":${startMs},"v":null}`,
  });
  const runs = answer.at('eventV2', 'runs') as { id: string; status: string }[];
  expect(runs.map(({ id }) => id)).toContain(ids.skipped);
  const skipped = await ask(door, uiDocuments.GetEventV2Runs, { eventID: ids.event });
  const traces = skipped.at('eventV2', 'runs') as { id: string; trace: object }[];
  expect(traces.find(({ id }) => id === ids.skipped)?.trace).toEqual({
    ...{ skipReason: 'Singleton', skipExistingRunID: ids.running },
  });
  expect(await refused(door, GetEvent, { id: ids.unknown })).toBe(
    `event not found: ${ids.unknown}`,
  );
});

test('the older form of an event counts its runs', async () => {
  const query = `query E($id: ID!) { event(query: {eventId: $id}) {
    externalID payload raw schema status pendingRuns totalRuns functionRuns { id } workspace { id } } }`;
  const event = (await ask(door, query, { id: ids.event })).at('event');
  expect(event).toMatchObject({
    ...{ externalID: 'order-1', payload: '{"idx":5}', schema: null, status: 'RUNNING' },
    pendingRuns: 1,
  });
  expect(JSON.parse(String(Reflect.get(Object(event), 'raw')))).toMatchObject({ user: { u: 1 } });
  const failed = await ask(door, query, { id: ids.failedEvent });
  expect(failed.at('event')).toMatchObject({ status: 'FAILED', externalID: null, totalRuns: 1 });
  const none = await ask(door, query, { id: ids.lateEvent });
  expect(none.at('event')).toMatchObject({ status: 'NO_FUNCTIONS', functionRuns: [] });
  expect(await refused(door, query, { id: ids.unknown })).toBe('sql: no rows in result set');
});

test('the stream shows events and crons, and follows its ends', async () => {
  const query = `query S($query: StreamQuery!) { stream(query: $query) { id trigger type createdAt inBatch runs { id } } }`;
  const stream = async (input: object) =>
    (await ask(door, query, { query: input })).at('stream') as Record<string, unknown>[];
  const before = await stream({ before: idAt(laterMs), limit: 20 });
  expect(before.find(({ type }) => type === 'CRON')).toMatchObject({
    ...{ id: ids.cronEvent, trigger: '*/5 * * * *', runs: [{ id: ids.cron }] },
  });
  expect(before.find(({ id }) => id === ids.batchEvents[0])).toMatchObject({ inBatch: true });
  expect(before.some(({ trigger }) => trigger === 'inngest/deferred.schedule')).toBe(false);
  const newest = await stream({ after: idAt(laterMs + 47, 47) });
  expect(newest.map(({ id }) => id)).toEqual([idAt(laterMs + 49, 49), idAt(laterMs + 48, 48)]);
  expect(await refused(door, query, { query: { after: 'x' } })).toContain('`after`');
  const old = await ask(door, '{ events(query: {}) { id } }');
  expect(old.at('events')).toHaveLength(40);
});

test('a list of events asks for its runs once', async () => {
  let asked = 0;
  const counting = new Proxy(history, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]) => {
        if (name !== 'events' && name !== 'close') asked += 1;
        return Reflect.apply(member, target, args);
      };
    },
  });
  const other = openDoor({}, [shop], counting);
  const query = `{ eventsV2(first: 50, filter: {from: "${from}"}) { edges { node { id runs { id function { name app { name } } } } } } }`;
  await ask(other, query);
  expect(asked).toBe(1);
});

test('a client that hangs up ends the search of events and the count', async () => {
  const client = new AbortController();
  const signals: unknown[] = [];
  const watching = new Proxy(history, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]) => {
        signals.push(args[1]);
        if (name === 'countEvents') client.abort(new Error('left'));
        return Reflect.apply(member, target, args);
      };
    },
  });
  const other = openDoor({}, [shop], watching);
  const filter = `{from: "${from}", query: "event.data.n > 1"}`;
  const query = `{ eventsV2(filter: ${filter}) { totalCount edges { cursor } } }`;
  await other.handle(
    new Request('http://localhost:8288/v0/gql', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
      signal: client.signal,
    }),
  );
  expect(signals).toEqual([expect.any(AbortSignal), expect.any(AbortSignal)]);
  expect(signals.map((signal) => Reflect.get(Object(signal), 'aborted'))).toEqual([true, true]);
  expect(other.logged).toEqual([]);
});
