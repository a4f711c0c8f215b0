import { afterAll, beforeAll, expect, test } from 'bun:test';
import {
  buildClientSchema,
  type GraphQLSchema,
  getIntrospectionQuery,
  type IntrospectionQuery,
  parse,
  printSchema,
  validate,
} from 'graphql';
import { graphqlSchema } from '../../../src/api/graphql/schema.ts';
import type { History } from '../../../src/history/history.ts';
import { charge, type Door, openDoor, shop } from '../door.ts';
import { ask, send } from './client.ts';
import { goDocuments, uiDocuments } from './documents.ts';
import { ids, seededHistory, startMs } from './seed.ts';

let history: History;
let door: Door;
let schema: GraphQLSchema;

/** A client that knows the server's address and nothing else. */
beforeAll(async () => {
  history = await seededHistory();
  door = openDoor({}, [shop], history);
  const query = getIntrospectionQuery({ inputValueDeprecation: true });
  const answer = await ask(door, query);
  // What introspection answers has this form: the schema's builder checks it.
  schema = buildClientSchema({ __schema: answer.at('__schema') } as IntrospectionQuery);
});

afterAll(() => history.close());

const startTime = new Date(startMs).toISOString();
const run = { runID: ids.done };
const filter = { from: startTime };
const input = { functionSlug: charge.slug };

const variables: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  GetEvent: { id: ids.event },
  GetFunction: input,
  GetApp: { id: shop.id },
  CreateApp: { input: { url: 'localhost:3000/api/inngest' } },
  UpdateApp: { input: { id: shop.id, url: 'http://localhost:3000/api/inngest' } },
  DeleteApp: { id: shop.id },
  InvokeFunction: { ...input, data: { n: 1 }, meta: { sessions: { s: '1' } } },
  CancelRun: { runID: ids.running },
  Rerun: run,
  RerunFromStep: { ...run, fromStep: { stepID: 'a', input: '[2]' } },
  GetRuns: { startTime, timeField: 'QUEUED_AT', preview: true, appIDs: [shop.id] },
  CountRuns: { startTime, timeField: 'STARTED_AT', status: ['COMPLETED'], preview: true },
  GetRun: { ...run, preview: true, functionRunId: ids.done },
  GetRunLinkage: { runID: ids.child },
  GetRunTrace: run,
  GetTrigger: run,
  GetWorkerConnections: { timeField: 'CONNECTED_AT', appID: shop.id, first: 20 },
  CountWorkerConnections: { startTime, appID: shop.id },
  GetEventsV2: { startTime, first: 40, filter },
  GetEventV2: { eventID: ids.event },
  GetEventV2Payload: { eventID: ids.event },
  GetEventV2Runs: { eventID: ids.event },
  CreateDebugSession: { input },
  GetDebugRun: { query: { ...input, debugRunID: ids.done } },
  GetDebugSession: { query: { ...input, debugSessionID: ids.done } },
  GetFunctionRunsV2: { first: 10, filter, orderBy: [{ field: 'QUEUED_AT', direction: 'DESC' }] },
  GetRunStatus: run,
  GetTraceRun: { ...run, preview: false },
  GetTraceRunTrigger: run,
  Q: { id: ids.event },
};

const documents = [
  ...Object.entries(uiDocuments).map(([name, text]) => ['ui', name, text] as const),
  ...Object.entries(goDocuments).map(([name, text]) => ['go', name, text] as const),
];

test('what introspection tells is the whole schema', () => {
  expect(printSchema(schema)).toBe(printSchema(graphqlSchema()));
});

test.each(documents)('%s %s fits the schema and is answered', async (_, name, text) => {
  expect(validate(schema, parse(text))).toEqual([]);
  door.world.syncable.set('http://localhost:3000/api/inngest', shop);
  door.world.rerunOutcomes.set(ids.done, { kind: 'created', runId: ids.unknown });
  door.world.cancelOutcomes.set(ids.running, 'cancelled');
  if (name === 'CancelRun') {
    const end = { t: 'run.ended', runId: ids.running, atMs: startMs + 9_000, status: 'Cancelled' };
    await history.record([JSON.stringify(end)]);
  }
  const given = { ...variables[name] };
  if (name.startsWith('GetTrace') && !('runID' in given)) {
    const root = await ask(door, `{ runTrace(runID: "${ids.done}") { outputID } }`);
    Object.assign(given, { traceID: root.at('runTrace', 'outputID') });
  }
  // Clients leave out what their document does not name.
  const named = Object.entries(given).filter(([variable]) => text.includes(`$${variable}`));
  const answer = await send(door, text, Object.fromEntries(named));
  expect(answer.errors).toEqual([]);
  expect(answer.status).toBe(200);
});

test('every document of the UI is known', () => {
  expect(Object.keys(uiDocuments)).toHaveLength(28);
});
