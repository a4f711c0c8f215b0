/** A span of a run's trace as /v2 shows it (http-api.md §7.5). */
import { z } from 'zod';
import type { SpanOutput, TraceSpan } from '../../trace/span.ts';
import { int64, timestamp, verbatim } from './message.ts';
import { objectOf } from './run_message.ts';

export const spanSchema = z
  .object({
    id: z.string(),
    name: z.string().optional(),
    status: z.enum(['RUNNING', 'WAITING', 'COMPLETED', 'FAILED', 'CANCELLED', 'SKIPPED']),
    stepOp: z
      .enum(['INVOKE', 'RUN', 'SLEEP', 'WAIT_FOR_EVENT', 'AI_GATEWAY', 'WAIT_FOR_SIGNAL'])
      .optional(),
    stepId: z.string().describe('Hashed.').optional(),
    durationMs: z.string().describe('A 64-bit integer as text.').optional(),
    queuedAt: z.iso.datetime(),
    startedAt: z.iso.datetime().optional(),
    endedAt: z.iso.datetime().optional(),
    input: z.unknown().optional(),
    output: z.record(z.string(), z.unknown()).optional(),
    metadata: z
      .array(
        z.object({
          scope: z.string(),
          kind: z.string(),
          updatedAt: z.iso.datetime(),
          values: z.record(z.string(), z.string()).optional(),
        }),
      )
      .optional(),
    get children() {
      return z.array(spanSchema).optional();
    },
  })
  .meta({ id: 'TraceSpan' });

/** What the spans with payloads gave out; empty unless asked for. */
export type Outputs = ReadonlyMap<string, SpanOutput>;

export function spanMessage(span: TraceSpan, outputs: Outputs): object {
  const payload = span.outputId === null ? undefined : outputs.get(span.outputId);
  return {
    id: span.spanId,
    name: span.name,
    // /v2 has no word of its own for what stands in a queue.
    status: span.status === 'QUEUED' ? 'WAITING' : span.status,
    stepOp: span.stepOp,
    stepId: span.stepId,
    durationMs: int64(span.durationMs ?? 0),
    queuedAt: timestamp(span.queuedAtMs),
    startedAt: timestamp(span.startedAtMs),
    endedAt: timestamp(span.endedAtMs),
    input: payload?.input ? verbatim(jsonOf(payload.input)) : undefined,
    output: payload && outputOf(payload),
    metadata: span.metadata.map(({ scope, kind, updatedAtMs, values }) => ({
      scope,
      kind,
      updatedAt: timestamp(updatedAtMs),
      values: verbatim(textsOf(values)),
    })),
    children: span.children.map((child) => spanMessage(child, outputs)),
  };
}

function outputOf({ data, error }: SpanOutput) {
  if (error !== null) return verbatim({ error });
  return data === null || data === '' ? undefined : verbatim(objectOf(jsonOf(data)));
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Shown as it is: a payload that is no JSON is still worth seeing.
    return text;
  }
}

function textsOf(values: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [
      key,
      typeof value === 'string' ? value : (JSON.stringify(value) ?? ''),
    ]),
  );
}
