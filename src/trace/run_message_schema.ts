/** What is read back from messages of proto/run/v2: times are milliseconds since 1970, bytes are text. */
import { z } from 'zod';

const time = z
  .object({ seconds: z.number().default(0), nanos: z.number().default(0) })
  .transform(({ seconds, nanos }) => seconds * 1000 + nanos / 1_000_000);
const text = z.string().default('');
const json = z.instanceof(Uint8Array).transform((bytes) => Buffer.from(bytes).toString('utf8'));

const stepInfo = z.object({
  sleep: z.object({ sleepUntil: time.optional() }).optional(),
  wait: z
    .object({
      eventName: text,
      timeout: time.optional(),
      expression: z.string().optional(),
      foundEventId: z.string().optional(),
      timedOut: z.boolean().optional(),
    })
    .optional(),
  invoke: z
    .object({
      triggeringEventId: text,
      functionId: text,
      timeout: time.optional(),
      returnEventId: z.string().optional(),
      runId: z.string().optional(),
      timedOut: z.boolean().optional(),
    })
    .optional(),
  run: z.object({ type: z.string().optional() }).optional(),
  waitForSignal: z
    .object({ signal: text, timeout: time.optional(), timedOut: z.boolean().optional() })
    .optional(),
});

const userland = z.object({
  spanName: text,
  spanKind: text,
  serviceName: z.string().optional(),
  scopeName: z.string().optional(),
  scopeVersion: z.string().optional(),
  spanAttrs: json.optional(),
  resourceAttrs: json.optional(),
});

const metadata = z.object({
  kind: text,
  /** JSON texts. */
  values: z.record(z.string(), z.string()).default({}),
});

export const spanSchema = z.object({
  accountId: text,
  workspaceId: text,
  appId: text,
  functionId: text,
  runId: text,
  traceId: text,
  parentSpanId: z.string().optional(),
  spanId: text,
  name: text,
  status: z.string().default('UNKNOWN'),
  attempts: z.number().default(0),
  durationMs: z.number().default(0),
  isRoot: z.boolean().default(false),
  queuedAt: time.optional(),
  startedAt: time.optional(),
  endedAt: time.optional(),
  outputId: z.string().optional(),
  stepOp: z.string().optional(),
  stepInfo: stepInfo.optional(),
  get children() {
    return z.array(spanSchema).default([]);
  },
  stepId: z.string().optional(),
  isUserland: z.boolean().default(false),
  userlandSpan: userland.optional(),
  metadata: z.array(metadata).default([]),
});

export type RunSpanMessage = z.infer<typeof spanSchema>;

export const outputSchema = z.object({
  data: json.optional(),
  error: z
    .object({ message: text, name: z.string().optional(), stack: z.string().optional() })
    .optional(),
});

export const triggerSchema = z.object({
  eventName: z.string().optional(),
  ids: z.array(z.string()).default([]),
  payloads: z.array(json).default([]),
  timestamp: time.optional(),
  isBatch: z.boolean().default(false),
  batchId: z.string().optional(),
  cron: z.string().optional(),
});
