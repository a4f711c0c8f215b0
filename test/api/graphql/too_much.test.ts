/** Operations that ask for too much: by what they may find, by what they do find, and by how often they search. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { AppDefinition, AppId, FunctionId } from '../../../src/function/definition.ts';
import type { Fact } from '../../../src/history/fact.ts';
import type { History } from '../../../src/history/history.ts';
import { charge, type Door, openDoor, shop } from '../door.ts';
import { ask, send } from './client.ts';
import { uiDocuments } from './documents.ts';
import { eventFact, idAt, ids, scheduled, seededHistory, startMs } from './seed.ts';

const from = new Date(startMs).toISOString();
const runsCount = 400;
const stepsCount = 1_000;
const busyEvent = idAt(startMs + 800_000, 1);
const longRun = idAt(startMs + 700_000, 1);

function manyRuns(): Fact[] {
  return Array.from({ length: runsCount }, (_, n) =>
    scheduled(idAt(startMs + 800_001 + n, 1), {
      eventIds: [busyEvent],
      atMs: startMs + 800_001 + n,
    }),
  );
}

function longTrace(): Fact[] {
  const steps = Array.from({ length: stepsCount }, (_, n): Fact => {
    const common = { name: `step ${n}`, kind: 'run', status: 'Completed', attempt: 0 } as const;
    const atMs = startMs + 700_010 + n;
    return { t: 'step', runId: longRun, stepId: `s${n}`, ...common, atMs, output: '{"data":1}' };
  });
  return [scheduled(longRun, { atMs: startMs + 700_000 }), ...steps];
}

let history: History;
let door: Door;

beforeAll(async () => {
  const event = eventFact(busyEvent, { name: 'order/busy', receivedAtMs: startMs + 800_000 });
  history = await seededHistory([event, ...manyRuns(), ...longTrace()]);
  door = openDoor({}, [shop], history);
});
afterAll(() => history.close());

function appOf(functionsCount: number, name = 'shop', id: string = shop.id): AppDefinition {
  // Brands are what their maker says they are; here the test is the maker.
  const appId = id as AppId;
  const functions = Array.from({ length: functionsCount }, (_, n) => ({
    ...{ ...charge, appId, appName: name, slug: `${name}-f${n}` },
    id: `5d0f2a7e-0000-5000-8000-${String(n).padStart(12, '0')}` as FunctionId,
  }));
  return { ...shop, id: appId, name, functions };
}

test('lists within lists count with what the registry holds, before anything is read', async () => {
  const other = openDoor({}, [appOf(37)]);
  const nested =
    '{ functions { app { functions { app { functions { app { functions { id } } } } } } } }';
  const answer = await send(other, nested);
  expect(answer.status).toBe(422);
  expect(answer.errors[0]?.message).toContain('its answer may have');
  expect(answer.errors[0]?.extensions?.code).toBe('GRAPHQL_VALIDATION_FAILED');
  await ask(other, '{ functions { app { functions { id } } } }');
});

test('every list counts as long, whatever leads to it', async () => {
  const through = {
    'eventsV2(first: 51, filter: $f)':
      'edges { node { runs { app { functions { id name slug } } } } }',
    'events(query: {})':
      'functionRuns { events { functionRuns { events { functionRuns { id } } } } }',
    'runTrace(runID: "x")': `${'childrenSpans { '.repeat(12)} name ${'}'.repeat(12)}`,
    __schema: `types { fields { ${Array.from({ length: 300 }, (_, n) => `a${n}: name`).join(' ')} } }`,
  };
  const other = openDoor({}, [appOf(400)]);
  for (const [field, selection] of Object.entries(through)) {
    const head = field.includes('$f') ? 'query Q($f: EventsFilter!)' : 'query Q';
    const answer = await send(other, `${head} { ${field} { ${selection} } }`, { f: { from } });
    expect([field, answer.status]).toEqual([field, 422]);
    expect(answer.errors[0]?.message).toContain('its answer may have');
  }
});

test('the size of a page is read from the variables', async () => {
  const fields = Array.from({ length: 900 }, (_, n) => `a${n}: status`).join(' ');
  const query = `query R($n: Int = 10, $f: RunsFilterV2!) {
    runs(first: $n, orderBy: [], filter: $f) { edges { node { ${fields} } } } }`;
  const f = { from: new Date(startMs + 10_000_000).toISOString() };
  expect((await send(door, query, { f, n: 399 })).status).toBe(422);
  expect((await send(door, query, { f, n: 100 })).status).toBe(200);
  expect((await send(door, query, { f })).status).toBe(200);
});

test('what an estimate misses is stopped while it is resolved', async () => {
  const empty = Array.from({ length: 149 }, (_, n) =>
    appOf(0, `empty${n}`, `5d0f2a7e-0000-5000-8000-0000000e${String(n).padStart(4, '0')}`),
  );
  const other = openDoor({}, [appOf(150), ...empty]);
  const query = '{ functions { app { functions { app { functions { id } } } } } }';
  const answer = await other.knock(
    'POST',
    '/v0/gql',
    { query },
    { 'content-type': 'application/json' },
  );
  expect(answer.status).toBe(422);
  expect(answer.at('data')).toBeNull();
  expect(answer.at('errors', '0', 'extensions', 'code')).toBe('operation_too_large');
  expect(answer.at('errors', '0', 'message')).toContain('smaller pages');
  expect(answer.at('errors', 'length')).toBe(1);
  expect(answer.text.length).toBeLessThan(1_000);
});

test('a page of 399 runs and an event with 400 are shown as the UI asks for them', async () => {
  const variables = { startTime: from, timeField: 'QUEUED_AT' };
  const paged = uiDocuments.GetRuns.replace('runs(', 'runs(first: 399, ');
  const page = await ask(door, paged, variables);
  expect(page.at('runs', 'edges')).toHaveLength(399);
  const event = await ask(door, uiDocuments.GetEventV2Runs, { eventID: busyEvent });
  expect(event.at('eventV2', 'runs')).toHaveLength(runsCount);
  await ask(door, uiDocuments.GetEventsV2, { startTime: from });
});

test('a run of a thousand steps is shown whole', async () => {
  const isLong = (spans: unknown) => Array.isArray(spans) && spans.length >= stepsCount;
  for (const preview of [true, false]) {
    const answer = await ask(door, uiDocuments.GetRun, { runID: longRun, preview });
    expect(answer.at('run', 'trace', 'childrenSpans')).toSatisfy(isLong);
  }
});

test('traces of very many runs are not read for one operation', async () => {
  const runs = (alias: string) =>
    `${alias}: runs(first: 399, orderBy: [], filter: {from: "${from}"}) { edges { node { trace { status } } } }`;
  const again = `b: eventV2(id: "${busyEvent}") { runs { trace { status } } }`;
  const answer = await send(
    door,
    `{ ${runs('a')} ${again} x: eventV2(id: "${ids.event}") { runs { trace { name } } } }`,
  );
  const both = await send(
    door,
    `{ ${runs('a')} c: runs(first: 399, orderBy: [{field: QUEUED_AT, direction: ASC}], filter: {from: "${from}"}) { edges { node { trace { status } defers { fnSlug } } } } }`,
  );
  expect(answer.status).toBe(200);
  expect([both.status, both.errors[0]?.extensions?.code]).toEqual([422, 'operation_too_large']);
});

test('one operation may search a few times', async () => {
  const search = (n: number) =>
    `s${n}: runs(first: 1, orderBy: [], filter: {from: "${from}", query: "event.data.n == ${n}"}) { edges { cursor } }`;
  const all = (count: number) =>
    `{ ${Array.from({ length: count }, (_, n) => search(n)).join(' ')} }`;
  await ask(door, all(5));
  const answer = await send(door, all(6));
  expect(answer.status).toBe(200);
  expect(answer.errors.map(({ extensions }) => extensions?.code)).toEqual(['too_many_searches']);
  const counts = Array.from(
    { length: 10 },
    (_, n) => `c${n}: runs(orderBy: [], filter: {from: "${from}"}) { totalCount }`,
  );
  await ask(door, `{ ${counts.join(' ')} }`);
});

test('the searches of one operation are made one after another', async () => {
  let underWay = 0;
  let atOnce = 0;
  const counting: History = new Proxy(history, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return async (...args: unknown[]) => {
        if (name === 'runs') underWay += 1;
        atOnce = Math.max(atOnce, underWay);
        try {
          return await Reflect.apply(member, target, args);
        } finally {
          if (name === 'runs') underWay -= 1;
        }
      };
    },
  });
  const list = (n: number) =>
    `r${n}: runs(first: 1, orderBy: [], filter: {from: "${from}"}) { edges { cursor } }`;
  await ask(openDoor({}, [shop], counting), `{ ${[1, 2, 3].map(list).join(' ')} }`);
  expect(atOnce).toBe(1);
});

test('what is unknown is named in a short message', async () => {
  const long = 'x'.repeat(100_000);
  const cases = [
    `{ ${long} }`,
    `{ apps(${long}: 1) { id } }`,
    `{ runs(orderBy: [], filter: {from: "${from}", query: "${long} == 1"}) { edges { cursor } } }`,
    `mutation { invokeFunction(functionSlug: "${long}", data: {}) }`,
  ];
  for (const query of cases) {
    const answer = await send(door, query);
    expect(answer.errors[0]?.message.length).toBeGreaterThan(20);
    expect(answer.errors[0]?.message.length).toBeLessThan(510);
  }
  const variable = await send(
    door,
    'query R($f: RunsFilterV2!) { runs(filter: $f, orderBy: []) { totalCount } }',
    { f: { from: long } },
  );
  expect(variable.errors[0]?.message.length).toBeLessThan(510);
});
