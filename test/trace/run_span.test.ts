/** Messages of proto/run/v2: what is written is what any Protocol Buffers reader sees (observability-ui.md §6). */
import { expect, test } from 'bun:test';
import { join } from 'node:path';
import protobuf from 'protobufjs';
import { previewTree } from '../../src/trace/preview_tree.ts';
import type { RunSpanMessage } from '../../src/trace/run_message_schema.ts';
import {
  decodeRunSpan,
  decodeRunSpanOutput,
  decodeRunTrigger,
  encodeRunSpan,
  encodeRunSpanOutput,
  encodeRunTrigger,
} from '../../src/trace/run_span.ts';
import type { TraceSpan } from '../../src/trace/span.ts';
import { runTrigger } from '../../src/trace/trigger.ts';
import { runV2 } from './run_v2.ts';
import { runs } from './runs.ts';
import { beganAtMs, told } from './told.ts';

const file = join(import.meta.dir, '../../proto/run/v2/span.proto');
const nowMs = beganAtMs + 60;

/** What of a span a message holds. */
function compared(span: TraceSpan): unknown {
  return {
    name: span.name,
    status: span.status,
    attempts: span.attempts ?? 0,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId ?? undefined,
    times: [span.queuedAtMs, span.startedAtMs ?? undefined, span.endedAtMs ?? undefined],
    durationMs: span.durationMs ?? 0,
    outputId: span.outputId ?? undefined,
    stepOp: span.stepOp ?? undefined,
    stepId: span.stepId ?? undefined,
    metadata: span.metadata.map(({ kind }) => kind),
    userland: span.userland?.spanName,
    children: span.children.map(compared),
  };
}

function readBack(message: RunSpanMessage): unknown {
  return {
    name: message.name,
    status: message.status,
    attempts: message.attempts,
    spanId: message.spanId,
    parentSpanId: message.parentSpanId,
    times: [message.queuedAt, message.startedAt, message.endedAt],
    durationMs: message.durationMs,
    outputId: message.outputId,
    stepOp: message.stepOp,
    stepId: message.stepId,
    metadata: message.metadata.map(({ kind }) => kind),
    userland: message.userlandSpan?.spanName,
    children: message.children.map(readBack),
  };
}

test('every kind of run comes back as it was written', () => {
  for (const trace of Object.values(runs)) {
    const root = previewTree(trace, nowMs);
    expect(readBack(decodeRunSpan(encodeRunSpan(root)))).toEqual(compared(root));
  }
});

test('another reader of the same definition sees the same message', async () => {
  const theirs = (await protobuf.load(file)).lookupType('run.v2.RunSpan');
  for (const trace of Object.values(runs)) {
    const bytes = encodeRunSpan(previewTree(trace, nowMs));
    expect(theirs.verify(theirs.toObject(theirs.decode(bytes)))).toBeNull();
    expect(Buffer.from(theirs.encode(theirs.decode(bytes)).finish())).toEqual(Buffer.from(bytes));
  }
});

function fieldLine(field: protobuf.Field): string {
  const type = field.type.replace('google.protobuf.', '');
  const many = field.repeated ? `${type}[]` : type;
  const whole = field instanceof protobuf.MapField ? `map<${field.keyType}, ${type}>` : many;
  const isOptional = field.getOption('proto3_optional') === true;
  return `${field.id} ${field.name} ${whole}${isOptional ? '?' : ''}`;
}

function linesOf(definition: protobuf.ReflectionObject): string[] {
  if (definition instanceof protobuf.Type) return definition.fieldsArray.map(fieldLine);
  if (!(definition instanceof protobuf.Enum)) return [];
  return Object.entries(definition.values).map(([name, number]) => `${number} ${name}`);
}

test.each(Object.entries(runV2))(
  '%s has the numbers, names and types of the interface',
  async (name, text) => {
    const definition = (await protobuf.load(file)).lookup(`run.v2.${name}`);
    if (definition === null) throw new Error(`proto/run/v2 has no ${name}`);
    const expected = text
      .trim()
      .split('\n')
      .map((line) => line.trim());
    expect(linesOf(definition)).toEqual(expected);
  },
);

test('the package has nothing besides, and a step has one kind of information', async () => {
  const root = await protobuf.load(file);
  const { nestedArray } = root.lookupTypeOrEnum('run.v2.RunSpan').parent ?? root;
  expect(nestedArray.map(({ name }) => name).sort()).toEqual(Object.keys(runV2).sort());
  expect(root.lookupType('run.v2.RunSpan').fieldsArray).toHaveLength(24);
  const { oneofs } = root.lookupType('run.v2.StepInfo');
  expect(Object.values(oneofs).map(({ name, oneof }) => [name, oneof])).toEqual([
    ['info', ['sleep', 'wait', 'invoke', 'run', 'waitForSignal']],
  ]);
});

function messageOf(name: string): RunSpanMessage {
  const trace = runs[name];
  if (trace === undefined) throw new Error(`no run is called ${name}`);
  return decodeRunSpan(encodeRunSpan(previewTree(trace, nowMs)));
}

function below(message: RunSpanMessage): RunSpanMessage[] {
  return message.children.flatMap((child) => [child, ...below(child)]);
}

test('spans of user code and metadata are written whole', () => {
  const userland = below(messageOf('user code')).filter(({ isUserland }) => isUserland);
  expect(userland.find(({ name }) => name === 'query')?.userlandSpan).toEqual({
    spanName: 'query',
    spanKind: 'INTERNAL',
    spanAttrs: '{"db":"pg"}',
    resourceAttrs: '{}',
  });
  expect(below(messageOf('user code')).filter((it) => !it.isUserland && it.userlandSpan)).toEqual(
    [],
  );
  expect(messageOf('metadata').metadata).toContainEqual({
    kind: 'userland.cart',
    values: { items: '1', total: '6' },
  });
});

test('what steps wait for is written whole', () => {
  const infoOf = (name: string) => messageOf(name).children[0]?.stepInfo;
  expect(messageOf('two steps').children[1]?.stepInfo).toEqual({ run: { type: 'step' } });
  expect(infoOf('sleeping')).toEqual({ sleep: { sleepUntil: beganAtMs + 80 } });
  expect(infoOf('waiting for an event')).toEqual({
    wait: { eventName: 'paid', expression: '1 == async.data.id', timeout: beganAtMs + 90 },
  });
  expect(infoOf('event found')?.wait?.timedOut).toBe(false);
  expect(infoOf('invoke ok')?.invoke).toMatchObject({ functionId: 'shop-bill', timedOut: false });
  expect(infoOf('signal timed out')?.waitForSignal?.timedOut).toBe(true);
});

test('outputs and triggers come back as they were written', () => {
  const error = { message: 'm', name: 'N', stack: null, cause: null };
  expect(
    decodeRunSpanOutput(encodeRunSpanOutput({ input: null, data: '{"é":1}', error: null })),
  ).toEqual({ data: '{"é":1}' });
  expect(decodeRunSpanOutput(encodeRunSpanOutput({ input: null, data: null, error }))).toEqual({
    error: { message: 'm', name: 'N' },
  });
  const trigger = runTrigger(told([]));
  expect(decodeRunTrigger(encodeRunTrigger(trigger))).toEqual({
    eventName: trigger.eventName ?? undefined,
    ids: [...trigger.eventIds],
    payloads: [...trigger.payloads],
    timestamp: trigger.atMs,
    isBatch: false,
  });
});

test('bytes that are no message are refused', () => {
  expect(() => decodeRunSpan(new Uint8Array([0xff, 0xff, 0xff]))).toThrow();
});
