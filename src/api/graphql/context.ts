/** What the fields of one request share. */
import type { AppDefinition, FunctionDefinition } from '../../function/definition.ts';
import type { TraceFact } from '../../history/fact.ts';
import type { EventRecord, RunRecord } from '../../history/history.ts';
import type { RunTrace } from '../../trace/run_trace.ts';
import type { TraceSpan } from '../../trace/span.ts';
import type { AppRegistry } from '../app_registry.ts';
import type { Services } from '../services.ts';
import type { Budget } from './budget.ts';
import type { Searches } from './searches.ts';

/** Objects of the schema, each made of what is known of it. They lead to one another without end. */
export interface Views {
  app(app: AppDefinition): object;
  function(fn: FunctionDefinition): object;
  event(event: EventRecord): object;
  legacyEvent(event: EventRecord): object;
  run(run: RunRecord): object;
  legacyRun(run: RunRecord): object;
  span(span: TraceSpan, parent: object | null): object;
}

export interface GraphqlContext {
  readonly services: Services;
  readonly registry: AppRegistry;
  readonly nowMs: number;
  readonly request: Request;
  readonly budget: Budget;
  /** Lists and counts, as many as one operation may have. */
  readonly searches: Searches;
  readonly show: Views;
  readonly event: (internalId: string) => Promise<EventRecord | undefined>;
  readonly runsOfEvent: (internalId: string) => Promise<readonly RunRecord[] | undefined>;
  readonly run: (runId: string) => Promise<RunRecord | null>;
  readonly output: (runId: string) => Promise<string | undefined>;
  readonly factsOf: (runId: string) => Promise<readonly TraceFact[]>;
  readonly trace: (runId: string) => Promise<RunTrace | null>;
}
