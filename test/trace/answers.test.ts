/** Every golden run, asked of every API that shows traces: each answer fits its schema and says what the tree says. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import {
  type GraphQLField,
  type GraphQLObjectType,
  getNamedType,
  isLeafType,
  isObjectType,
  isUnionType,
} from 'graphql';
import { z } from 'zod';
import { graphqlSchema } from '../../src/api/graphql/schema.ts';
import { legacyTree } from '../../src/trace/legacy_tree.ts';
import { readSpanOutput, SpanOutputError } from '../../src/trace/output.ts';
import { previewTree } from '../../src/trace/preview_tree.ts';
import { decodeRunSpan } from '../../src/trace/run_span.ts';
import { type RunTrace, readRunTrace } from '../../src/trace/run_trace.ts';
import type { SpanOutput, TraceSpan } from '../../src/trace/span.ts';
import { runTrigger } from '../../src/trace/trigger.ts';
import { ask, refused } from '../api/graphql/client.ts';
import { uiDocuments } from '../api/graphql/documents.ts';
import { type HistoryDoor, openHistoryDoor } from '../api/history_door.ts';
import { knockValidated } from '../api/openapi/validated_door.ts';
import { runs } from './runs.ts';
import { runId, text } from './told.ts';
import { factsOf } from './told_history.ts';

const schema = graphqlSchema();

/** The deepest golden tree has fewer. */
const levels = 6;

function objectType(name: string): GraphQLObjectType {
  const type = schema.getType(name);
  if (!isObjectType(type)) throw new Error(`the schema has no object ${name}`);
  return type;
}

const leavesOf = (type: GraphQLObjectType): string =>
  Object.values(type.getFields())
    .filter((field) => isLeafType(getNamedType(field.type)) && field.args.length === 0)
    .map(({ name }) => name)
    .join(' ');

/** A field with all that is directly below it. */
function selected({ name, type }: GraphQLField<unknown, unknown>): string {
  const below = getNamedType(type);
  if (isObjectType(below)) return `${name} { ${leavesOf(below)} }`;
  if (!isUnionType(below)) return name;
  const variants = below.getTypes().map((each) => `... on ${each.name} { ${leavesOf(each)} }`);
  return `${name} { __typename ${variants.join(' ')} }`;
}

/** Everything that the schema has of a type; of what it links to, all that is a value. */
function everythingOf(typeName: string, except: readonly string[]): string {
  const fields = Object.values(objectType(typeName).getFields());
  return fields
    .filter((field) => !except.includes(field.name) && field.args.length === 0)
    .map(selected)
    .join(' ');
}

const spanFields = `fragment Whole on RunTraceSpan { ${everythingOf('RunTraceSpan', ['childrenSpans'])} }`;

function tree(deep: number): string {
  return deep === 0 ? '...Whole' : `...Whole childrenSpans { ${tree(deep - 1)} }`;
}

const wholeRun = `query ($id: String!) {
  run(runID: $id) { ${everythingOf('FunctionRunV2', ['trace'])} }
  current: run(runID: $id) { trace(preview: true) { ...Whole } }
  runTrigger(runID: $id) { ${everythingOf('RunTraceTrigger', [])} }
}
${spanFields}`;
const traceOf = (preview: boolean) =>
  `query ($id: String!) { run(runID: $id) { trace(preview: ${preview}) { ${tree(levels)} } } } ${spanFields}`;
const runTrace = `query ($id: String!) { runTrace(runID: $id) { ${tree(levels)} } } ${spanFields}`;

/** What all APIs call the same; each has its own names for it. */
interface Shown {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly children: readonly Shown[];
}

function shown({ spanId, name, status, children }: TraceSpan): Shown {
  return { id: spanId, name, status, children: children.map(shown) };
}

const member = (of: unknown, key: string): unknown => Reflect.get(Object(of), key);

/** Reads a tree out of an answer, by the names that the API uses. */
function read(span: unknown, id: string, children: string): Shown {
  const below = z.array(z.unknown()).default([]).parse(member(span, children));
  return {
    id: String(member(span, id)),
    name: String(member(span, 'name') ?? ''),
    status: String(member(span, 'status')),
    children: below.map((child) => read(child, id, children)),
  };
}

/** /v2 has one word for what waits and what is in a queue. */
function asInV2(span: Shown): Shown {
  const status = span.status === 'QUEUED' ? 'WAITING' : span.status;
  return { ...span, status, children: span.children.map(asInV2) };
}

function statusOf({ run }: RunTrace): string {
  return run.status === 'Scheduled' ? 'QUEUED' : run.status.toUpperCase();
}

function idsOf(span: TraceSpan): string[] {
  return [...(span.outputId === null ? [] : [span.outputId]), ...span.children.flatMap(idsOf)];
}

/** Null where an id leads to nothing: the legacy tree gives one to a signal that did not come. */
async function outputOf(outputId: string, trace: RunTrace): Promise<SpanOutput | null> {
  try {
    return await readSpanOutput(outputId, async () => trace);
  } catch (error) {
    if (error instanceof SpanOutputError && error.code === 'no_output') return null;
    throw error;
  }
}

describe.each(Object.entries(runs))('a run (%s)', (_, told) => {
  let door: HistoryDoor;
  let trace: RunTrace;
  let current: TraceSpan;
  let legacy: TraceSpan;

  beforeAll(async () => {
    door = await openHistoryDoor();
    await door.record(...factsOf(told));
    const read = await readRunTrace(door.history, runId);
    if (read === null) throw new Error('history has no such run');
    trace = read;
    const nowMs = door.world.clock.now();
    current = previewTree(trace, nowMs);
    legacy = legacyTree(trace, nowMs);
  });
  afterAll(() => door[Symbol.asyncDispose]());

  test('is in history as it was told', () => {
    const nowMs = door.world.clock.now();
    expect(text(current)).toBe(text(previewTree(told, nowMs)));
    expect(text(legacy)).toBe(text(legacyTree(told, nowMs)));
  });

  test('is answered by GraphQL in both trees, with every field there is', async () => {
    const variables = { id: runId };
    const old = await ask(door, traceOf(false), variables);
    expect(read(old.at('run', 'trace'), 'spanID', 'childrenSpans')).toEqual(shown(legacy));
    const now = await ask(door, traceOf(true), variables);
    expect(read(now.at('run', 'trace'), 'spanID', 'childrenSpans')).toEqual(shown(current));
    const byRun = await ask(door, runTrace, variables);
    expect(read(byRun.at('runTrace'), 'spanID', 'childrenSpans')).toEqual(shown(current));
  });

  test('is answered by GraphQL with what started it', async () => {
    const answer = await ask(door, wholeRun, { id: runId });
    const { eventName, eventIds, payloads, isBatch, batchId, cron } = runTrigger(trace);
    expect(answer.at('runTrigger')).toMatchObject({
      ...{ eventName, IDs: eventIds, isBatch, batchID: batchId, cron },
      payloads: [...payloads],
    });
    expect(answer.at('run')).toMatchObject({ isBatch, cronSchedule: cron });
    for (const preview of [true, false]) {
      await ask(door, uiDocuments.GetRun, { runID: runId, preview });
    }
  });

  test('gives out by GraphQL what its spans took in and gave', async () => {
    for (const outputId of new Set([...idsOf(current), ...idsOf(legacy)])) {
      const expected = await outputOf(outputId, trace);
      if (expected === null) {
        expect(idsOf(current)).not.toContain(outputId);
        const words = await refused(door, uiDocuments.GetTraceResult, { traceID: outputId });
        expect(words).toBe('no output found');
        continue;
      }
      const answer = await ask(door, uiDocuments.GetTraceResult, { traceID: outputId });
      const got = answer.at('runTraceSpanOutputByID');
      expect(member(got, 'data')).toBe(expected.data);
      expect(member(got, 'input')).toBe(expected.input);
      expect(member(member(got, 'error'), 'message')).toBe(expected.error?.message);
    }
  });

  test('is answered by /v1 as JSON in both trees, and as a message', async () => {
    const path = `/v1/runs/${runId}/trace`;
    const now = await knockValidated(door, 'GET', path);
    expect(now.status).toBe(200);
    expect(read(now.at('data', 'root_span'), 'span_id', 'children')).toEqual(shown(current));
    const old = await knockValidated(door, 'GET', `${path}?legacy=true`);
    expect(read(old.at('data', 'root_span'), 'span_id', 'children')).toEqual(shown(legacy));
    for (const [query, root] of [
      ['', current],
      ['?legacy=true', legacy],
    ] as const) {
      const headers = { accept: 'application/x-protobuf' };
      const url = `http://localhost${path}${query}`;
      const response = await door.handle(new Request(url, { headers }));
      const message = decodeRunSpan(new Uint8Array(await response.arrayBuffer()));
      expect(read(message, 'spanId', 'children')).toEqual(shown(root));
    }
    expect((await knockValidated(door, 'GET', `/v1/runs/${runId}`)).status).toBe(200);
  });

  test('is answered by /v2 with its outputs', async () => {
    const path = `/v2/runs/${runId}`;
    const spans = await knockValidated(door, 'GET', `${path}/trace?includeOutput=true`);
    expect(spans.status).toBe(200);
    expect(read(spans.at('data', 'rootSpan'), 'id', 'children')).toEqual(asInV2(shown(current)));
    const run = await knockValidated(door, 'GET', `${path}?includeOutput=true`);
    expect(run.at('data')).toMatchObject({ id: runId, status: statusOf(told) });
  });
});
