/** DeferAdd and DeferAbort: functions to start when this run is over (execution.md §11.7). */
import { z } from 'zod';
import type { Opcode } from '../../driver/opcode.ts';
import { type DeferFact, factText } from '../../history/fact.ts';
import type { PlanContext, PlanDraft } from '../plan_draft.ts';

const defersPerRunMax = 20;
const inputBytesMax = 4 * 1024 * 1024;
const metaBytesMax = 32 * 1024;
/** What people read of a name. */
const nameCharsMax = 256;

const recordSchema = z.object({
  status: z.enum(['after_run', 'rejected', 'abort']),
  reason: z.string().optional(),
  functionSlug: z.string().optional(),
  /** JSON text. */
  input: z.string().optional(),
  /** Of an abort: the defer that is called off. */
  target: z.string().optional(),
});

export type DeferRecord = z.infer<typeof recordSchema>;

export function parseDefer(text: string): DeferRecord {
  return recordSchema.parse(JSON.parse(text));
}

/** A rejected defer never fails the run: it is recorded as such, so that the SDK does not send it again. */
export function planDefer(op: Opcode, context: PlanContext, draft: PlanDraft): null {
  const record = op.op === 'DeferAbort' ? abortRecord(op) : addRecord(op, context, draft);
  if (record === null) return null;
  const fact = factText(deferFact(op, record, context));
  draft.defers.push({ stepId: op.id, record: JSON.stringify(record), fact });
  return null;
}

const factStatuses: Readonly<Record<DeferRecord['status'], DeferFact['status']>> = {
  after_run: 'Scheduled',
  rejected: 'Rejected',
  abort: 'Aborted',
};

function deferFact(op: Opcode, record: DeferRecord, { runId, nowMs }: PlanContext): DeferFact {
  const { fn_slug: slug, id } = op.opts;
  const name = op.op === 'DeferAbort' ? id : (op.userland?.id ?? op.displayName);
  return {
    t: 'defer',
    runId,
    deferId: record.target ?? op.id,
    name: shown(name),
    functionSlug: shown(slug),
    status: factStatuses[record.status],
    ...(record.reason !== undefined && { reason: record.reason }),
    atMs: nowMs,
  };
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, nameCharsMax).toWellFormed() : '';
}

function abortRecord(op: Opcode): DeferRecord {
  const target = op.opts.target_hashed_id;
  return { status: 'abort', target: typeof target === 'string' ? target : '' };
}

function addRecord(op: Opcode, context: PlanContext, draft: PlanDraft): DeferRecord | null {
  // The first record of an id counts: what is sent again takes no room.
  if (context.defers.some(([stepId]) => stepId === op.id)) return null;
  const known = [
    ...context.defers.map(([, record]) => parseDefer(record)),
    ...draft.defers.map((defer) => parseDefer(defer.record)),
  ].filter((record) => record.status !== 'abort');
  if (known.length >= defersPerRunMax) return null;
  const { fn_slug: slug, input, meta } = op.opts;
  if (typeof slug !== 'string' || slug === '') return rejected('invalid_input');
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    return rejected('invalid_input');
  }
  if (meta !== undefined && meta !== null) {
    if (typeof meta !== 'object' || Array.isArray(meta)) return rejected('invalid_meta');
    if (Buffer.byteLength(JSON.stringify(meta)) > metaBytesMax) return rejected('meta_size');
  }
  const text = JSON.stringify(input);
  const size = Buffer.byteLength(text);
  if (size > inputBytesMax) return rejected('per_defer_size');
  const sum = known.reduce((bytes, record) => bytes + Buffer.byteLength(record.input ?? ''), 0);
  if (sum + size > inputBytesMax) return rejected('aggregate_size');
  return { status: 'after_run', functionSlug: slug, input: text };
}

function rejected(reason: string): DeferRecord {
  return { status: 'rejected', reason };
}
