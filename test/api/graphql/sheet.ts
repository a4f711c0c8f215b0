/**
 * The schema as reference/graphql.md lists it, written down apart from ours: `!` is never null, `[T!]` a list. A field
 * without a type may have any.
 */

export const enums: Readonly<Record<string, string>> = {
  StreamType: 'EVENT CRON',
  EventStatus: 'RUNNING COMPLETED PAUSED FAILED PARTIALLY_FAILED NO_FUNCTIONS',
  FunctionStatus: 'RUNNING COMPLETED FAILED CANCELLED',
  FunctionRunStatus: 'COMPLETED FAILED CANCELLED RUNNING QUEUED SKIPPED',
  FunctionTriggerTypes: 'EVENT CRON',
  FunctionEventType: 'STARTED COMPLETED FAILED CANCELLED',
  StepEventType: 'SCHEDULED STARTED COMPLETED ERRORED FAILED WAITING',
  ConcurrencyScope: 'ACCOUNT ENVIRONMENT FUNCTION',
  SingletonMode: 'SKIP CANCEL',
  HistoryType:
    'FunctionCancelled FunctionCompleted FunctionFailed FunctionScheduled FunctionStarted FunctionStatusUpdated None StepCompleted StepErrored StepFailed StepScheduled StepSleeping StepStarted StepWaiting',
  HistoryStepType: 'Run Send Sleep Wait',
  RunsV2OrderByField: 'QUEUED_AT STARTED_AT ENDED_AT',
  RunsOrderByDirection: 'ASC DESC',
  RunTraceSpanStatus: 'FAILED QUEUED RUNNING COMPLETED WAITING CANCELLED SKIPPED',
  StepOp: 'INVOKE RUN SLEEP WAIT_FOR_EVENT AI_GATEWAY WAIT_FOR_SIGNAL',
  RunDeferStatus: 'SCHEDULED ABORTED REJECTED',
  ConnectV1ConnectionStatus: 'CONNECTED READY DRAINING DISCONNECTING DISCONNECTED',
  ConnectV1WorkerConnectionsOrderByField: 'CONNECTED_AT LAST_HEARTBEAT_AT DISCONNECTED_AT',
  ConnectV1WorkerConnectionsOrderByDirection: 'ASC DESC',
  AppMethod: 'SERVE CONNECT API',
};

export const unions: Readonly<Record<string, string>> = {
  StepInfo: 'InvokeStepInfo SleepStepInfo WaitForEventStepInfo RunStepInfo WaitForSignalStepInfo',
  FunctionRunEvent: 'FunctionEvent StepEvent',
};

export const scalars =
  'Time ULID UUID Bytes Map Unknown HTTPHeaders SpanMetadataValues Int64 Uint SpanMetadataKind SpanMetadataScope Environment';

export const objects: Readonly<Record<string, string>> = {
  PageInfo: 'hasNextPage:Boolean! hasPreviousPage:Boolean! startCursor:String endCursor:String',
  Workspace: 'id!',
  StreamItem: 'id! trigger! type! createdAt! runs:[FunctionRun] inBatch!',
  FunctionVersion: 'functionId! version:Uint! config! validFrom validTo createdAt! updatedAt!',
  Event:
    'id! externalID workspace name createdAt payload schema status pendingRuns totalRuns raw functionRuns:[FunctionRun!]',
  EventsConnection: 'edges:[EventsEdge!]! pageInfo! totalCount!',
  EventsEdge: 'node! cursor!',
  EventV2:
    'envID! id! idempotencyKey! name! occurredAt! raw! receivedAt! runs:[FunctionRunV2!]! source version',
  EventSource: 'id! name sourceKind!',
  App: 'id:ID! externalID! name! sdkLanguage! sdkVersion! framework url checksum error functions:[Function!]! method! appVersion sdkFeatureReadiness! connected! functionCount! autodiscovered!',
  SDKFeatureReadiness: 'aiMetadataExtraction:SDKFeatureStatus extendedTraces:SDKFeatureStatus',
  SDKFeatureStatus: 'ready! reason:Int',
  Function:
    'id:String! name! slug! failureHandler:Function config! configuration! concurrency! triggers:[FunctionTrigger!] url! appID! app!',
  FunctionTrigger: 'type! value! condition',
  FunctionConfiguration:
    'cancellations! retries! priority:String eventsBatch concurrency! rateLimit debounce throttle singleton',
  CancellationConfiguration: 'event! timeout condition',
  RetryConfiguration: 'value! isDefault',
  EventsBatchConfiguration: 'maxSize! timeout! key',
  ConcurrencyConfiguration: 'scope! limit! key',
  ConcurrencyLimitConfiguration: 'value! isPlanLimit',
  RateLimitConfiguration: 'limit! period! key',
  DebounceConfiguration: 'period! key',
  ThrottleConfiguration: 'burst! key limit! period!',
  SingletonConfiguration: 'mode! key',
  FunctionRun:
    'id:ID! functionID! function! workspace event events:[Event!]! batchID batchCreatedAt status waitingFor pendingSteps startedAt finishedAt output:String history:[RunHistoryItem!]! historyItemOutput:String eventID:ID! cron',
  StepEventWait: 'eventName expression expiryTime!',
  RunHistoryItem:
    'attempt! cancel createdAt! functionVersion! groupID id! result sleep stepName stepType type! url waitForEvent waitResult invokeFunction invokeFunctionResult',
  RunHistoryCancel: 'eventID expression userID',
  RunHistoryResult: 'durationMS! errorCode framework platform sdkLanguage! sdkVersion! sizeBytes!',
  RunHistorySleep: 'until!',
  RunHistoryWaitForEvent: 'eventName! expression timeout!',
  RunHistoryWaitResult: 'eventID timeout!',
  RunHistoryInvokeFunction: 'eventID! functionID! correlationID! timeout!',
  RunHistoryInvokeFunctionResult: 'eventID timeout! runID',
  FunctionRunV2:
    'id! appID! app! functionID! function! traceID! queuedAt! startedAt endedAt status! sourceID triggerIDs:[ULID!]! eventName isBatch! batchCreatedAt cronSchedule output:Bytes trace hasAI! defers:[RunDefer!]! siblingDefers! deferredFrom:[RunDeferredFrom!]! isDeferred!',
  RunsV2Connection: 'edges! pageInfo! totalCount!',
  FunctionRunV2Edge: 'node! cursor!',
  RunDefer: 'hashedDeferID! userlandDeferID! fnSlug! status! function runID run',
  RunDeferredFrom: 'runID! function run',
  RunTraceSpan:
    'appID! functionID! runID! run:FunctionRun! spanID! traceID! groupID name! status! attempts duration outputID queuedAt! scheduledAt startedAt endedAt childrenSpans:[RunTraceSpan!]! stepOp stepID stepInfo stepType! isRoot! parentSpanID parentSpan isUserland! userlandSpan debugRunID debugSessionID debugPaused! skipReason skipExistingRunID metadata:[SpanMetadata!]! response',
  RunTraceSpanResponseInfo: 'statusCode! headers!',
  SpanMetadata: 'scope! kind! values! updatedAt!',
  UserlandSpan:
    'spanName spanKind serviceName resourceAttrs:Bytes scopeName scopeVersion spanAttrs:Bytes',
  RunTraceSpanOutput: 'input:Bytes data:Bytes error',
  StepError: 'message! name stack cause:Unknown',
  RunTraceTrigger: 'eventName IDs:[ULID!]! payloads:[Bytes!]! timestamp! isBatch! batchID cron',
  InvokeStepInfo: 'triggeringEventID! functionID! timeout! returnEventID runID timedOut',
  SleepStepInfo: 'sleepUntil!',
  RunStepInfo: 'type',
  WaitForEventStepInfo: 'eventName! expression timeout! foundEventID timedOut',
  WaitForSignalStepInfo: 'signal! timeout! timedOut',
  DebugRun: 'debugTraces:[RunTraceSpan!]',
  DebugSession: 'debugRuns',
  DebugSessionRun: 'status! queuedAt! startedAt endedAt debugRunID tags versions',
  ConnectV1WorkerConnection:
    'id! gatewayId! instanceId! workerIp! maxWorkerConcurrency:Int64! appName appID app connectedAt! lastHeartbeatAt disconnectedAt disconnectReason status! groupHash! sdkLang! sdkVersion! sdkPlatform! syncId buildId appVersion functionCount! cpuCores! memBytes! os!',
  Query:
    'apps:[App!]! app:App stream:[StreamItem!]! event:Event events:[Event!] eventV2:EventV2! eventsV2:EventsConnection! functionBySlug:Function functions:[Function!] functionRun:FunctionRun runs:RunsV2Connection! run:FunctionRunV2 runTrace:RunTraceSpan! runTraceSpanOutputByID:RunTraceSpanOutput! runTrigger:RunTraceTrigger! debugRun:DebugRun debugSession:DebugSession workerConnections! workerConnection',
  Mutation:
    'createApp:App! updateApp:App! deleteApp:String! deleteAppByName:Boolean! invokeFunction:Boolean cancelRun:FunctionRun! rerun:ULID! createDebugSession!',
};

/** Of what operations take, with defaults. */
export const inputs: Readonly<Record<string, string>> = {
  EventQuery: 'workspaceId:ID!="local" eventId:ID!',
  EventsQuery: 'workspaceId:ID!="local" lastEventId:ID',
  FunctionQuery: 'workspaceId functionSlug!',
  FunctionRunQuery: 'workspaceId functionRunId:ID!',
  DebugRunQuery: 'workspaceId functionSlug! debugRunID runID',
  DebugSessionQuery: 'workspaceId functionSlug! debugSessionID runID',
  StreamQuery: 'after:ID before:ID limit:Int!=20 includeInternalEvents',
  EventsFilter: 'eventNames:[String!] from:Time! includeInternalEvents:Boolean!=false query until',
  RunsFilterV2:
    'from! until timeField=QUEUED_AT status:[FunctionRunStatus!] functionIDs:[UUID!] appIDs:[UUID!] isDeferred query',
  RunsV2OrderBy: 'field! direction!',
  AppsFilterV1: 'method',
  ConnectV1WorkerConnectionsFilter: 'from until timeField=CONNECTED_AT status appIDs',
  ConnectV1WorkerConnectionsOrderBy: 'field! direction!',
  CreateAppInput: 'url!',
  UpdateAppInput: 'id! url!',
  RerunFromStepInput: 'stepID! input:Bytes',
  CreateDebugSessionInput: 'workspaceId functionSlug! runID',
  ActionVersionQuery: '',
  FunctionRunsQuery: '',
};
