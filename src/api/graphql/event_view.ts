/** Events as the API shows them, in the older and the present form (reference/graphql.md §5.1). */
import * as z from 'zod';
import type { EventRecord, RunRecord } from '../../history/history.ts';
import { isUlid, ulidTime } from '../../lib/ulid.ts';
import type { GraphqlContext } from './context.ts';

const environmentNone = '00000000-0000-0000-0000-000000000000';
export const workspace = { id: 'local' };

const storedPayload = z.object({
  id: z.string().optional(),
  data: z.unknown().optional(),
  ts: z.number().optional(),
  v: z.string().optional(),
});

export function eventView(event: EventRecord, context: GraphqlContext): object {
  const payload = storedPayload.parse(JSON.parse(event.payload));
  const ts = payload.ts ?? event.receivedAtMs;
  const { data = {}, id = event.internalId, v = null } = payload;
  const { name } = event;
  return {
    envID: environmentNone,
    id: event.internalId,
    idempotencyKey: id,
    name,
    occurredAt: ts,
    raw: () => JSON.stringify({ data, id, name, ts, v }),
    receivedAt: event.receivedAtMs,
    runs: async () => (await runsOf(event, context)).map(context.show.run),
    source: null,
    version: v ?? '',
  };
}

export function legacyEventView(event: EventRecord, context: GraphqlContext): object {
  const { id = event.internalId, data = {} } = storedPayload.parse(JSON.parse(event.payload));
  return {
    id: event.internalId,
    externalID: id === event.internalId ? null : id,
    workspace,
    name: event.name,
    createdAt: isUlid(event.internalId) ? ulidTime(event.internalId) : event.receivedAtMs,
    payload: () => JSON.stringify(data),
    schema: null,
    status: async () => statusOf(await begunRunsOf(event, context)),
    pendingRuns: async () => (await begunRunsOf(event, context)).filter(isPending).length,
    totalRuns: async () => (await begunRunsOf(event, context)).length,
    raw: event.payload,
    functionRuns: async () => (await begunRunsOf(event, context)).map(context.show.legacyRun),
  };
}

async function runsOf(
  { internalId }: EventRecord,
  context: GraphqlContext,
): Promise<readonly RunRecord[]> {
  return (await context.runsOfEvent(internalId)) ?? [];
}

/** Those that were not skipped: the older form has no word for them. */
export async function begunRunsOf(
  event: EventRecord,
  context: GraphqlContext,
): Promise<readonly RunRecord[]> {
  return (await runsOf(event, context)).filter(({ status }) => status !== 'Skipped');
}

function isPending({ status }: RunRecord): boolean {
  return status === 'Scheduled' || status === 'Running';
}

function statusOf(runs: readonly RunRecord[]): string {
  const failed = runs.filter(({ status }) => status === 'Failed').length;
  if (runs.length === 0) return 'NO_FUNCTIONS';
  if (failed === runs.length) return 'FAILED';
  if (failed > 0) return 'PARTIALLY_FAILED';
  return runs.some(isPending) ? 'RUNNING' : 'COMPLETED';
}
