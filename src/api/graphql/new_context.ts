/** Makes the context of a request: its look-ups and the views that use them. */
import type { EventRecord } from '../../history/history.ts';
import { readRunTrace } from '../../trace/run_trace.ts';
import { appView } from './app_view.ts';
import { batched, remembered } from './batch.ts';
import { Budget, runReadFields } from './budget.ts';
import type { GraphqlContext } from './context.ts';
import { eventView, legacyEventView } from './event_view.ts';
import { functionView } from './function_view.ts';
import { legacyRunView } from './legacy_run_view.ts';
import { runView } from './run_view.ts';
import { searchesOf } from './searches.ts';
import { spanView } from './span_view.ts';

type ContextParts = Pick<GraphqlContext, 'services' | 'registry' | 'request'>;

export function newContext(parts: ContextParts): GraphqlContext {
  const { history, clock } = parts.services;
  const budget = new Budget();
  const event = batched<EventRecord>(async (ids) => {
    const events = await history.eventsById(ids);
    return new Map(events.map((found) => [found.internalId, found]));
  });
  const context: GraphqlContext = {
    ...parts,
    nowMs: clock.now(),
    budget,
    searches: searchesOf(history, parts.request.signal),
    event,
    runsOfEvent: batched((ids) => history.runsOfEvents(ids)),
    run: remembered((runId) => history.run(runId)),
    output: batched((ids) => history.outputsOf(ids)),
    factsOf: remembered(async (runId) => {
      budget.spendFields(runReadFields);
      return history.factsOf(runId);
    }),
    trace: remembered(async (runId) => {
      budget.spendFields(runReadFields);
      return readRunTrace(history, runId);
    }),
    show: {
      app: (app) => appView(app, context),
      function: (fn) => functionView(fn, context),
      event: (record) => eventView(record, context),
      legacyEvent: (record) => legacyEventView(record, context),
      run: (run) => runView(run, context),
      legacyRun: (run) => legacyRunView(run, context),
      span: (span, parent) => spanView(span, parent, context),
    },
  };
  return context;
}
