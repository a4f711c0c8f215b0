/**
 * `GET /v1/runs/{id}/trace`: what happened in a run, as JSON or as a RunSpan message of proto/run/v2 (an addition of
 * this server).
 */
import { z } from 'zod';
import { legacyTree } from '../../trace/legacy_tree.ts';
import { previewTree } from '../../trace/preview_tree.ts';
import { encodeRunSpan } from '../../trace/run_span.ts';
import { readRunTrace } from '../../trace/run_trace.ts';
import type { StepInfo, TraceSpan } from '../../trace/span.ts';
import { enveloped } from '../answer.ts';
import { Problem } from '../problem.ts';
import { flag, queryObject } from '../query.ts';
import { isoTime } from '../run_record.ts';
import type { Services } from '../services.ts';
import { ulidInPath } from '../ulid_param.ts';
import { envelopeSchema } from './envelope.ts';

const protobufType = 'application/x-protobuf';
const maxAgeSeconds = 3;

export const traceQuery = z.object({
  legacy: flag('The tree as older servers built it, instead of the current one.'),
});

const iso = z.iso.datetime();

const spanSchema = z
  .object({
    span_id: z.string(),
    trace_id: z.string(),
    parent_span_id: z.string().nullable(),
    run_id: z.string(),
    name: z.string(),
    status: z.enum(['QUEUED', 'RUNNING', 'WAITING', 'COMPLETED', 'FAILED', 'CANCELLED', 'SKIPPED']),
    attempts: z.int().nullable(),
    duration_ms: z.number().nullable(),
    queued_at: iso,
    scheduled_at: iso.nullable(),
    started_at: iso.nullable(),
    ended_at: iso.nullable(),
    output_id: z.string().nullable(),
    step_op: z.string().nullable(),
    step_id: z.string().nullable(),
    step_type: z.string(),
    step_info: z.looseObject({ kind: z.string() }).nullable(),
    userland: z.looseObject({ span_name: z.string() }).nullable(),
    metadata: z.array(
      z.object({
        scope: z.string(),
        kind: z.string(),
        updated_at: iso,
        values: z.record(z.string(), z.unknown()),
      }),
    ),
    get children() {
      return z.array(spanSchema);
    },
  })
  .meta({ id: 'RunSpan' });

export const traceSchema = envelopeSchema(z.object({ run_id: z.string(), root_span: spanSchema }));

/** Throws `Problem` 400 and 404. */
export async function runTraceAnswer(
  request: Request,
  runIdText: string | null,
  { history, clock }: Services,
): Promise<Response> {
  const runId = ulidInPath(request, runIdText, 'Invalid run ID');
  const query = traceQuery.safeParse(queryObject(new URL(request.url).searchParams, traceQuery));
  if (!query.success) throw new Problem(400, 'Invalid legacy query parameter');
  const trace = await readRunTrace(history, runId);
  if (trace === null) throw new Problem(404, `Unable to load function run: ${runId}`);
  const nowMs = clock.now();
  const root = query.data.legacy === true ? legacyTree(trace, nowMs) : previewTree(trace, nowMs);
  if (wantsProtobuf(request)) {
    const headers = { 'content-type': protobufType, vary: 'Accept' };
    return new Response(new Uint8Array(encodeRunSpan(root)), { headers });
  }
  return enveloped({ run_id: runId, root_span: spanObject(root) }, nowMs, maxAgeSeconds);
}

function wantsProtobuf(request: Request): boolean {
  return (request.headers.get('accept') ?? '').includes(protobufType);
}

function spanObject(span: TraceSpan): object {
  return {
    span_id: span.spanId,
    trace_id: span.traceId,
    parent_span_id: span.parentSpanId,
    run_id: span.runId,
    name: span.name,
    status: span.status,
    attempts: span.attempts,
    duration_ms: span.durationMs,
    queued_at: isoTime(span.queuedAtMs),
    scheduled_at: isoOrNull(span.scheduledAtMs),
    started_at: isoOrNull(span.startedAtMs),
    ended_at: isoOrNull(span.endedAtMs),
    output_id: span.outputId,
    step_op: span.stepOp,
    step_id: span.stepId,
    step_type: span.stepType,
    step_info: span.stepInfo === null ? null : snakeObject(span.stepInfo),
    userland: span.userland === null ? null : snakeObject(span.userland),
    metadata: span.metadata.map(({ scope, kind, updatedAtMs, values }) => ({
      scope,
      kind,
      updated_at: isoTime(updatedAtMs),
      values,
    })),
    children: span.children.map(spanObject),
  };
}

/** `timeoutAtMs: 1` becomes `timeout_at: "1970-…"`, and `isTimedOut` `is_timed_out`. */
function snakeObject(value: StepInfo | NonNullable<TraceSpan['userland']>): object {
  const members = Object.entries(value).map(([key, member]) =>
    /(At|Until)Ms$/.test(key) && typeof member === 'number'
      ? [snake(key.slice(0, -2)), isoTime(member)]
      : [snake(key), member],
  );
  return Object.fromEntries(members);
}

function snake(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function isoOrNull(ms: number | null): string | null {
  return ms === null ? null : isoTime(ms);
}
