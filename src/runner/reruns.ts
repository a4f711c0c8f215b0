/**
 * Reruns: a new run with the events of another, from its beginning or from one of its steps (execution.md §18). It is
 * a run like any other, for which flow control applies; only nothing that was started before stands against it. Of a
 * paused function it waits in the queue: somebody has asked for it.
 */
import { parseEndpointRequest } from '../driver/endpoint_request.ts';
import { endpointIdentity } from '../executor/endpoint_function.ts';
import { endpointNotRerunnable, type RerunOutcome } from '../executor/rerun.ts';
import {
  type FromStep,
  presetFacts,
  type Resumption,
  resumptionFrom,
} from '../executor/rerun_step.ts';
import type { FunctionDefinition } from '../function/definition.ts';
import type { History, RunRecord } from '../history/history.ts';
import type { Clock } from '../lib/clock.ts';
import { payloadOf, type WaitingEvent } from '../queue/intake.ts';
import { createRun, type NewRun } from '../state/run_creation.ts';
import type { Store } from '../store/store.ts';
import { spanIdOf, traceIdOf } from '../trace/identity.ts';
import { formatTraceparent } from '../trace/traceparent.ts';
import { startedRun } from './start_run.ts';

export interface RerunParts {
  readonly store: Store;
  readonly clock: Clock;
  /** Functions that are part of their app now. */
  readonly registry: { functionById(id: string): FunctionDefinition | null };
  /** As it is now: what happened before the wish is in it. */
  readonly history: Pick<History, 'run' | 'eventsById' | 'factsOf'>;
  readonly newId: () => string;
}

type Refusal = Exclude<RerunOutcome, { kind: 'created' }>;
type Prepared = { readonly kind: 'prepared'; readonly run: NewRun } | Refusal;

export class Reruns {
  constructor(private readonly parts: RerunParts) {}

  async rerun(runId: string, fromStep?: FromStep): Promise<RerunOutcome> {
    const { history, store } = this.parts;
    const original = await history.run(runId);
    if (original === null) return { kind: 'unknown_run' };
    const resumption = fromStep && resumptionFrom(await history.factsOf(runId), fromStep);
    if (resumption !== undefined && resumption.kind !== 'found') return resumption;
    const prepared = await this.prepare(original, { resumption });
    if (prepared.kind !== 'prepared') return prepared;
    await createRun(store, prepared.run);
    return { kind: 'created', runId: prepared.run.runId };
  }

  /** For a bulk rerun, which creates many at once; null when the run cannot be run again. */
  async newRunOf(original: RunRecord, replayId: string): Promise<NewRun | null> {
    const prepared = await this.prepare(original, { replayId });
    return prepared.kind === 'prepared' ? prepared.run : null;
  }

  private async prepare(
    original: RunRecord,
    how: { readonly replayId?: string; readonly resumption?: Resumption },
  ): Promise<Prepared> {
    const { clock, registry, newId } = this.parts;
    const fn = registry.functionById(original.functionId);
    const [event, ...furtherEvents] = await this.eventsOf(original);
    if (fn === null) return missingFunction(original, event);
    if (event === undefined) return { kind: 'events_gone' };
    const { runId: originalRunId, cron, batchId } = original;
    const { replayId, resumption } = how;
    const runId = newId();
    const nowMs = clock.now();
    const run = startedRun({
      ...{ fn, event, payload: payloadOf(event), runId, nowMs, newEventId: newId },
      ...(cron !== null && { cron }),
      rerun: {
        ...{ originalRunId, furtherEvents, link: linkTo(originalRunId) },
        ...(replayId !== undefined && { replayId }),
        ...(batchId !== null && { batchId }),
        ...(resumption && {
          preset: resumption.preset,
          target: resumption.target,
          presetFacts: presetFacts(resumption, { runId, originalRunId, nowMs }),
        }),
      },
    });
    return { kind: 'prepared', run };
  }

  /** In their order; none when one of them is gone. */
  private async eventsOf({ eventIds }: RunRecord): Promise<WaitingEvent[]> {
    if (eventIds.length === 0) return [];
    const records = await this.parts.history.eventsById(eventIds);
    const byId = new Map(records.map((record) => [record.internalId, record]));
    const events = eventIds.flatMap((id) => byId.get(id) ?? []);
    if (events.length < eventIds.length) return [];
    return events.map(({ internalId, receivedAtMs, name, payload }) => ({
      ...{ internalId, receivedAtMs, name, payload },
      idempotencyKey: '',
    }));
  }
}

/** Durable endpoints are not registered: what they are follows from the request that began the run. */
function missingFunction({ functionId }: RunRecord, event: WaitingEvent | undefined): Refusal {
  const parsed = parseEndpointRequest(event && payloadOf(event));
  return parsed.ok && endpointIdentity(parsed.request).functionId === functionId
    ? { kind: 'not_rerunnable', message: endpointNotRerunnable }
    : { kind: 'unknown_function' };
}

function linkTo(runId: string): string {
  return formatTraceparent({ traceId: traceIdOf(runId), spanId: spanIdOf(runId, { of: 'run' }) });
}
