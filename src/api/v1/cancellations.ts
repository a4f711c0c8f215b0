/** `/v1/cancellations`: cancels the runs of a function in a window of time (http-api.md §3.7). */
import { z } from 'zod';
import { accountId, environmentId } from '../../function/definition.ts';
import { parseDate } from '../../lib/date.ts';
import { enveloped } from '../answer.ts';
import { mebibyte, readJson } from '../body.ts';
import { findFunction, type NamedApps, shortSlug } from '../function_name.ts';
import { Problem } from '../problem.ts';
import { isoTime } from '../run_record.ts';
import type { BulkOperation, Services } from '../services.ts';
import { ulidInPath } from '../ulid_param.ts';

const futureMsMax = 5_000;
const expressionCharsMax = 8 * 1024;

const dateText = z.string().refine((text) => parseDate(text) !== null, 'is not a time (RFC 3339)');

export const cancellationBody = z.object({
  app_id: z.string().describe('Name or UUID of the app.').optional(),
  function_id: z.string().describe('Short id, full slug or UUID of the function.').optional(),
  started_after: dateText.describe('Runs queued at or after this time; all when absent.').nullish(),
  started_before: dateText.describe('Runs queued at or before this time.').optional(),
  if: z.string().max(expressionCharsMax).describe('CEL over `event` of the run.').nullish(),
});

export const cancellationSchema = z
  .object({
    created_at: z.iso.datetime(),
    name: z.string(),
    id: z.string(),
    account_id: z.string(),
    environment_id: z.string(),
    app_id: z.string(),
    function_internal_id: z.string(),
    function_id: z.string(),
    started_after: z.iso.datetime().nullable(),
    started_before: z.iso.datetime(),
    if: z.string().optional(),
    kind: z.literal('bulk_run'),
    cause: z.string(),
    queue_name: z.null(),
    status: z.enum(['running', 'completed', 'stopped', 'failed']),
    total: z.int(),
    done: z.int(),
    skipped: z.int(),
  })
  .meta({ id: 'Cancellation' });

const rule = {
  schema: cancellationBody,
  bytesMax: mebibyte,
  refusal: 'Invalid cancellation request',
};

export type CancellationRegistry = NamedApps & {
  functionById(id: string): { readonly slug: string; readonly appName: string } | null;
};

export async function createCancellation(
  request: Request,
  { bulk, clock }: Services,
  registry: CancellationRegistry,
): Promise<Response> {
  const body = await readJson(request, rule);
  const nowMs = clock.now();
  const { appName, functionName, fromMs, untilMs } = checked(body, nowMs);
  const fn = await findFunction(registry, appName, functionName);
  if (fn === null) throw new Problem(404, 'function not found');
  // A search has an expression a line.
  const expression = (body.if ?? '').replaceAll(/\s*\n\s*/g, ' ').trim();
  const operation = await bulk.start({
    kind: 'cancel',
    name: `Cancel ${fn.slug}`,
    filter: {
      timeField: 'queued',
      fromMs,
      untilMs,
      statuses: ['Scheduled', 'Running'],
      appIds: [fn.appId],
      functionIds: [fn.id],
      ...(expression === '' ? {} : { query: expression }),
    },
  });
  return enveloped(cancellationObject(operation, registry), nowMs);
}

export async function listCancellations(
  { bulk, clock }: Services,
  registry: CancellationRegistry,
): Promise<Response> {
  const cancellations = (await bulk.list()).filter(({ kind }) => kind === 'cancel');
  const objects = cancellations.map((operation) => cancellationObject(operation, registry));
  return enveloped(objects, clock.now());
}

export async function deleteCancellation(
  request: Request,
  idText: string | null,
  { bulk, clock }: Services,
): Promise<Response> {
  const id = ulidInPath(request, idText, 'Invalid cancellation ID');
  const known = await bulk.get(id);
  if (known?.kind !== 'cancel') throw new Problem(404, 'Cancellation not found');
  await bulk.stop(id);
  return enveloped({ ok: true }, clock.now());
}

/** All that is wrong, a line each. */
function checked(body: z.output<typeof cancellationBody>, nowMs: number) {
  const { app_id: appName = '', function_id: functionName = '' } = body;
  const fromMs = msOf(body.started_after);
  const untilMs = msOf(body.started_before);
  const faults = [
    appName === '' ? 'app_id is required' : '',
    functionName === '' ? 'function_id is required' : '',
    untilMs === undefined ? 'started_before is required' : '',
    untilMs !== undefined && untilMs > nowMs + futureMsMax
      ? 'started_before must not be in the future'
      : '',
    fromMs !== undefined && untilMs !== undefined && fromMs >= untilMs
      ? 'started_after must be before started_before'
      : '',
  ].filter((fault) => fault !== '');
  if (faults.length > 0 || untilMs === undefined) throw new Problem(400, faults.join('\n'));
  return { appName, functionName, fromMs: fromMs ?? 0, untilMs };
}

function msOf(text: string | null | undefined): number | undefined {
  return text === undefined || text === null ? undefined : (parseDate(text) ?? undefined);
}

/** A cancellation that another door started may be about several functions: then none is named. */
function cancellationObject(operation: BulkOperation, registry: CancellationRegistry) {
  const { fromMs = 0, untilMs = operation.createdAtMs, functionIds = [], query } = operation.filter;
  const functionId = functionIds.length === 1 ? (functionIds[0] ?? '') : '';
  const fn = registry.functionById(functionId);
  return {
    created_at: isoTime(operation.createdAtMs),
    name: operation.name,
    id: operation.id,
    account_id: accountId,
    environment_id: environmentId,
    app_id: fn?.appName ?? operation.filter.appIds?.[0] ?? '',
    function_internal_id: functionId,
    function_id: fn === null ? '' : shortSlug(fn.slug, fn.appName),
    started_after: fromMs === 0 ? null : isoTime(fromMs),
    started_before: isoTime(untilMs),
    ...(query === undefined ? {} : { if: query }),
    kind: 'bulk_run',
    cause: 'api',
    queue_name: null,
    status: operation.status,
    total: operation.total,
    done: operation.done,
    skipped: operation.skipped,
  };
}
