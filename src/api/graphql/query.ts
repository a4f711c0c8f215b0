/** What can be asked (reference/graphql.md §5). */
import { isUlid } from '../../lib/ulid.ts';
import { readSpanOutput } from '../../trace/output.ts';
import { runTrigger } from '../../trace/trigger.ts';
import { bulkView } from './bulk_view.ts';
import type { GraphqlContext } from './context.ts';
import { eventConnection, legacyEvents } from './event_list.ts';
import { FieldError, noRows } from './field_error.ts';
import { type Fields, settledFields } from './fields.ts';
import { runConnection } from './run_list.ts';
import { runTree } from './run_view.ts';
import { streamItems } from './stream.ts';

interface Id {
  readonly id: string;
}

interface RunId {
  readonly runID: string;
}

export function queries(context: GraphqlContext): object {
  return {
    // The registry may be ahead of the disk; history never is.
    ...settledFields(registryQueries(context), context.services.settled),
    ...eventQueries(context),
    ...runQueries(context),
    // Debug runs are not kept.
    debugRun: { debugTraces: [] },
    debugSession: { debugRuns: null },
    ...workerQueries,
    ...bulkQueries(context),
  };
}

function registryQueries(context: GraphqlContext): Fields {
  const { registry, show } = context;
  /** Another process may have registered it a moment ago. */
  const found = async <T>(find: () => T | null): Promise<T | null> => {
    if (find() === null) await registry.refresh();
    return find();
  };
  return {
    apps: ({ filter }: { readonly filter?: { readonly method?: string | null } | null }) => {
      const method = filter?.method?.toLowerCase();
      return registry
        .apps()
        .filter((app) => method === undefined || app.method === method)
        .map(show.app);
    },
    app: async ({ id }: Id) => {
      const app = await found(() => registry.appById(id));
      if (app === null) throw new FieldError(noRows);
      return show.app(app);
    },
    functions: () =>
      registry
        .functions()
        .toSorted((a, b) => (a.slug < b.slug ? -1 : 1))
        .map(show.function),
    functionBySlug: async ({ query }: { readonly query: { readonly functionSlug: string } }) => {
      const fn = await found(() => registry.functionBySlug(query.functionSlug));
      if (fn === null) throw new FieldError(noRows);
      return show.function(fn);
    },
  };
}

function eventQueries(context: GraphqlContext): object {
  return {
    stream: ({ query }: { readonly query: Parameters<typeof streamItems>[0] }) =>
      streamItems(query, context),
    event: async ({ query }: { readonly query: { readonly eventId: string } }) => {
      const event = await context.event(query.eventId.toUpperCase());
      if (event === undefined) throw new FieldError(noRows);
      return context.show.legacyEvent(event);
    },
    events: ({ query }: { readonly query: Parameters<typeof legacyEvents>[0] }) =>
      legacyEvents(query, context),
    eventV2: async ({ id }: Id) => {
      const event = await context.event(id);
      if (event === undefined) throw new FieldError(`event not found: ${id}`);
      return context.show.event(event);
    },
    eventsV2: (args: Parameters<typeof eventConnection>[0]) => eventConnection(args, context),
  };
}

function runQueries(context: GraphqlContext): object {
  return {
    functionRun: async ({ query }: { readonly query: { readonly functionRunId: string } }) => {
      const runId = query.functionRunId.toUpperCase();
      if (!isUlid(runId))
        throw new FieldError(`invalid run ID: ${query.functionRunId.slice(0, 60)}`);
      const run = await context.run(runId);
      if (run === null) throw new FieldError('not found');
      return context.show.legacyRun(run);
    },
    runs: (args: Parameters<typeof runConnection>[0]) => runConnection(args, context),
    run: async ({ runID }: RunId) => {
      const run = await context.run(runID.toUpperCase());
      if (run === null) throw new FieldError(`error retrieving run: ${noRows}`);
      return context.show.run(run);
    },
    runTrace: async ({ runID }: RunId) => {
      const tree = await runTree(runID.toUpperCase(), 'preview', context);
      if (tree === null) throw new FieldError(`error retrieving run: ${noRows}`);
      return tree;
    },
    runTraceSpanOutputByID: ({ outputID }: { readonly outputID: string }) =>
      readSpanOutput(outputID, context.trace),
    runTrigger: async ({ runID }: RunId) => {
      const trace = await context.trace(runID.toUpperCase());
      if (trace === null) throw new FieldError(`error retrieving run: ${noRows}`);
      const { eventIds, atMs, batchId, ...trigger } = runTrigger(trace);
      return { ...trigger, IDs: eventIds, timestamp: atMs, batchID: batchId };
    },
  };
}

/** Workers connect to a gateway, which this server does not have yet. */
const workerQueries = {
  workerConnections: {
    edges: [],
    pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null },
    totalCount: 0,
  },
  workerConnection: () => {
    throw new FieldError('worker connection not found');
  },
};

function bulkQueries({ services: { bulk } }: GraphqlContext): object {
  return {
    bulkOperation: async ({ id }: Id) => {
      const operation = await bulk.get(id);
      if (operation === null) throw new FieldError('bulk operation not found');
      return bulkView(operation);
    },
    bulkOperations: async () => (await bulk.list()).map(bulkView),
  };
}
