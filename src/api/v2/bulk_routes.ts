/** `/v2/bulk`: cancelling and rerunning many runs by a filter (an addition of this server). */
import { z } from 'zod';
import type { RunFilter } from '../../history/history.ts';
import { bulkName } from '../bulk_name.ts';
import { Problem } from '../problem.ts';
import { runFilterOf, runFilterShape, statusName, time } from '../run_list.ts';
import type { BulkKind, BulkOperation } from '../services.ts';
import { ulidNamed, type V2Context } from './context.ts';
import { enveloped, listSchema, oneSchema } from './envelope.ts';
import { timestamp } from './message.ts';
import { type V2Route, v2Route } from './route.ts';

const tag = 'Bulk';

const bodySchema = z.strictObject({
  name: bulkName,
  filter: z
    .strictObject({
      ...runFilterShape,
      from: time('filter.from must be a time (RFC 3339)').describe(
        'Only runs at or after this time (RFC 3339).',
      ),
      isDeferred: z.boolean().optional(),
    })
    .describe('Which runs. `until` is now when absent.'),
});

const operationSchema = z
  .object({
    id: z.string(),
    kind: z.enum(['CANCEL', 'RERUN']),
    name: z.string(),
    status: z.enum(['RUNNING', 'COMPLETED', 'STOPPED', 'FAILED']),
    createdAt: z.iso.datetime(),
    endedAt: z.iso.datetime().optional(),
    total: z.int().describe('Runs that the filter named when the work began.').optional(),
    done: z.int().optional(),
    skipped: z.int().describe('Ended meanwhile, or their function or events are gone.').optional(),
    error: z.string().optional(),
    filter: z.object({
      from: z.iso.datetime().optional(),
      until: z.iso.datetime().optional(),
      timeField: z.string(),
      status: z.array(z.string()).optional(),
      appId: z.array(z.string()).optional(),
      functionId: z.array(z.string()).optional(),
      eventId: z.string().optional(),
      isDeferred: z.boolean().optional(),
      query: z.string().optional(),
    }),
  })
  .meta({ id: 'BulkOperation' });

const bulkParam = { bulkId: 'ULID of the bulk operation.' };

export function bulkRoutes(context: V2Context): readonly V2Route[] {
  const { clock, bulk } = context.services;
  const one = {
    description: 'The operation and how far it is.',
    schema: oneSchema(operationSchema),
  };
  const answer = (operation: BulkOperation | null): Response => {
    if (operation === null) throw new Problem(404, 'Bulk operation not found');
    return enveloped(operationMessage(operation), { nowMs: clock.now() });
  };
  return [
    startRoute(context, 'cancel'),
    startRoute(context, 'rerun'),
    v2Route({
      id: 'ListBulkOperations',
      method: 'GET',
      path: '/bulk',
      tag,
      summary: 'List bulk operations',
      description: 'Those under way and those that have ended, newest first.',
      answers: { 200: { description: 'All of them.', schema: listSchema(operationSchema) } },
      handle: async () =>
        enveloped((await bulk.list()).map(operationMessage), { nowMs: clock.now() }),
    }),
    v2Route({
      id: 'GetBulkOperation',
      method: 'GET',
      path: '/bulk/:bulkId',
      tag,
      summary: 'Get a bulk operation',
      description: 'How far an operation is: `done` and `skipped` of `total`.',
      params: bulkParam,
      answers: { 200: one },
      refusals: { 400: 'That is no id.', 404: 'There is no such operation.' },
      handle: async ({ param }) => answer(await bulk.get(ulidNamed(param('bulkId'), 'Bulk ID'))),
    }),
    v2Route({
      id: 'StopBulkOperation',
      method: 'POST',
      path: '/bulk/:bulkId/stop',
      tag,
      summary: 'Stop a bulk operation',
      description: 'What is done stays done; an operation that has ended stays as it is.',
      params: bulkParam,
      answers: { 200: one },
      refusals: { 400: 'That is no id.', 404: 'There is no such operation.' },
      handle: async ({ param }) => answer(await bulk.stop(ulidNamed(param('bulkId'), 'Bulk ID'))),
    }),
  ];
}

function startRoute({ services, registry }: V2Context, kind: BulkKind): V2Route {
  const { clock, bulk } = services;
  const isCancel = kind === 'cancel';
  return v2Route({
    id: isCancel ? 'BulkCancel' : 'BulkRerun',
    method: 'POST',
    path: `/bulk/${kind}`,
    tag,
    summary: isCancel ? 'Cancel many runs' : 'Rerun many runs',
    description: isCancel
      ? 'Cancels the runs that a filter names and that have not ended. The work goes on by itself.'
      : 'Reruns the runs that a filter names. To replay a failed window: status FAILED with `from` and `until`.',
    body: { schema: bodySchema },
    answers: {
      202: { description: 'The work is stored and has begun.', schema: oneSchema(operationSchema) },
    },
    refusals: {
      400: 'The filter or its expression makes no sense.',
      404: 'The filter names functions that nobody knows.',
      429: 'As many operations are under way as there may be.',
    },
    handle: async ({ body }) => {
      const nowMs = clock.now();
      const filter = runFilterOf(body.filter, registry);
      if (filter === null) throw new Problem(404, 'Function not found');
      const untilMs = filter.untilMs ?? nowMs;
      if ((filter.fromMs ?? 0) > untilMs) {
        throw new Problem(400, 'filter.from must not be after filter.until');
      }
      const request = { kind, name: body.name, filter: { ...filter, untilMs } };
      const operation = await bulk.start(request);
      return enveloped(operationMessage(operation), { nowMs, status: 202 });
    },
  });
}

const kinds = { cancel: 'CANCEL', rerun: 'RERUN' } as const;
const statuses = {
  running: 'RUNNING',
  completed: 'COMPLETED',
  stopped: 'STOPPED',
  failed: 'FAILED',
} as const;
const timeFields = { queued: 'queuedAt', started: 'startedAt', ended: 'endedAt' } as const;

function operationMessage(operation: BulkOperation) {
  const { id, name, total, done, skipped, error } = operation;
  return {
    id,
    kind: kinds[operation.kind],
    name,
    status: statuses[operation.status],
    createdAt: timestamp(operation.createdAtMs),
    endedAt: timestamp(operation.endedAtMs),
    total,
    done,
    skipped,
    error,
    filter: filterMessage(operation.filter),
  };
}

function filterMessage(filter: RunFilter) {
  const { fromMs, untilMs, eventId, isDeferred, query } = filter;
  return {
    from: timestamp(fromMs ?? null),
    until: timestamp(untilMs ?? null),
    timeField: timeFields[filter.timeField],
    status: filter.statuses?.map(statusName),
    appId: filter.appIds,
    functionId: filter.functionIds,
    eventId,
    isDeferred,
    query,
  };
}
