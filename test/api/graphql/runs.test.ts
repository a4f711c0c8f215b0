import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { History } from '../../../src/history/history.ts';
import { traceIdOf } from '../../../src/trace/identity.ts';
import { charge, type Door, openDoor, shop } from '../door.ts';
import { ask, refused, send } from './client.ts';
import { goDocuments, uiDocuments } from './documents.ts';
import { goneAppId, goneFunctionId, idAt, ids, scheduled, seededHistory, startMs } from './seed.ts';

let history: History;
let door: Door;

beforeAll(async () => {
  history = await seededHistory();
  door = openDoor({}, [shop], history);
});
afterAll(() => history.close());

const from = new Date(startMs).toISOString();
const list = `query L($filter: RunsFilterV2!, $orderBy: [RunsV2OrderBy!] = [], $first: Int, $after: String, $preview: Boolean) {
  runs(filter: $filter, orderBy: $orderBy, first: $first, after: $after, preview: $preview) {
    edges { cursor node { id status queuedAt startedAt endedAt eventName output isBatch cronSchedule batchCreatedAt triggerIDs } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount
  }
}`;

async function listed(filter: object, more: object = {}): Promise<string[]> {
  const answer = await ask(door, list, { filter: { from, ...filter }, ...more });
  return idsIn(answer.at('runs', 'edges'));
}

function idsIn(edges: unknown): string[] {
  // The schema says what edges are.
  return (edges as { node: { id: string } }[]).map(({ node }) => node.id);
}

test('runs come newest first, without those that were skipped', async () => {
  const order = [
    'child',
    'parent',
    'orphan',
    'cron',
    'batch',
    'running',
    'failed',
    'done',
  ] as const;
  expect(await listed({})).toEqual(order.map((name) => ids[name]));
  const oldest = { orderBy: [{ field: 'QUEUED_AT', direction: 'ASC' }] };
  expect((await listed({}, oldest))[0]).toBe(ids.done);
});

test('status, app, function, window and deferral filter', async () => {
  expect(await listed({ status: ['FAILED', 'RUNNING'] })).toEqual([ids.running, ids.failed]);
  expect(await listed({ status: ['SKIPPED'] })).toEqual([ids.skipped]);
  expect(await listed({ appIDs: [goneAppId] })).toEqual([ids.orphan]);
  expect(await listed({ functionIDs: [goneFunctionId] })).toEqual([ids.orphan]);
  expect(await listed({ isDeferred: true })).toEqual([ids.child]);
  expect(await listed({ isDeferred: false })).not.toContain(ids.child);
  const until = new Date(startMs + 20).toISOString();
  expect(await listed({ until })).toEqual([ids.failed, ids.done]);
  const ended = { timeField: 'ENDED_AT', until: new Date(startMs + 2_000).toISOString() };
  const byEnd = { orderBy: [{ field: 'ENDED_AT', direction: 'DESC' }] };
  expect(await listed(ended, byEnd)).toEqual([ids.failed, ids.parent]);
});

test('expressions search events, outputs and errors, with and without preview', async () => {
  for (const preview of [true, false]) {
    const found = (query: string) => listed({ query }, { preview });
    expect(await found("event.name == 'order/placed'\nevent.data.idx > 4")).toContain(ids.done);
    expect(await found('event.data.idx > 2 && event.data.idx < 4')).toEqual([ids.batch]);
    expect(await found('output.num > 11')).toEqual([ids.done]);
    expect(await found('error.message == "fail"')).toEqual([ids.failed]);
    expect(await found('event.id == "order-1"')).toContain(ids.done);
  }
});

test('an expression that is none is an error with the reason', async () => {
  const message = await refused(door, list, { filter: { from, query: 'event.data.idx >' } });
  expect(message).toStartWith('error retrieving runs: ');
  const macro = { filter: { from, query: 'event.data.list.all(x, x > 1)' } };
  expect(await refused(door, list, macro)).toBe(
    'error retrieving runs: macros are currently not supported',
  );
  const counted = `query C($filter: RunsFilterV2!) { runs(filter: $filter, orderBy: []) { totalCount } }`;
  const answer = await send(door, counted, { filter: { from, query: '"' } });
  expect([answer.status, answer.errors.length > 0]).toEqual([200, true]);
});

test('a run has its output in a list, where it ended with one', async () => {
  const answer = await ask(door, list, { filter: { from } });
  const outputs = new Map(
    // The schema says what edges are.
    (answer.at('runs', 'edges') as { node: { id: string; output: string | null } }[]).map(
      ({ node }) => [node.id, node.output],
    ),
  );
  expect(outputs.get(ids.done)).toBe('{"num":12}');
  expect(outputs.get(ids.running)).toBeNull();
});

test('the count is of the list in its order: what lacks its time is in neither', async () => {
  const orderBy = [{ field: 'ENDED_AT', direction: 'DESC' }];
  const answer = await ask(door, list, { filter: { from }, orderBy });
  const found = idsIn(answer.at('runs', 'edges'));
  expect(found).not.toContain(ids.running);
  expect(answer.at('runs', 'totalCount')).toBe(found.length);
});

test('pages follow one another by cursor and the count stays', async () => {
  const seen: string[] = [];
  let after: unknown = null;
  for (const [count, more] of [
    [3, true],
    [3, true],
    [2, false],
  ] as const) {
    const answer = await ask(door, list, { filter: { from }, first: 3, after });
    const page = idsIn(answer.at('runs', 'edges'));
    expect(page).toHaveLength(count);
    expect(answer.at('runs', 'pageInfo', 'hasNextPage')).toBe(more);
    expect(answer.at('runs', 'pageInfo', 'hasPreviousPage')).toBe(seen.length > 0);
    expect(answer.at('runs', 'totalCount')).toBe(8);
    seen.push(...page);
    after = answer.at('runs', 'pageInfo', 'endCursor');
  }
  expect(new Set(seen).size).toBe(8);
});

test('a cursor that is none of this list is an error, not the first page', async () => {
  for (const after of ['x', 'e30=', Buffer.from('{"id":"x"}').toString('base64')]) {
    const message = await refused(door, list, { filter: { from }, after });
    expect(message).toContain('the cursor in `after`');
  }
});

test('page sizes keep the rule: 1 to 399, else 40, omitted 100', async () => {
  const many = Array.from({ length: 120 }, (_, n) =>
    scheduled(idAt(startMs + 1, n + 1), { atMs: startMs + n }),
  );
  const full = await seededHistory(many);
  const other = openDoor({}, [shop], full);
  const sizes = [
    [0, 40],
    [-1, 40],
    [400, 40],
    [100_000, 40],
    [399, 128],
    [110, 110],
    [null, 100],
  ] as const;
  for (const [first, size] of sizes) {
    const answer = await ask(other, list, { filter: { from }, first });
    expect([first, idsIn(answer.at('runs', 'edges')).length]).toEqual([first, size]);
  }
  const bare = `{ runs(filter: {from: "${from}"}, orderBy: []) { edges { node { id } } } }`;
  expect(idsIn((await ask(other, bare)).at('runs', 'edges'))).toHaveLength(100);
  await full.close();
});

test('the list and the run itself agree, and what runs on has no end', async () => {
  const detail = `query D($id: String!) { run(runID: $id) { status queuedAt startedAt endedAt eventName output } }`;
  const rows = await ask(door, list, { filter: { from }, preview: true });
  for (const edge of rows.at('runs', 'edges') as { node: Record<string, unknown> }[]) {
    const alone = await ask(door, detail, { id: edge.node.id });
    expect(edge.node).toMatchObject(Object(alone.at('run')));
  }
  const running = await ask(door, detail, { id: ids.running });
  expect(running.at('run')).toMatchObject({ status: 'RUNNING', endedAt: null });
  const done = await ask(door, detail, { id: ids.done.toLowerCase() });
  expect(done.at('run')).toEqual({
    status: 'COMPLETED',
    queuedAt: new Date(startMs + 10).toISOString(),
    startedAt: new Date(startMs + 80).toISOString(),
    endedAt: new Date(startMs + 5_000).toISOString(),
    eventName: 'order/placed',
    output: '{"num":12}',
  });
});

test('batches and crons say so', async () => {
  const runOf = async (id: string) =>
    (
      await ask(
        door,
        `{ run(runID: "${id}") { isBatch batchCreatedAt triggerIDs eventName cronSchedule traceID } }`,
      )
    ).at('run');
  expect(await runOf(ids.batch)).toEqual({
    ...{ isBatch: true, batchCreatedAt: new Date(startMs + 35).toISOString() },
    ...{ triggerIDs: ids.batchEvents, eventName: null, cronSchedule: null },
    traceID: traceIdOf(ids.batch),
  });
  expect(await runOf(ids.cron)).toMatchObject({
    isBatch: false,
    eventName: null,
    cronSchedule: '*/5 * * * *',
  });
});

test('a run whose function and app are gone keeps their names', async () => {
  const query = `{ run(runID: "${ids.orphan}") { appID functionID
    app { name externalID connected error functionCount } function { name slug triggers { value } app { name } } } }`;
  expect((await ask(door, query)).at('run')).toEqual({
    ...{ appID: goneAppId, functionID: goneFunctionId },
    app: { name: 'old', externalID: 'old', connected: false, error: 'removed', functionCount: 0 },
    function: {
      ...{ name: 'Mail', slug: 'old-mail', triggers: [{ value: 'order/placed' }] },
      app: { name: 'old' },
    },
  });
});

test('unknown runs are told in the words that clients compare', async () => {
  const id = ids.unknown;
  const noRows = 'error retrieving run: sql: no rows in result set';
  expect(await refused(door, `{ run(runID: "${id}") { id } }`)).toBe(noRows);
  expect(await refused(door, `{ runTrace(runID: "${id}") { name } }`)).toBe(noRows);
  expect(await refused(door, `{ runTrigger(runID: "${id}") { isBatch } }`)).toBe(noRows);
  const byId = (runId: string) => `{ functionRun(query: {functionRunId: "${runId}"}) { id } }`;
  expect(await refused(door, byId(id))).toBe('not found');
  expect(await refused(door, byId('nonsense'))).toBe('invalid run ID: nonsense');
});

test('both trees of a run are told', async () => {
  const preview = await ask(door, uiDocuments.GetRun, { runID: ids.done, preview: true });
  expect(preview.at('run', 'trace')).toMatchObject({
    name: 'Run',
    isRoot: true,
    status: 'COMPLETED',
  });
  const legacy = await ask(door, goDocuments.GetTraceRun, { runID: ids.done, preview: false });
  const root = legacy.at('run', 'trace');
  expect(root).toMatchObject({
    name: charge.slug,
    isRoot: true,
    status: 'COMPLETED',
    parentSpanID: null,
  });
  const children = Reflect.get(Object(root), 'childrenSpans') as {
    name: string;
    parentSpanID: string;
  }[];
  expect(children.map(({ name }) => name)).toContain('a');
  const rootId = Reflect.get(Object(root), 'spanID');
  for (const child of children) expect(child.parentSpanID).toBe(rootId);
  const omitted = await ask(door, goDocuments.GetTraceRun, { runID: ids.done });
  expect(omitted.at('run', 'trace')).toEqual(root);
  const current = await ask(door, uiDocuments.GetRunTrace, { runID: ids.done });
  expect(current.at('runTrace')).toEqual(preview.at('run', 'trace'));
});

test('spans lead to their payloads, and ids that lead nowhere are errors', async () => {
  const { GetTraceResult } = uiDocuments;
  const root = await ask(door, `{ runTrace(runID: "${ids.done}") { outputID } }`);
  const traceID = root.at('runTrace', 'outputID');
  const output = (await ask(door, GetTraceResult, { traceID })).at('runTraceSpanOutputByID');
  expect(output).toMatchObject({ data: '{"num":12}', error: null });
  expect(JSON.parse(String(Reflect.get(Object(output), 'input')))[0].data).toEqual({ idx: 5 });
  const failed = await ask(door, `{ runTrace(runID: "${ids.failed}") { outputID } }`);
  const broken = await ask(door, GetTraceResult, { traceID: failed.at('runTrace', 'outputID') });
  expect(broken.at('runTraceSpanOutputByID', 'error')).toMatchObject({ message: 'fail' });
  expect(await refused(door, GetTraceResult, { traceID: '!' })).toStartWith(
    'error parsing span identifier: ',
  );
  const nowhere = Buffer.from(`{"rid":"${ids.unknown}","sid":"x"}`).toString('base64');
  expect(await refused(door, GetTraceResult, { traceID: nowhere })).toBe('no output found');
});

test('the trigger is told with its payloads', async () => {
  const trigger = await ask(door, uiDocuments.GetTrigger, { runID: ids.batch });
  expect(trigger.at('runTrigger')).toMatchObject({
    ...{ IDs: ids.batchEvents, eventName: 'order/placed', isBatch: true, batchID: ids.batchId },
    ...{ cron: null, timestamp: new Date(startMs + 36).toISOString() },
  });
  const cron = await ask(door, uiDocuments.GetTrigger, { runID: ids.cron });
  expect(cron.at('runTrigger')).toMatchObject({ eventName: null, cron: '*/5 * * * *' });
});

test('deferred runs name their parent, and the parent names them', async () => {
  const child = await ask(door, uiDocuments.GetRunLinkage, { runID: ids.child });
  expect(child.at('run', 'deferredFrom')).toEqual([
    {
      ...{ runID: ids.parent, function: { name: charge.name, slug: charge.slug } },
      run: { id: ids.parent, status: 'COMPLETED' },
    },
  ]);
  const siblings = child.at('run', 'siblingDefers');
  const parent = await ask(door, uiDocuments.GetRunLinkage, { runID: ids.parent });
  expect(parent.at('run', 'defers')).toMatchObject([
    {
      ...{ hashedDeferID: 'hash-later', userlandDeferID: 'later', fnSlug: charge.slug },
      ...{ status: 'SCHEDULED', run: { id: ids.child, status: 'COMPLETED' } },
    },
  ]);
  expect(siblings).toEqual(parent.at('run', 'defers'));
});

test('runs that used AI are marked', async () => {
  const answer = await ask(
    door,
    `{ runs(filter: {from: "${from}"}, orderBy: []) { edges { node { id hasAI } } } }`,
  );
  for (const { node } of answer.at('runs', 'edges') as { node: { id: string; hasAI: boolean } }[]) {
    expect([node.id, node.hasAI]).toEqual([node.id, node.id === ids.done]);
  }
});

test('the older form of a run has its history row by row', async () => {
  const query = `query H($id: ID!) { functionRun(query: {functionRunId: $id}) {
    id status startedAt finishedAt output eventID pendingSteps waitingFor { eventName expiryTime }
    event { id } events { id } function { slug } history {
      id type attempt stepName stepType createdAt functionVersion groupID url
      result { durationMS sizeBytes sdkLanguage sdkVersion framework } sleep { until } cancel { eventID }
      waitForEvent { eventName expression timeout } waitResult { eventID timeout }
      invokeFunction { eventID functionID correlationID timeout } invokeFunctionResult { eventID runID timeout }
    } } }`;
  const answer = await ask(door, query, { id: ids.done });
  const rows = answer.at('functionRun', 'history') as Record<string, unknown>[];
  expect(rows.map(({ type }) => type)).toEqual([
    ...['FunctionScheduled', 'FunctionStarted', 'StepErrored', 'StepCompleted', 'StepWaiting'],
    ...['StepCompleted', 'StepSleeping', 'StepCompleted', 'StepWaiting', 'StepCompleted'],
    'FunctionCompleted',
  ]);
  expect(rows[4]?.waitForEvent).toMatchObject({ eventName: 'order/paid' });
  expect(rows[5]?.waitResult).toEqual({ eventID: ids.lateEvent, timeout: false });
  expect(rows[6]?.sleep).toEqual({ until: new Date(startMs + 1_600).toISOString() });
  expect(rows[8]?.invokeFunction).toMatchObject({
    ...{ functionID: 'shop-other', correlationID: `${ids.done}.step-i`, eventID: ids.lateEvent },
  });
  expect(rows[9]?.invokeFunctionResult).toMatchObject({ runID: ids.failed, timeout: false });
  expect(rows[3]?.result).toMatchObject({ sdkLanguage: 'js', sizeBytes: 16 });
  const outputOf = `query O($id: ID!, $item: ULID!) { functionRun(query: {functionRunId: $id}) { historyItemOutput(id: $item) } }`;
  const output = await ask(door, outputOf, { id: ids.done, item: rows[3]?.id });
  expect(output.at('functionRun', 'historyItemOutput')).toBe('{"data":{"n":1}}');
  expect(await refused(door, outputOf, { id: ids.done, item: ids.unknown })).toBe(
    'history item not found',
  );
  const running = await ask(door, query, { id: ids.running });
  expect(running.at('functionRun')).toMatchObject({
    ...{ status: 'RUNNING', finishedAt: null, output: null, pendingSteps: 1 },
    waitingFor: { eventName: 'order/paid' },
  });
});
