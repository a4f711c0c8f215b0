/** `GET /v1/runs`: a list of runs with the filters of the browser app (an addition of this server). */
import { z } from 'zod';
import type { RunRecord } from '../../history/history.ts';
import { json } from '../answer.ts';
import type { NamedApps } from '../function_name.ts';
import { Problem } from '../problem.ts';
import { flag, limit, queryObject } from '../query.ts';
import { parseRunCursor, runCursor } from '../run_cursor.ts';
import { runFilterOf, runFilterShape } from '../run_list.ts';
import { runObject } from '../run_record.ts';
import type { Services } from '../services.ts';

const listDefault = 20;
const listMax = 100;

/** The members of `runFilterShape` in the spelling of /v1. */
export const runListQuery = z.object({
  limit: limit(listDefault, listMax),
  cursor: z.string().describe('`page.cursor` of the page before.').optional(),
  order: z
    .enum(['ASC', 'DESC'], 'order is invalid')
    .describe('By the time of `time_field`; DESC (newest first) when absent.')
    .optional(),
  from: runFilterShape.from,
  until: runFilterShape.until,
  time_field: z
    .enum(['queued_at', 'started_at', 'ended_at'], 'time_field is invalid')
    .describe('Which time `from`, `until` and the order mean. `queued_at` when absent.')
    .optional(),
  status: runFilterShape.status,
  app_id: runFilterShape.appId,
  function_id: z
    .array(z.string())
    .max(100)
    .describe(
      'Runs of these functions of those apps, by short id, full slug or UUID; needs `app_id`.',
    )
    .optional(),
  is_deferred: flag('Whether the runs were started by a defer; both when absent.'),
  query: runFilterShape.query,
});

const timeFields = { queued_at: 'queuedAt', started_at: 'startedAt', ended_at: 'endedAt' } as const;

/** Throws `Problem` 400 and `QueryError`. */
export async function runList(
  request: Request,
  { history, clock }: Pick<Services, 'history' | 'clock'>,
  registry: NamedApps,
): Promise<Response> {
  const query = queryOf(new URL(request.url).searchParams);
  const filter = runFilterOf(
    {
      ...query,
      timeField: query.time_field && timeFields[query.time_field],
      appId: query.app_id,
      functionId: query.function_id,
      isDeferred: query.is_deferred,
    },
    registry,
    { appId: 'app_id', functionId: 'function_id' },
  );
  const orderBy = filter?.timeField ?? 'queued';
  const after = query.cursor === undefined ? undefined : parseRunCursor(query.cursor, orderBy);
  if (after === null) throw new Problem(400, 'Invalid cursor query parameter');
  const order = {
    orderBy,
    direction: query.order === 'ASC' ? 'asc' : 'desc',
    limit: query.limit,
    withOutput: true,
    ...(after === undefined ? {} : { after }),
  } as const;
  const found =
    filter === null
      ? { runs: [], hasMore: false }
      : await history.runs({ ...filter, ...order }, request.signal);
  const last: RunRecord | undefined = found.runs.at(-1);
  return json({
    data: found.runs.map(runObject),
    metadata: { fetched_at: new Date(clock.now()).toISOString(), cached_until: null },
    page: {
      cursor: last === undefined ? null : runCursor(last, orderBy),
      has_more: found.hasMore,
      limit: query.limit,
    },
  });
}

function queryOf(parameters: URLSearchParams): z.output<typeof runListQuery> {
  const result = runListQuery.safeParse(queryObject(parameters, runListQuery));
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const name = String(issue?.path[0] ?? '');
  throw new Problem(400, `Invalid ${name} query parameter: ${issue?.message ?? 'not understood'}`);
}
