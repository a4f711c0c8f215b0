/** Lists of runs (reference/graphql.md §7.1). */
import type { RunFilter, RunPage, RunTimeField } from '../../history/history.ts';
import { QueryError } from '../../history/history_error.ts';
import { parseRunCursor, runCursor } from '../run_cursor.ts';
import type { GraphqlContext } from './context.ts';
import { FieldError } from './field_error.ts';
import { type RunStatusName, runStatuses } from './run_view.ts';

const pageSizeDefault = 40;
const pageSizeOmitted = 100;
/** Below this. */
const pageSizeEnd = 400;

const timeFields = { QUEUED_AT: 'queued', STARTED_AT: 'started', ENDED_AT: 'ended' } as const;
type TimeFieldName = keyof typeof timeFields;

/** `RunsFilterV2` as the schema has checked it. */
export interface RunsFilterInput {
  readonly from: number;
  readonly until?: number | null;
  readonly timeField?: TimeFieldName | null;
  readonly status?: readonly RunStatusName[] | null;
  readonly functionIDs?: readonly string[] | null;
  readonly appIDs?: readonly string[] | null;
  readonly isDeferred?: boolean | null;
  readonly query?: string | null;
}

interface RunsArguments {
  readonly first?: number | null;
  readonly after?: string | null;
  readonly orderBy: readonly {
    readonly field: TimeFieldName;
    readonly direction: 'ASC' | 'DESC';
  }[];
  readonly filter: RunsFilterInput;
}

/** An empty list of statuses, apps or functions filters nothing, as in the original. */
export function runFilter(input: RunsFilterInput): RunFilter {
  const { until, status, functionIDs, appIDs, isDeferred, query } = input;
  return {
    timeField: timeFields[input.timeField ?? 'QUEUED_AT'],
    fromMs: input.from,
    ...(typeof until === 'number' ? { untilMs: until } : {}),
    ...(status?.length ? { statuses: status.map((name) => runStatuses[name]) } : {}),
    ...(functionIDs?.length ? { functionIds: functionIDs } : {}),
    ...(appIDs?.length ? { appIds: appIDs } : {}),
    ...(typeof isDeferred === 'boolean' ? { isDeferred } : {}),
    ...(query && query.trim() !== '' ? { query } : {}),
  };
}

export async function runConnection(args: RunsArguments, context: GraphqlContext): Promise<object> {
  const { searches } = context;
  const filter = runFilter(args.filter);
  const [order = { field: 'QUEUED_AT', direction: 'DESC' } as const] = args.orderBy;
  const orderBy = timeFields[order.field];
  const after = args.after ? placeOf(args.after, orderBy) : null;
  const page = await searching(() =>
    searches.runs({
      ...filter,
      orderBy,
      limit: runPageSize(args.first),
      direction: order.direction === 'ASC' ? 'asc' : 'desc',
      ...(after === null ? {} : { after }),
    }),
  );
  const edges = edgesOf(page, orderBy, context);
  return {
    edges,
    pageInfo: {
      hasNextPage: page.hasMore,
      hasPreviousPage: after !== null,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
    // Counting can cost more than the page: only for who asks.
    totalCount: () => searching(() => searches.countRuns({ ...filter, orderBy })),
  };
}

function edgesOf({ runs }: RunPage, orderBy: RunTimeField, context: GraphqlContext) {
  return runs.map((run) => ({
    node: () => context.show.run(run),
    cursor: runCursor(run, orderBy) ?? '',
  }));
}

/** The rule of the original: what is not below 400 counts as nothing said. */
export function runPageSize(first: number | null | undefined): number {
  if (typeof first !== 'number') return pageSizeOmitted;
  return first > 0 && first < pageSizeEnd ? first : pageSizeDefault;
}

function placeOf(cursor: string, orderBy: RunTimeField) {
  const place = parseRunCursor(cursor, orderBy);
  if (place !== null) return place;
  throw new FieldError(
    'error retrieving runs: the cursor in `after` is not one of this list; begin again without it',
  );
}

async function searching<T>(search: () => Promise<T>): Promise<T> {
  try {
    return await search();
  } catch (cause) {
    if (!(cause instanceof QueryError)) throw cause;
    throw new QueryError(`error retrieving runs: ${cause.message}`, { cause });
  }
}
