/** Spans as the API shows them (reference/graphql.md §3 RunTraceSpan). */
import type { StepInfo, TraceSpan, UserlandInfo } from '../../trace/span.ts';
import type { GraphqlContext } from './context.ts';

export function spanView(span: TraceSpan, parent: object | null, context: GraphqlContext): object {
  const view: object = {
    appID: span.appId,
    functionID: span.functionId,
    runID: span.runId,
    run: async () => {
      const run = await context.run(span.runId);
      return run === null ? null : context.show.legacyRun(run);
    },
    spanID: span.spanId,
    traceID: span.traceId,
    groupID: span.groupId,
    name: span.name,
    status: span.status,
    attempts: span.attempts,
    duration: wholeMs(span.durationMs),
    outputID: span.outputId,
    queuedAt: span.queuedAtMs,
    scheduledAt: span.scheduledAtMs,
    startedAt: span.startedAtMs,
    endedAt: span.endedAtMs,
    childrenSpans: () => span.children.map((child) => context.show.span(child, view)),
    stepOp: span.stepOp,
    stepID: span.stepId,
    stepInfo: span.stepInfo === null ? null : stepInfoView(span.stepInfo),
    stepType: span.stepType,
    isRoot: span.isRoot,
    parentSpanID: span.parentSpanId,
    parentSpan: parent,
    isUserland: span.userland !== null,
    userlandSpan: span.userland === null ? null : userlandView(span.userland),
    // Debug runs are not kept (reference/graphql.md §5).
    ...{ debugRunID: null, debugSessionID: null, debugPaused: false },
    skipReason: span.skipReason,
    skipExistingRunID: span.skipExistingRunId,
    metadata: span.metadata.map(({ updatedAtMs, ...rest }) => ({
      ...rest,
      updatedAt: updatedAtMs,
    })),
    response: span.response,
  };
  return view;
}

/** `Int` holds 32 bits: 24 days of milliseconds. What took longer shows the most there is; the times are exact. */
const intMax = 2 ** 31 - 1;

function wholeMs(durationMs: number | null): number | null {
  return durationMs === null ? null : Math.min(Math.round(durationMs), intMax);
}

function userlandView(userland: UserlandInfo): object {
  const { spanName, spanKind, serviceName, scopeName, scopeVersion } = userland;
  return {
    ...{ spanName, spanKind, serviceName, scopeName, scopeVersion },
    resourceAttrs: userland.resourceAttributes,
    spanAttrs: userland.spanAttributes,
  };
}

function stepInfoView(info: StepInfo): object {
  switch (info.kind) {
    case 'run':
      return { __typename: 'RunStepInfo', type: info.type };
    case 'sleep':
      return { __typename: 'SleepStepInfo', sleepUntil: info.sleepUntilMs };
    case 'waitForEvent':
      return {
        __typename: 'WaitForEventStepInfo',
        eventName: info.eventName,
        expression: info.expression,
        timeout: info.timeoutAtMs,
        foundEventID: info.foundEventId,
        timedOut: info.isTimedOut,
      };
    case 'waitForSignal':
      return {
        __typename: 'WaitForSignalStepInfo',
        signal: info.signal,
        timeout: info.timeoutAtMs,
        timedOut: info.isTimedOut,
      };
    case 'invoke':
      return {
        __typename: 'InvokeStepInfo',
        triggeringEventID: info.triggeringEventId,
        functionID: info.functionId,
        timeout: info.timeoutAtMs,
        returnEventID: info.returnEventId,
        runID: info.runId,
        timedOut: info.isTimedOut,
      };
  }
}
