/**
 * What programs have compiled in of package `run.v2` (observability-ui.md §6): number, name and type of every field,
 * `?` where its absence means something, and every enum. SpanStatus has a misspelt name, which is part of it.
 */
export const runV2: Readonly<Record<string, string>> = {
  SpanStatus: `
    0 UNKNOWN
    10 OK
    20 ERORR
    100 SCHEDULED
    110 QUEUED
    200 RUNNING
    210 WAITING
    300 COMPLETED
    400 FAILED
    500 CANCELLED
    600 SKIPPED
  `,
  SpanStepOp: `
    0 RUN
    1 INVOKE
    2 SLEEP
    3 WAIT_FOR_EVENT
    4 STEP
    5 STEP_ERROR
    6 NONE
    7 AI_GATEWAY
    8 WAIT_FOR_SIGNAL
  `,
  RunSpan: `
    1 accountId string
    2 workspaceId string
    3 appId string
    4 functionId string
    5 runId string
    6 traceId string
    7 parentSpanId string?
    8 spanId string
    9 name string
    10 status SpanStatus
    11 attempts int32
    12 durationMs int64
    13 isRoot bool
    14 queuedAt Timestamp
    15 startedAt Timestamp?
    16 endedAt Timestamp?
    17 outputId string?
    18 stepOp SpanStepOp?
    19 stepInfo StepInfo?
    20 children RunSpan[]
    21 stepId string?
    22 isUserland bool
    23 userlandSpan UserlandSpan?
    24 metadata SpanMetadata[]
  `,
  UserlandSpan: `
    1 spanName string
    2 spanKind string
    3 serviceName string?
    4 scopeName string?
    5 scopeVersion string?
    6 spanAttrs bytes?
    7 resourceAttrs bytes?
  `,
  SpanMetadata: `
    1 kind string
    2 values map<string, string>
  `,
  StepInfo: `
    1 sleep StepInfoSleep
    2 wait StepInfoWaitForEvent
    3 invoke StepInfoInvoke
    4 run StepInfoRun
    5 waitForSignal StepInfoWaitForSignal
  `,
  StepInfoSleep: `
    1 sleepUntil Timestamp
  `,
  StepInfoWaitForEvent: `
    1 eventName string
    2 timeout Timestamp
    3 expression string?
    4 foundEventId string?
    5 timedOut bool?
  `,
  StepInfoInvoke: `
    1 triggeringEventId string
    2 functionId string
    3 timeout Timestamp
    4 returnEventId string?
    5 runId string?
    6 timedOut bool?
  `,
  StepInfoRun: `
    1 type string?
  `,
  StepInfoWaitForSignal: `
    1 signal string
    2 timeout Timestamp
    3 timedOut bool?
  `,
  RunSpanOutput: `
    1 data bytes?
    2 error StepError?
  `,
  StepError: `
    1 message string
    2 name string?
    3 stack string?
  `,
  RunTrigger: `
    1 eventName string?
    2 ids string[]
    3 payloads bytes[]
    4 timestamp Timestamp
    5 isBatch bool
    6 batchId string?
    7 cron string?
  `,
};
