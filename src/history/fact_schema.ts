/** Reads a fact from its JSON text. */
import { z } from 'zod';
import type { Fact } from './fact.ts';

const timeMs = z.number().int().nonnegative();
const attempt = z.number().int().nonnegative();

const eventFact = z.object({
  t: z.literal('event'),
  internalId: z.string().min(1),
  receivedAtMs: timeMs,
  payload: z.string(),
});

const functionSlug = z.string().optional();
const skipReason = z.enum([
  'FunctionPaused',
  'Singleton',
  'FunctionDrained',
  'FunctionBacklogSizeLimitHit',
]);

const runScheduledFact = z.object({
  t: z.literal('run.scheduled'),
  runId: z.string().min(1),
  functionId: z.string(),
  functionVersion: z.number().int(),
  functionSlug: z.string(),
  functionName: z.string().optional(),
  appId: z.string(),
  appName: z.string().optional(),
  eventIds: z.array(z.string()),
  eventName: z.string(),
  atMs: timeMs,
  cron: z.string().optional(),
  batchId: z.string().optional(),
  originalRunId: z.string().optional(),
  replayId: z.string().optional(),
  isDeferred: z.boolean().optional(),
  links: z.array(z.string()).optional(),
});

const runStartedFact = z.object({
  t: z.literal('run.started'),
  runId: z.string().min(1),
  atMs: timeMs,
  functionSlug,
});

const runEndedFact = z.object({
  t: z.literal('run.ended'),
  runId: z.string().min(1),
  atMs: timeMs,
  status: z.enum(['Completed', 'Failed', 'Cancelled', 'Skipped']),
  output: z.string().optional(),
  functionSlug,
  functionId: z.string().optional(),
  appId: z.string().optional(),
  scheduledAtMs: timeMs.optional(),
  startedAtMs: timeMs.optional(),
  skipReason: skipReason.optional(),
  skipExistingRunId: z.string().optional(),
});

const stepFact = z.object({
  t: z.literal('step'),
  runId: z.string().min(1),
  stepId: z.string().min(1),
  name: z.string(),
  kind: z.string(),
  status: z.enum([
    'Queued',
    'Running',
    'Sleeping',
    'Waiting',
    'Invoking',
    'Completed',
    'Errored',
    'Failed',
    'TimedOut',
    'Cancelled',
  ]),
  attempt,
  atMs: timeMs,
  startedAtMs: timeMs.optional(),
  durationMs: z.number().nonnegative().optional(),
  input: z.string().optional(),
  output: z.string().optional(),
  detail: z.record(z.string(), z.unknown()).optional(),
  op: z.string().optional(),
  callId: z.string().optional(),
  attemptsMax: z.number().int().nonnegative().optional(),
  seq: z.number().int().nonnegative().optional(),
});

const callFact = {
  runId: z.string().min(1),
  callId: z.string().min(1),
  group: z.string(),
  attempt,
  attemptsMax: z.number().int().nonnegative(),
  functionSlug: z.string(),
  stepId: z.string().optional(),
  stepName: z.string().optional(),
  dueAtMs: timeMs,
  atMs: timeMs,
};

const callStartedFact = z.object({ t: z.literal('call.started'), ...callFact });

const callEndedFact = z.object({
  t: z.literal('call.ended'),
  ...callFact,
  startedAtMs: timeMs,
  outcome: z.enum(['steps', 'result', 'error']),
  isFinal: z.boolean().optional(),
  requestId: z.string(),
  url: z.string(),
  statusCode: z.number().int().optional(),
  headers: z.record(z.string(), z.string()).optional(),
  responseBytes: z.number().int().nonnegative().optional(),
  ops: z.array(z.object({ op: z.string(), id: z.string(), name: z.string() })).optional(),
  output: z.string().optional(),
});

const deferFact = z.object({
  t: z.literal('defer'),
  runId: z.string().min(1),
  deferId: z.string(),
  name: z.string(),
  functionSlug: z.string(),
  status: z.enum(['Scheduled', 'Aborted', 'Rejected']),
  reason: z.string().optional(),
  atMs: timeMs,
});

const userlandSpanFact = z.object({
  t: z.literal('userland'),
  runId: z.string().min(1),
  spanId: z.string().min(1),
  traceId: z.string(),
  parentSpanId: z.string().optional(),
  name: z.string(),
  kind: z.string(),
  status: z.enum(['Unset', 'Ok', 'Error']),
  atMs: timeMs,
  durationMs: z.number().nonnegative(),
  serviceName: z.string().optional(),
  scopeName: z.string().optional(),
  scopeVersion: z.string().optional(),
  attributes: z.string(),
  resourceAttributes: z.string(),
  stepId: z.string().optional(),
  attempt: attempt.optional(),
});

const metadataFact = z.object({
  t: z.literal('metadata'),
  id: z.string().min(1),
  runId: z.string().min(1),
  atMs: timeMs,
  scope: z.enum(['run', 'step', 'step_attempt', 'extended_trace']),
  stepId: z.string().optional(),
  attempt: attempt.optional(),
  spanId: z.string().optional(),
  kind: z.string(),
  op: z.enum(['merge', 'set', 'delete', 'add']),
  values: z.string(),
});

const factSchema: z.ZodType<Fact> = z.discriminatedUnion('t', [
  eventFact,
  runScheduledFact,
  runStartedFact,
  runEndedFact,
  stepFact,
  callStartedFact,
  callEndedFact,
  deferFact,
  userlandSpanFact,
  metadataFact,
]);

const namedPayload = z.object({ name: z.string() });

/** Throws an error that says what is wrong, without the fact's values: they are the user's. */
export function parseFact(text: string): Fact {
  const result = factSchema.safeParse(parseJson(text, 'fact'));
  if (!result.success) throw new Error(`fact: ${whatIsWrong(result.error)}`);
  return result.data;
}

/** The name in an event's payload. Throws when it has none. */
export function eventNameOf(payload: string): string {
  const result = namedPayload.safeParse(parseJson(payload, 'event payload'));
  if (!result.success) throw new Error(`event payload: ${whatIsWrong(result.error)}`);
  return result.data.name;
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`${what}: not JSON (${text.length} characters)`);
  }
}

function whatIsWrong(error: z.ZodError): string {
  return error.issues.map((issue) => `${issue.path.join('.')}: ${issue.code}`).join(', ');
}
