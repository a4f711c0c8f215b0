/** The documents of the UI and of the Go client, written from their selections (reference/graphql.md §12, §13). */

const stepInfo = `stepInfo {
  __typename
  ... on InvokeStepInfo { triggeringEventID functionID timeout returnEventID runID timedOut }
  ... on SleepStepInfo { sleepUntil }
  ... on WaitForEventStepInfo { eventName expression timeout foundEventID timedOut }
  ... on WaitForSignalStepInfo { signal timeout timedOut }
  ... on RunStepInfo { type }
}`;

const traceDetails = `fragment TraceDetails on RunTraceSpan {
  name status attempts queuedAt scheduledAt startedAt endedAt isRoot isUserland
  userlandSpan { spanName spanKind serviceName scopeName scopeVersion spanAttrs resourceAttrs }
  metadata { scope kind values updatedAt }
  outputID groupID debugRunID debugSessionID spanID stepID stepOp stepType ${stepInfo}
  response { statusCode headers }
}`;

/** The span itself and this many levels of children. */
function spans(levels: number): string {
  const children = levels === 0 ? '' : `childrenSpans { ${spans(levels - 1)} }`;
  return `...TraceDetails ${children}`;
}

const configuration = `configuration {
  cancellations { event timeout condition }
  retries { value isDefault }
  priority
  eventsBatch { maxSize timeout key }
  concurrency { scope limit { value isPlanLimit } key }
  rateLimit { limit period key }
  debounce { period key }
  throttle { burst key limit period }
  singleton { mode key }
}`;

const app = `id name appVersion sdkLanguage sdkVersion framework url error connected functionCount autodiscovered method
  sdkFeatureReadiness { aiMetadataExtraction { ready reason } extendedTraces { ready reason } }`;

const worker = `id gatewayId instanceId workerIp maxWorkerConcurrency appName appID app { id }
  connectedAt lastHeartbeatAt disconnectedAt disconnectReason status groupHash sdkLang sdkVersion sdkPlatform
  syncId buildId appVersion functionCount cpuCores memBytes os`;

const pageInfo = 'pageInfo { hasNextPage hasPreviousPage startCursor endCursor }';
const defer =
  '{ hashedDeferID userlandDeferID fnSlug status function { name slug } run { id status } }';

export const uiDocuments = {
  GetEvent: `query GetEvent($id: ID!) { event(query: {eventId: $id}) {
    id name createdAt status pendingRuns raw
    functionRuns { function { name } id status startedAt pendingSteps output waitingFor { expiryTime eventName expression } }
  } }`,
  GetFunctions:
    'query GetFunctions { functions { id slug name triggers { type value } app { name method } url } }',
  GetFunction: `query GetFunction($functionSlug: String!) { functionBySlug(query: {functionSlug: $functionSlug}) {
    name id failureHandler { slug } concurrency config ${configuration} slug
    triggers { type value condition } app { name method } url
  } }`,
  GetApps: `query GetApps { apps { ${app} functions { name id concurrency config slug url } } }`,
  GetApp: `query GetApp($id: UUID!) { app(id: $id) { ${app} functions { name id concurrency config slug url triggers { type value } } } }`,
  CreateApp: 'mutation CreateApp($input: CreateAppInput!) { createApp(input: $input) { url } }',
  UpdateApp: 'mutation UpdateApp($input: UpdateAppInput!) { updateApp(input: $input) { url id } }',
  DeleteApp: 'mutation DeleteApp($id: String!) { deleteApp(id: $id) }',
  InvokeFunction: `mutation InvokeFunction($functionSlug: String!, $data: Map, $meta: Map, $user: Map, $debugSessionID: ULID = null, $debugRunID: ULID = null) {
    invokeFunction(functionSlug: $functionSlug, data: $data, meta: $meta, user: $user, debugSessionID: $debugSessionID, debugRunID: $debugRunID)
  }`,
  CancelRun: 'mutation CancelRun($runID: ULID!) { cancelRun(runID: $runID) { id } }',
  Rerun: `mutation Rerun($runID: ULID!, $debugRunID: ULID = null, $debugSessionID: ULID = null) {
    rerun(runID: $runID, debugRunID: $debugRunID, debugSessionID: $debugSessionID)
  }`,
  RerunFromStep: `mutation RerunFromStep($runID: ULID!, $fromStep: RerunFromStepInput!) { rerun(runID: $runID, fromStep: $fromStep) }`,
  GetRuns: `query GetRuns($appIDs: [UUID!], $startTime: Time!, $status: [FunctionRunStatus!], $timeField: RunsV2OrderByField!,
    $functionRunCursor: String = null, $celQuery: String = null, $preview: Boolean = false, $isDeferred: Boolean = null) {
    runs(filter: {appIDs: $appIDs, from: $startTime, status: $status, timeField: $timeField, query: $celQuery, isDeferred: $isDeferred},
      orderBy: [{field: $timeField, direction: DESC}], after: $functionRunCursor, preview: $preview) {
      edges { node {
        app { externalID name } cronSchedule eventName function { name slug } id isBatch queuedAt endedAt startedAt
        status hasAI isDeferred deferredFrom { runID function { name slug } }
      } }
      ${pageInfo}
    }
  }`,
  CountRuns: `query CountRuns($startTime: Time!, $status: [FunctionRunStatus!], $timeField: RunsV2OrderByField!, $preview: Boolean = false) {
    runs(filter: {from: $startTime, status: $status, timeField: $timeField}, orderBy: [{field: $timeField, direction: DESC}], preview: $preview) {
      totalCount(preview: $preview)
    }
  }`,
  GetRun: `query GetRun($runID: String!, $preview: Boolean) { run(runID: $runID) {
    function { app { name } id name slug } status trace(preview: $preview) { ${spans(4)} } hasAI
  } } ${traceDetails}`,
  GetRunLinkage: `query GetRunLinkage($runID: String!) { run(runID: $runID) {
    defers ${defer} siblingDefers ${defer}
    deferredFrom { runID function { name slug } run { id status } }
  } }`,
  GetRunTrace: `query GetRunTrace($runID: String!) { runTrace(runID: $runID) { ${spans(4)} } } ${traceDetails}`,
  GetTraceResult: `query GetTraceResult($traceID: String!) { runTraceSpanOutputByID(outputID: $traceID) {
    input data error { message name stack cause }
  } }`,
  GetTrigger: `query GetTrigger($runID: String!) { runTrigger(runID: $runID) {
    IDs payloads timestamp eventName isBatch batchID cron
  } }`,
  GetWorkerConnections: `query GetWorkerConnections($timeField: ConnectV1WorkerConnectionsOrderByField!, $orderBy: [ConnectV1WorkerConnectionsOrderBy!] = [],
    $startTime: Time, $appID: UUID!, $status: [ConnectV1ConnectionStatus!] = [], $cursor: String = null, $first: Int!) {
    workerConnections(filter: {appIDs: [$appID], from: $startTime, status: $status, timeField: $timeField}, orderBy: $orderBy, after: $cursor, first: $first) {
      edges { node { ${worker} } } ${pageInfo} totalCount
    }
  }`,
  CountWorkerConnections: `query CountWorkerConnections($startTime: Time!, $appID: UUID!, $status: [ConnectV1ConnectionStatus!] = []) {
    workerConnections(filter: {appIDs: [$appID], from: $startTime, status: $status}, orderBy: [{field: CONNECTED_AT, direction: DESC}]) { totalCount }
  }`,
  GetEventsV2: `query GetEventsV2($cursor: String, $endTime: Time, $celQuery: String = null, $eventNames: [String!] = null, $includeInternalEvents: Boolean = false, $startTime: Time!) {
    eventsV2(first: 50, after: $cursor, filter: {from: $startTime, until: $endTime, query: $celQuery, eventNames: $eventNames, includeInternalEvents: $includeInternalEvents}) {
      edges { node { name id receivedAt runs { status id startedAt endedAt function { name slug } } } }
      totalCount ${pageInfo}
    }
  }`,
  GetEventV2: `query GetEventV2($eventID: ULID!) { eventV2(id: $eventID) { name id receivedAt idempotencyKey occurredAt version source { name } } }`,
  GetEventV2Payload: `query GetEventV2Payload($eventID: ULID!) { eventV2(id: $eventID) { raw } }`,
  GetEventV2Runs: `query GetEventV2Runs($eventID: ULID!) { eventV2(id: $eventID) { name runs {
    status id startedAt endedAt function { name slug } trace(preview: true) { skipReason skipExistingRunID }
  } } }`,
  CreateDebugSession: `mutation CreateDebugSession($input: CreateDebugSessionInput!) { createDebugSession(input: $input) { debugSessionID debugRunID } }`,
  GetDebugRun: `query GetDebugRun($query: DebugRunQuery!) { debugRun(query: $query) { debugTraces { ${spans(3)} } } } ${traceDetails}`,
  GetDebugSession: `query GetDebugSession($query: DebugSessionQuery!) { debugSession(query: $query) {
    debugRuns { status queuedAt startedAt endedAt debugRunID tags versions }
  } }`,
} as const;

const goSpan = `name status attempts isRoot parentSpanID duration outputID spanID stepOp queuedAt startedAt endedAt ${stepInfo}`;

export const goDocuments = {
  GetEventsV2: `query GetEventsV2($first: Int!, $after: String, $filter: EventsFilter!) { eventsV2(first: $first, after: $after, filter: $filter) {
    edges { node { name id occurredAt receivedAt raw runs { status id startedAt endedAt function { name slug } } } }
    totalCount ${pageInfo}
  } }`,
  GetEvent: `query GetEvent($id: ULID!) { eventV2(id: $id) { id idempotencyKey name occurredAt raw receivedAt runs { id function { name } status } version } }`,
  Functions: 'query Functions { functions { id name app { id externalID name } } }',
  GetFunctionRunsV2: `query GetFunctionRunsV2($filter: RunsFilterV2!, $orderBy: [RunsV2OrderBy!]!, $first: Int!, $after: String) {
    runs(filter: $filter, orderBy: $orderBy, first: $first, after: $after, preview: true) {
      edges { cursor node { id status traceID startedAt queuedAt endedAt } } ${pageInfo} totalCount(preview: true)
    }
  }`,
  GetRun: `query GetRun($functionRunId: ID!) { functionRun(query: {functionRunId: $functionRunId}) { output status } }`,
  GetRunStatus: 'query GetRunStatus($runID: String!) { run(runID: $runID) { status } }',
  GetTraceRun: `query GetTraceRun($runID: String!, $preview: Boolean) { run(runID: $runID) {
    status traceID isBatch batchCreatedAt cronSchedule endedAt
    trace(preview: $preview) { ${goSpan} childrenSpans { ${goSpan} childrenSpans { ${goSpan} } } }
  } }`,
  GetTraceSpanOutput: uiDocuments.GetTraceResult,
  GetTraceRunTrigger: uiDocuments.GetTrigger,
  Q: 'query Q($id: ID!) { event(query: {eventId: $id}) { functionRuns { id } } }',
} as const;
