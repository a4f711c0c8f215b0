/** A run's tree, outputs and trigger as Protocol Buffers messages of `run.v2` (observability-ui.md §6). */
import type { z } from 'zod';
import { decoded, encoded, known, timeMessage } from './run_message.ts';
import {
  outputSchema,
  type RunSpanMessage,
  spanSchema,
  triggerSchema,
} from './run_message_schema.ts';
import type { RunTrigger, SpanMetadata, SpanOutput, StepInfo, TraceSpan } from './span.ts';

/** There is one account and one environment (graphql.md §11). */
const zeroUuid = '00000000-0000-0000-0000-000000000000';

export function encodeRunSpan(span: TraceSpan): Uint8Array {
  return encoded('RunSpan', spanMessage(span));
}

/** Throws when the bytes are no message of this kind. */
export function decodeRunSpan(bytes: Uint8Array): RunSpanMessage {
  return spanSchema.parse(decoded('RunSpan', bytes));
}

export function encodeRunSpanOutput({ data, error }: SpanOutput): Uint8Array {
  return encoded('RunSpanOutput', {
    ...(data !== null && { data: Buffer.from(data) }),
    ...(error !== null && {
      error: known({ message: error.message, name: error.name, stack: error.stack }),
    }),
  });
}

export function decodeRunSpanOutput(bytes: Uint8Array): z.infer<typeof outputSchema> {
  return outputSchema.parse(decoded('RunSpanOutput', bytes));
}

export function encodeRunTrigger(trigger: RunTrigger): Uint8Array {
  return encoded('RunTrigger', {
    ...known({ eventName: trigger.eventName, batchId: trigger.batchId, cron: trigger.cron }),
    ids: trigger.eventIds,
    payloads: trigger.payloads.map((text) => Buffer.from(text)),
    timestamp: timeMessage(trigger.atMs),
    isBatch: trigger.isBatch,
  });
}

export function decodeRunTrigger(bytes: Uint8Array): z.infer<typeof triggerSchema> {
  return triggerSchema.parse(decoded('RunTrigger', bytes));
}

/** Numbers of §6; names of people's statuses are the same. */
const statuses: Readonly<Record<TraceSpan['status'], number>> = {
  QUEUED: 110,
  RUNNING: 200,
  WAITING: 210,
  COMPLETED: 300,
  FAILED: 400,
  CANCELLED: 500,
  SKIPPED: 600,
};
const stepOps: Readonly<Record<NonNullable<TraceSpan['stepOp']>, number>> = {
  RUN: 0,
  INVOKE: 1,
  SLEEP: 2,
  WAIT_FOR_EVENT: 3,
  AI_GATEWAY: 7,
  WAIT_FOR_SIGNAL: 8,
};

function spanMessage(span: TraceSpan): Record<string, unknown> {
  return {
    ...known({
      parentSpanId: span.parentSpanId,
      startedAt: span.startedAtMs === null ? null : timeMessage(span.startedAtMs),
      endedAt: span.endedAtMs === null ? null : timeMessage(span.endedAtMs),
      outputId: span.outputId,
      stepOp: span.stepOp === null ? null : stepOps[span.stepOp],
      stepInfo: span.stepInfo === null ? null : infoMessage(span.stepInfo),
      stepId: span.stepId,
      userlandSpan: span.userland === null ? null : userlandMessage(span.userland),
    }),
    accountId: zeroUuid,
    workspaceId: zeroUuid,
    appId: span.appId,
    functionId: span.functionId,
    runId: span.runId,
    traceId: span.traceId,
    spanId: span.spanId,
    name: span.name,
    status: statuses[span.status],
    attempts: span.attempts ?? 0,
    durationMs: Math.round(span.durationMs ?? 0),
    isRoot: span.isRoot,
    queuedAt: timeMessage(span.queuedAtMs),
    children: span.children.map(spanMessage),
    isUserland: span.userland !== null,
    metadata: span.metadata.map(metadataMessage),
  };
}

function infoMessage(info: StepInfo): Record<string, unknown> {
  switch (info.kind) {
    case 'run':
      return { run: known({ type: info.type }) };
    case 'sleep':
      return { sleep: { sleepUntil: timeMessage(info.sleepUntilMs) } };
    case 'waitForEvent':
      return {
        wait: known({
          eventName: info.eventName,
          timeout: timeMessage(info.timeoutAtMs),
          expression: info.expression,
          foundEventId: info.foundEventId,
          timedOut: info.isTimedOut,
        }),
      };
    case 'waitForSignal':
      return {
        waitForSignal: known({
          signal: info.signal,
          timeout: timeMessage(info.timeoutAtMs),
          timedOut: info.isTimedOut,
        }),
      };
    case 'invoke':
      return {
        invoke: known({
          triggeringEventId: info.triggeringEventId,
          functionId: info.functionId,
          timeout: timeMessage(info.timeoutAtMs),
          returnEventId: info.returnEventId,
          runId: info.runId,
          timedOut: info.isTimedOut,
        }),
      };
  }
}

function userlandMessage(userland: NonNullable<TraceSpan['userland']>): Record<string, unknown> {
  const { spanAttributes, resourceAttributes, ...names } = userland;
  return known({
    ...names,
    spanAttrs: spanAttributes === null ? null : Buffer.from(spanAttributes),
    resourceAttrs: resourceAttributes === null ? null : Buffer.from(resourceAttributes),
  });
}

function metadataMessage({ kind, values }: SpanMetadata): Record<string, unknown> {
  const texts = Object.entries(values).map(([name, value]) => [name, JSON.stringify(value) ?? '']);
  return { kind, values: Object.fromEntries(texts) };
}
