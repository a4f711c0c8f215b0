/** `/v2/runs`, and the runs of a function or an event: reading (http-api.md §7.3, §7.4). */
import { z } from 'zod';
import type { RunFilter, RunQuery } from '../../history/history.ts';
import { findFunction } from '../function_name.ts';
import { Problem } from '../problem.ts';
import { flag, limit } from '../query.ts';
import { parseRunCursor, runCursor } from '../run_cursor.ts';
import { runFilterOf, runFilterShape, timeFieldOf } from '../run_list.ts';
import { functionParams } from './app_routes.ts';
import { ulidNamed, type V2Context } from './context.ts';
import { enveloped, listSchema, oneSchema } from './envelope.ts';
import { type V2Route, v2Route } from './route.ts';
import { runMessage, runSchema } from './run_message.ts';

const listDefault = 20;
const listMax = 100;
const eventListMax = 40;
const tag = 'Runs';

export const runParam = { runId: 'ULID of the run.' };
export const includeOutput = flag('Whether runs come with their outputs.');
const cursor = z.string().describe('Where the page before ended.').optional();
const order = z
  .enum(['ASC', 'DESC'], 'order is invalid')
  .describe('By the time of `timeField`; DESC (newest first) when absent.')
  .optional();

const { appId, functionId, ...filterShape } = runFilterShape;
const pageShape = { includeOutput, cursor, limit: limit(listDefault, listMax), order };
const isDeferred = flag('Whether the runs were started by a defer; both when absent.');
const functionRunsQuery = z.object({ ...pageShape, ...filterShape, isDeferred });
const listQuery = functionRunsQuery.extend({ appId, functionId });
const eventRunsQuery = z.object({ includeOutput, cursor, limit: limit(20, eventListMax) });

interface PageQuery {
  readonly includeOutput?: boolean | undefined;
  readonly cursor?: string | undefined;
  readonly limit: number;
  readonly order?: 'ASC' | 'DESC' | undefined;
}

const listAnswers = { 200: { description: 'A page of runs.', schema: listSchema(runSchema) } };
const listRefusals = {
  400: 'A filter, the cursor, the limit or the expression makes no sense; the message names it.',
};

export function runRoutes(context: V2Context): readonly V2Route[] {
  const { registry } = context;
  return [
    v2Route({
      id: 'ListRuns',
      method: 'GET',
      path: '/runs',
      tag,
      summary: 'List runs',
      description: 'Runs of all functions, filtered as in the browser app.',
      query: listQuery,
      answers: listAnswers,
      refusals: listRefusals,
      isAlways: true,
      handle: ({ query, request }) =>
        pageOfRuns(context, runFilterOf(query, registry), query, request.signal),
    }),
    v2Route({
      id: 'ListFunctionRuns',
      method: 'GET',
      path: '/apps/:appId/functions/:functionId/runs',
      tag,
      summary: "List a function's runs",
      description: 'As `/runs`, of one function; none when nobody knows it.',
      params: functionParams,
      query: functionRunsQuery,
      answers: listAnswers,
      refusals: listRefusals,
      handle: async ({ param, query, request }) => {
        const fn = await findFunction(registry, param('appId'), param('functionId'));
        const filter = runFilterOf(query, registry);
        const ofFunction =
          fn === null || filter === null ? null : { ...filter, functionIds: [fn.id] };
        return pageOfRuns(context, ofFunction, query, request.signal);
      },
    }),
    ...eventAndRunRoutes(context),
  ];
}

function eventAndRunRoutes(context: V2Context): readonly V2Route[] {
  const { history, clock } = context.services;
  return [
    v2Route({
      id: 'GetEventRuns',
      method: 'GET',
      path: '/events/:eventId/runs',
      tag,
      summary: "List an event's runs",
      description: 'The runs that an event started, skipped ones too, newest first.',
      params: { eventId: 'ULID that the server gave the event.' },
      query: eventRunsQuery,
      answers: listAnswers,
      refusals: listRefusals,
      isAlways: true,
      handle: ({ param, query, request }) => {
        const eventId = ulidNamed(param('eventId'), 'Event ID');
        const statuses = [...allStatuses];
        const filter: RunFilter = { timeField: 'queued', eventId, statuses };
        return pageOfRuns(context, filter, query, request.signal);
      },
    }),
    v2Route({
      id: 'GetFunctionRun',
      method: 'GET',
      path: '/runs/:runId',
      tag,
      summary: 'Get a run',
      description: 'One run: its status, its times and what started it.',
      params: runParam,
      query: z.object({ includeOutput }),
      answers: { 200: { description: 'The run.', schema: oneSchema(runSchema) } },
      refusals: { 400: 'That is no run id.', 404: 'There is no such run.' },
      isAlways: true,
      handle: async ({ param, query }) => {
        const run = await history.run(ulidNamed(param('runId'), 'Run ID'));
        if (run === null) throw new Problem(404, 'Run not found');
        const message = runMessage(run, query.includeOutput === true);
        return enveloped(message, { nowMs: clock.now() });
      },
    }),
  ];
}

const allStatuses = [
  'Scheduled',
  'Running',
  'Completed',
  'Failed',
  'Cancelled',
  'Skipped',
] as const;

async function pageOfRuns(
  { services: { history, clock } }: V2Context,
  filter: RunFilter | null,
  query: PageQuery,
  signal: AbortSignal,
): Promise<Response> {
  const orderBy = filter?.timeField ?? timeFieldOf(undefined);
  const after = query.cursor === undefined ? undefined : parseRunCursor(query.cursor, orderBy);
  if (after === null && filter !== null) {
    throw new Problem(400, 'Cursor is invalid', { code: 'invalid_field_format' });
  }
  const runQuery: Omit<RunQuery, 'timeField'> = {
    orderBy,
    direction: query.order === 'ASC' ? 'asc' : 'desc',
    limit: query.limit,
    withOutput: query.includeOutput === true,
    ...(after === undefined || after === null ? {} : { after }),
  };
  const found =
    filter === null
      ? { runs: [], hasMore: false }
      : await history.runs({ ...filter, ...runQuery }, signal);
  const last = found.runs.at(-1);
  const page = {
    cursor: last === undefined ? null : runCursor(last, orderBy),
    hasMore: found.hasMore,
    limit: query.limit,
  };
  const messages = found.runs.map((run) => runMessage(run, query.includeOutput === true));
  return enveloped(messages, { nowMs: clock.now(), page });
}
