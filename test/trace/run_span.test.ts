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

test('fields have the numbers of the interface, and the misspelt status its name', async () => {
  const root = await protobuf.load(file);
  const numbers = (name: string): Record<string, number> =>
    Object.fromEntries(
      root.lookupType(`run.v2.${name}`).fieldsArray.map((field) => [field.name, field.id]),
    );
  expect(Object.values(numbers('RunSpan'))).toEqual(Array.from({ length: 24 }, (_, i) => i + 1));
  expect(numbers('RunSpan')).toMatchObject({
    status: 10,
    queuedAt: 14,
    stepInfo: 19,
    children: 20,
  });
  expect(numbers('StepInfo')).toEqual({ sleep: 1, wait: 2, invoke: 3, run: 4, waitForSignal: 5 });
  expect(numbers('RunTrigger')).toMatchObject({ eventName: 1, payloads: 3, cron: 7 });
  expect(root.lookupEnum('run.v2.SpanStatus').values).toMatchObject({ ERORR: 20, SKIPPED: 600 });
  expect(root.lookupEnum('run.v2.SpanStepOp').values).toMatchObject({
    NONE: 6,
    WAIT_FOR_SIGNAL: 8,
  });
});

test('what steps wait for is written whole', () => {
  const infoOf = (name: string) => {
    const trace = runs[name];
    if (trace === undefined) throw new Error(`no run is called ${name}`);
    return decodeRunSpan(encodeRunSpan(previewTree(trace, nowMs))).children[0]?.stepInfo;
  };
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
