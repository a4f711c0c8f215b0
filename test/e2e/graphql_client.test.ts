/** A GraphQL client that knows nothing but the address of the compiled server, and asks all that the UI asks. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import {
  buildClientSchema,
  type GraphQLSchema,
  getIntrospectionQuery,
  type IntrospectionQuery,
  parse,
  validate,
} from 'graphql';
import { z } from 'zod';
import { uiDocuments } from '../api/graphql/documents.ts';
import { KeyedStage } from './keyed_stage.ts';
import type { Run } from './server_client.ts';

const bootDeadlineMs = 180_000;
const testDeadlineMs = 60_000;

let stage: KeyedStage;
let schema: GraphQLSchema;
let variables: Readonly<Record<string, Readonly<Record<string, unknown>>>>;

beforeAll(async () => {
  stage = await KeyedStage.open();
  // What introspection answers has this form: the schema's builder checks it.
  schema = buildClientSchema((await stage.query(getIntrospectionQuery())) as IntrospectionQuery);
  const run = await stage.started('checkpointed', 'graphql');
  await stage.ended(run.run_id);
  variables = await variablesFor(run);
}, bootDeadlineMs);

afterAll(() => stage?.close(), bootDeadlineMs);

async function variablesFor(run: Run): Promise<typeof variables> {
  const parked = await stage.started('parked', 'cancel');
  const apps = 'query { apps { id name } runTrace(runID: "%") { outputID } }';
  const found = z
    .object({
      apps: z.array(z.object({ id: z.string(), name: z.string() })),
      runTrace: z.object({ outputID: z.string() }),
    })
    .parse(await stage.query(apps.replace('%', run.run_id)));
  const appId = found.apps.find(({ name }) => name === 'client')?.id ?? '';
  const startTime = new Date(Date.now() - 3_600_000).toISOString();
  const ofRun = { runID: run.run_id };
  const input = { functionSlug: 'client-checkpointed' };
  return {
    GetEvent: { id: run.event_id },
    GetFunction: input,
    GetApp: { id: appId },
    CreateApp: { input: { url: stage.appUrl } },
    UpdateApp: { input: { id: appId, url: stage.appUrl } },
    DeleteApp: { id: appId },
    InvokeFunction: { ...input, data: { n: 1 } },
    CancelRun: { runID: parked.run_id },
    Rerun: ofRun,
    RerunFromStep: { ...ofRun, fromStep: { stepID: await stepIdOf(run), input: '[2]' } },
    GetRuns: { startTime, timeField: 'QUEUED_AT', appIDs: [appId] },
    CountRuns: { startTime, timeField: 'STARTED_AT', status: ['COMPLETED'] },
    GetRun: { ...ofRun, preview: true },
    GetRunLinkage: ofRun,
    GetRunTrace: ofRun,
    GetTraceResult: { traceID: found.runTrace.outputID },
    GetTrigger: ofRun,
    GetWorkerConnections: { timeField: 'CONNECTED_AT', appID: appId, first: 20 },
    CountWorkerConnections: { startTime, appID: appId },
    GetEventsV2: { startTime },
    GetEventV2: { eventID: run.event_id },
    GetEventV2Payload: { eventID: run.event_id },
    GetEventV2Runs: { eventID: run.event_id },
    CreateDebugSession: { input },
    GetDebugRun: { query: { ...input, debugRunID: run.run_id } },
    GetDebugSession: { query: { ...input, debugSessionID: run.run_id } },
  };
}

async function stepIdOf({ run_id: runID }: Run): Promise<string> {
  const text = 'query ($runID: String!) { runTrace(runID: $runID) { childrenSpans { stepID } } }';
  const spans = z.object({
    runTrace: z.object({ childrenSpans: z.array(z.object({ stepID: z.string().nullable() })) }),
  });
  const { runTrace } = spans.parse(await stage.query(text, { runID }));
  return runTrace.childrenSpans.find(({ stepID }) => stepID !== null)?.stepID ?? '';
}

// An app that is deleted answers nothing more: that comes last.
const names = Object.keys(uiDocuments).filter((name) => name !== 'DeleteApp');
test.each([...names, 'DeleteApp'])(
  'asks what the UI asks: %s fits the schema and is answered',
  async (name) => {
    const [, text = ''] = Object.entries(uiDocuments).find(([key]) => key === name) ?? [];
    expect(validate(schema, parse(text))).toEqual([]);
    expect(await stage.query(text, variables[name])).not.toBeNull();
  },
  testDeadlineMs,
);
