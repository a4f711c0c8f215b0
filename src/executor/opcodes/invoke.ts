/** InvokeFunction (sdk-http-protocol.md §4.4.5, §8.1; execution.md §11.5). */
import { z } from 'zod';
import type { Opcode } from '../../driver/opcode.ts';
import type { EventMeta } from '../../event/event.ts';
import { internalDataKey, internalEvents } from '../../event/internal.ts';
import { parseSessions } from '../../event/sessions.ts';
import { timeoutAt } from '../../lib/timeout.ts';
import { pauseId } from '../../pause/pause.ts';
import { intakeOf } from '../../queue/intake.ts';
import { spanIdOf, traceIdOf } from '../../trace/identity.ts';
import { formatTraceparent } from '../../trace/traceparent.ts';
import { waitMsDefault } from '../limits.ts';
import { factBase, type PlanContext, type PlanDraft } from '../plan_draft.ts';
import { invalidStep, type RunFailure } from '../run_failure.ts';
import { opcodeFact } from '../step_fact.ts';
import { waitOf } from '../wait.ts';

const optsSchema = z.object({
  function_id: z.string().min(1),
  payload: z
    .object({
      data: z.record(z.string(), z.unknown()).nullish(),
      user: z.record(z.string(), z.unknown()).nullish(),
      v: z.string().nullish(),
      meta: z.unknown().optional(),
    })
    .nullish(),
  timeout: z.string().nullish(),
});

export function planInvoke(op: Opcode, context: PlanContext, draft: PlanDraft): RunFailure | null {
  const { nowMs } = context;
  const opts = optsSchema.safeParse(op.opts);
  if (!opts.success) {
    const issue = opts.error.issues[0];
    return invalidStep(
      op.displayName,
      `opts.${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`,
    );
  }
  const { timeout, function_id: target } = opts.data;
  const end = timeout
    ? timeoutAt(timeout, nowMs)
    : ({ ok: true, atMs: nowMs + waitMsDefault } as const);
  if (!end.ok) return invalidStep(op.displayName, end.message);
  const read = parseSessions(opts.data.payload?.meta);
  if (!read.ok) return invalidStep(op.displayName, `opts.payload.${read.message}`);
  const meta = read.sessions === null ? undefined : { sessions: read.sessions };
  const expiresMs = Math.max(end.atMs, nowMs);
  const event = invokedEvent(op, context, { ...opts.data, expiresMs, meta });
  const intake = intakeOf([event]);
  draft.waits.push({
    ...waitOf(op, context, { kind: 'invoke', subject: '', expression: '', nowMs, expiresMs }),
    conflict: '',
    items: intake.items,
    itemFacts: intake.facts,
    fact: opcodeFact(op, {
      ...factBase(context),
      status: 'Invoking',
      attempt: 0,
      detail: {
        function_id: target,
        event_id: event.internalId,
        timeout: new Date(expiresMs).toISOString(),
      },
    }),
  });
  return null;
}

/** The event that starts exactly the named function, whatever its triggers are. */
function invokedEvent(
  op: Opcode,
  { runId, nowMs, metadata, newEventId }: PlanContext,
  opts: z.infer<typeof optsSchema> & { readonly expiresMs: number; readonly meta?: EventMeta },
) {
  const internalId = newEventId();
  const invocation = {
    fn_id: opts.function_id,
    correlation_id: pauseId(runId, op.id),
    source_app_id: metadata.appId,
    source_fn_id: metadata.functionId,
    source_fn_v: metadata.functionVersion,
    expire: opts.expiresMs,
    gid: '',
    name: op.displayName,
  };
  const traceparent = formatTraceparent({
    traceId: traceIdOf(runId),
    spanId: spanIdOf(runId, { of: 'step', stepId: op.id }),
  });
  return {
    internalId,
    receivedAtMs: nowMs,
    idempotencyKey: '',
    traceparent,
    payload: {
      name: internalEvents.invoked,
      id: internalId,
      ts: nowMs,
      data: { ...opts.payload?.data, [internalDataKey]: invocation },
      user: opts.payload?.user ?? {},
      ...(opts.payload?.v ? { v: opts.payload.v } : {}),
      ...(opts.meta && { meta: opts.meta }),
    },
  };
}
