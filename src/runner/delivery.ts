/**
 * Delivers accepted events: starts the functions they trigger or invoke, ends the waits they match, cancels the
 * runs they cancel (execution.md §3, §12.3). Many events make one transition.
 */
import type { EventPayload } from '../event/event.ts';
import { internalDataKey, internalEvents } from '../event/internal.ts';
import { invocationFailed } from '../executor/run_ending.ts';
import { waitEndFact } from '../executor/step_fact.ts';
import type { Terminator } from '../executor/terminator.ts';
import { evaluateBoolean } from '../expression/expression.ts';
import type { FunctionDefinition } from '../function/definition.ts';
import { canonicalJson } from '../lib/canonical_json.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import {
  type Resolution,
  resolutionArgs,
  resolvePauses,
  type StoredPause,
} from '../pause/pause.ts';
import type { Waiting } from '../pause/waiting.ts';
import { payloadOf, type WaitingEvent, waitingEvents } from '../queue/intake.ts';
import { itemListArgs, type LeasedItem, type NewItem } from '../queue/item.ts';
import type { Registry } from '../state/registry.ts';
import { type NewRun, runArgs } from '../state/run_creation.ts';
import { asList, asNumber } from '../store/reply_shape.ts';
import type { Store } from '../store/store.ts';
import { type Ahead, DeliveriesAhead } from './deliveries_ahead.ts';
import { DeliveryPostponedError } from './deliveries_elsewhere.ts';
import { correlationOf, skippedRun, startedRun } from './start_run.ts';

/** Effects in one script; the rest of an item's events follows in the next. */
const effectsPerScript = 200;

export interface DeliveryParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
  readonly registry: Registry;
  readonly waiting: Waiting;
  readonly terminator: Terminator;
  readonly newId: () => string;
  /** Whether new events start no runs of the function; left out, none is paused. */
  readonly isPaused?: (functionId: string) => boolean;
  /** What an item's events wait for on a store that other processes use, too; left out, this process is alone. */
  readonly aheadOf?: (item: LeasedItem) => Ahead;
}

interface Effects {
  readonly resolutions: Resolution[];
  /** Waits that are over once the effects are stored, by the name of their event. */
  readonly matched: { readonly eventName: string; readonly pauseId: string }[];
  readonly runs: NewRun[];
  readonly items: NewItem[];
  readonly facts: string[];
}

export class Delivery {
  private readonly deliveries = new DeliveriesAhead();

  constructor(private readonly parts: DeliveryParts) {}

  async handle(item: LeasedItem): Promise<void> {
    const events = waitingEvents(item.data);
    const { aheadOf } = this.parts;
    if (aheadOf) return this.deliverShared(item, events, aheadOf(item));
    await this.deliveries.run(this.cancelNames(events), (ahead) =>
      this.deliver(item, events, ahead),
    );
  }

  private async deliverShared(
    item: LeasedItem,
    events: readonly WaitingEvent[],
    ahead: Ahead,
  ): Promise<void> {
    try {
      await this.deliver(item, events, ahead);
    } catch (error) {
      if (!(error instanceof DeliveryPostponedError)) throw error;
    }
  }

  private async deliver(
    item: LeasedItem,
    events: readonly WaitingEvent[],
    ahead: Ahead,
  ): Promise<void> {
    let effects = noEffects();
    for (let index = item.cursor; index < events.length; index += 1) {
      const event = events[index];
      if (event === undefined) break;
      const count =
        effects.resolutions.length +
        effects.runs.length +
        effects.items.length +
        effects.facts.length;
      if (count >= effectsPerScript || startsWhatIsCancelledBy(event.name, effects)) {
        if (!(await this.commit(item, index, effects))) return;
        effects = noEffects();
      }
      await ahead.settled(event.name);
      await this.collect(event, effects);
    }
    await this.commit(item, -1, effects);
  }

  /** Names of events that cancel the runs which these events may start. */
  private cancelNames(events: readonly WaitingEvent[]): ReadonlySet<string> {
    const names = new Set<string>();
    for (const event of events) {
      for (const { fn } of this.parts.registry.functionsTriggeredBy(event.name)) {
        for (const rule of fn.cancel) names.add(rule.event);
      }
      if (event.name !== internalEvents.invoked) continue;
      const target = this.functionNamedBy(invokedId(payloadOf(event)));
      for (const rule of target?.cancel ?? []) names.add(rule.event);
    }
    return names;
  }

  /** False when another process has taken the item over. */
  private async commit(item: LeasedItem, cursor: number, effects: Effects): Promise<boolean> {
    const { store, clock, waiting } = this.parts;
    const reply = await store.run('event_deliver', [
      clock.now(),
      item.id,
      item.leaseToken,
      cursor,
      effects.resolutions.length,
      ...effects.resolutions.flatMap(resolutionArgs),
      effects.runs.length,
      ...effects.runs.flatMap(runArgs),
      ...itemListArgs(effects.items),
      effects.facts.length,
      ...effects.facts,
    ]);
    if (asNumber(asList(reply)[0]) === 0) return false;
    for (const { eventName, pauseId } of effects.matched) waiting.forget(eventName, pauseId);
    return true;
  }

  private async collect(event: WaitingEvent, effects: Effects): Promise<void> {
    const { registry } = this.parts;
    let parsed: EventPayload | null = null;
    const payloadOnce = (): EventPayload => {
      parsed ??= payloadOf(event);
      return parsed;
    };
    const pauses = await this.matchingPauses(event, payloadOnce);
    const triggered = registry.functionsTriggeredBy(event.name);
    const isInvocation = event.name === internalEvents.invoked;
    const isFinish = event.name === internalEvents.finished;
    if (pauses.length === 0 && triggered.length === 0 && !isInvocation && !isFinish) return;

    const payload = payloadOnce();
    if (isFinish) this.resumeInvoker(event, payload, effects);
    await this.endPauses(event, pauses, effects);
    const started = new Set<string>();
    if (isInvocation) {
      const target = this.invoked(payload, effects);
      if (target !== null) this.start(target, event, payload, started, effects);
      return;
    }
    for (const { fn, triggerExpression } of triggered) {
      if (started.has(fn.id)) continue;
      if (triggerExpression !== undefined && !this.holds(triggerExpression, payload, fn)) continue;
      this.start(fn, event, payload, started, effects);
    }
  }

  private start(
    fn: FunctionDefinition,
    event: WaitingEvent,
    payload: EventPayload,
    started: Set<string>,
    effects: Effects,
  ): void {
    started.add(fn.id);
    const { clock, newId, isPaused } = this.parts;
    const nowMs = clock.now();
    const run = { fn, event, payload, runId: newId(), nowMs, newEventId: newId };
    if (isPaused?.(fn.id) !== true) {
      effects.runs.push(startedRun(run));
      return;
    }
    const skipped = skippedRun(run, 'FunctionPaused', 'invoked function is paused');
    effects.items.push(...skipped.items);
    effects.facts.push(...skipped.facts);
  }

  private holds(expression: string, payload: EventPayload, fn: FunctionDefinition): boolean {
    const result = evaluateBoolean(expression, { event: payload });
    if (result.ok) return result.value;
    this.parts.log.warn('a trigger expression could not be evaluated; the trigger does not count', {
      function: fn.slug,
      event: payload.name,
      reason: result.message,
    });
    return false;
  }

  /** The function that an invocation names by slug or id; its invoker hears when there is none. */
  private invoked(payload: EventPayload, effects: Effects): FunctionDefinition | null {
    const { clock, newId } = this.parts;
    const id = invokedId(payload);
    const fn = this.functionNamedBy(id);
    if (fn !== null) return fn;
    const correlation = correlationOf(payload);
    if (correlation === '') {
      this.parts.log.warn('an event invokes a function that is not registered', { function: id });
      return null;
    }
    const message = `could not find function with ID: ${id}`;
    const context = { nowMs: clock.now(), newEventId: newId };
    const answer = invocationFailed(correlation, '', message, context);
    effects.items.push(...answer.items);
    effects.facts.push(...answer.facts);
    return null;
  }

  private functionNamedBy(id: string): FunctionDefinition | null {
    const { registry } = this.parts;
    return registry.functionBySlug(id) ?? registry.functionById(id);
  }

  /** A finished run that was invoked gives its result to the step that waits for it (execution.md §11.5). */
  private resumeInvoker(event: WaitingEvent, payload: EventPayload, effects: Effects): void {
    const { correlation_id: correlation, error, result, run_id: runId } = payload.data;
    if (typeof correlation !== 'string' || correlation === '') return;
    const output = invokeMemo(payload, error, result);
    const [invokerRun = '', stepId = ''] = correlation.split('.');
    const fact = waitEndFact({
      runId: invokerRun,
      stepId,
      name: '',
      kind: 'invoke',
      status: error === undefined && !isCancelled(payload) ? 'Completed' : 'Failed',
      nowMs: this.parts.clock.now(),
      output,
      detail: { event_id: event.internalId, run_id: runId },
    });
    effects.resolutions.push({ pauseId: correlation, output, fact });
  }

  /** A condition that cannot be evaluated matches nothing; it was checked when the wait began. */
  private matchingPauses(
    { name, receivedAtMs }: WaitingEvent,
    payload: () => EventPayload,
  ): Promise<StoredPause[]> {
    const { waiting, log } = this.parts;
    return waiting.matches({ name, receivedAtMs, payload }, ({ runId, stepId }, reason) => {
      log.debug('a waiting condition could not be evaluated', { run: runId, step: stepId, reason });
    });
  }

  private async endPauses(
    event: WaitingEvent,
    pauses: readonly StoredPause[],
    effects: Effects,
  ): Promise<void> {
    const { waiting, terminator, store, clock } = this.parts;
    const matches: Resolution[] = [];
    for (const pause of pauses) {
      if (pause.kind === 'cancel') {
        if (!cameAfterTrigger(event, pause)) continue;
        await terminator.cancel(pause.runId, null);
        waiting.forget(event.name, pause.id);
      } else {
        matches.push(eventResolution(pause, event, clock.now()));
        // Not before it is stored: this delivery may have to be repeated.
        effects.matched.push({ eventName: event.name, pauseId: pause.id });
      }
    }
    while (matches.length > effectsPerScript) {
      await resolvePauses(store, clock.now(), matches.splice(0, effectsPerScript));
    }
    effects.resolutions.push(...matches);
  }
}

function noEffects(): Effects {
  return { resolutions: [], matched: [], runs: [], items: [], facts: [] };
}

function startsWhatIsCancelledBy(eventName: string, { runs }: Effects): boolean {
  return runs.some((run) => run.cancellations.some((pause) => pause.subject === eventName));
}

/** Slug or id of the function that an invocation names; '' for none. */
function invokedId(payload: EventPayload): string {
  const invocation = payload.data[internalDataKey];
  const named: unknown =
    typeof invocation === 'object' && invocation !== null && 'fn_id' in invocation
      ? invocation.fn_id
      : undefined;
  return typeof named === 'string' ? named : '';
}

/**
 * Ids that one server or one seed made in the same millisecond begin with the same characters and ascend: 10 of time,
 * 9 of chance.
 */
const commonIdChars = 19;

/**
 * A run is not cancelled by what came before its trigger, least of all by that itself. The server's time of receipt
 * decides. Within a millisecond, events of one request have their order from their ids; those of other requests do
 * not, because senders may make them: they are later than the trigger when they are delivered after it, as here.
 */
function cameAfterTrigger(event: WaitingEvent, pause: StoredPause): boolean {
  const { triggerId, createdMs } = pause;
  if (event.receivedAtMs !== createdMs) return event.receivedAtMs > createdMs;
  const isComparable = event.internalId.startsWith(triggerId.slice(0, commonIdChars));
  return isComparable ? event.internalId > triggerId : event.internalId !== triggerId;
}

/** A wait for an event is given the event itself, not wrapped (sdk-http-protocol.md §2.4). */
function eventResolution(pause: StoredPause, event: WaitingEvent, nowMs: number): Resolution {
  const fact = waitEndFact({
    runId: pause.runId,
    stepId: pause.stepId,
    name: pause.stepName,
    kind: 'waitForEvent',
    status: 'Completed',
    nowMs,
    output: event.payload,
    detail: { event_id: event.internalId },
    startedAtMs: pause.createdMs,
  });
  return { pauseId: pause.id, output: event.payload, fact };
}

function isCancelled(payload: EventPayload): boolean {
  const told = payload.data[internalDataKey];
  return (
    typeof told === 'object' && told !== null && 'status' in told && told.status === 'Cancelled'
  );
}

/** A cancelled run has neither result nor error; its invoker gets an error all the same. */
function invokeMemo(payload: EventPayload, error: unknown, result: unknown): string {
  if (error !== undefined && error !== null) return canonicalJson({ error: namedError(error) });
  if (!isCancelled(payload)) return canonicalJson({ data: result ?? null });
  const message = 'The invoked function was cancelled';
  return canonicalJson({ error: { name: 'InngestInvokeCancelledError', message } });
}

/** Python takes an error without name and message for data (sdk-http-protocol.md §2.4). */
function namedError(error: unknown): Record<string, unknown> {
  const given = typeof error === 'object' ? { ...error } : { message: String(error) };
  return { name: 'Error', message: 'The invoked function failed', ...given };
}
