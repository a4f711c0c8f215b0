/**
 * Executes the items of runs: start, edge and sleep call the app; gateway makes a request for it; timeout ends
 * waits; deadline ends runs that take too long (execution.md §6).
 */
import { stateBytesMax as inlineBytesMax } from '../driver/request.ts';
import type { FunctionDefinition } from '../function/definition.ts';
import { factText } from '../history/fact.ts';
import { timeOutPause } from '../pause/pause.ts';
import type { LeasedItem, NewItem } from '../queue/item.ts';
import { runDueMs } from '../state/run_metadata.ts';
import { type EnterOutcome, enterRun, loadRun } from '../state/run_state.ts';
import { Answers } from './answer.ts';
import { type Call, callOf, callStarted } from './call_fact.ts';
import { callRequest } from './call_request.ts';
import { deadlineItem, timeoutMs } from './deadline.ts';
import { type Edge, parseEdge } from './edge.ts';
import { endpointFunction } from './endpoint_function.ts';
import { GatewayRequests } from './gateway_work.ts';
import { functionRemoved, stateOverflow, stepOverflow } from './run_failure.ts';
import { waitEndFact } from './step_fact.ts';
import { invokeTimeoutMemo, nullMemo } from './step_memo.ts';
import { parseWaitTimeout } from './wait.ts';
import type { ExecutorParts, Work } from './work.ts';

export class Executor {
  private readonly answers: Answers;
  private readonly gateways: GatewayRequests;

  constructor(private readonly parts: ExecutorParts) {
    this.answers = new Answers(parts);
    this.gateways = new GatewayRequests(parts);
  }

  async handle(item: LeasedItem): Promise<void> {
    switch (item.kind) {
      case 'start':
      case 'edge':
      case 'sleep':
        return this.callApp(item);
      case 'gateway':
        return this.gateways.handle(item);
      case 'timeout':
        return this.endWait(item);
      case 'deadline':
        return this.parts.terminator.handleDeadline(item);
      default:
        throw new Error(`the executor has no handler for items of kind ${item.kind}`);
    }
  }

  private async callApp(leased: LeasedItem): Promise<void> {
    const { clock, terminator, driverOf, stopping } = this.parts;
    const edge = parseEdge(leased.data);
    const item = withAttemptsBefore(leased, edge);
    const fn = await this.functionOf(item.runId, edge.functionId);
    if (fn === null) {
      await terminator.fail(item.runId, item, functionRemoved(edge.functionId));
      return;
    }
    const call = callOf(item, edge, fn, this.parts.newId());
    const entered = await this.enter(item, edge, fn, call);
    if (entered.kind !== 'entered') return this.stopBeforeCall(item, fn, entered);
    const work: Work = { item, edge, fn, state: entered.state, call };
    if (entered.isFirst) {
      const { slug, appName } = fn;
      this.parts.log.debug('a run starts', { run: item.runId, function: slug, app: appName });
    }
    const request = callRequest(work);
    const sentAtMs = clock.now();
    const outcome = await driverOf(fn).call(request, stopping);
    if (stopping.aborted && outcome.kind === 'failed') return;
    await this.answers.commit(work, outcome, sentAtMs);
  }

  /** Durable endpoints are not registered: their runs say all there is to know of them. */
  private async functionOf(runId: string, functionId: string): Promise<FunctionDefinition | null> {
    const { store, functions } = this.parts;
    const registered = functions.functionById(functionId);
    if (registered !== null) return registered;
    const run = await loadRun(store, runId, { withSteps: false });
    return run && endpointFunction(run.metadata);
  }

  private enter(
    item: LeasedItem,
    edge: Edge,
    fn: FunctionDefinition,
    call: Call,
  ): Promise<EnterOutcome> {
    const { store, clock, limits } = this.parts;
    const nowMs = clock.now();
    const finishTimeoutMs = timeoutMs(fn.timeouts?.finish);
    const { slept } = edge;
    return enterRun(store, item, {
      nowMs,
      slept: slept && { ...slept, fact: sleepEndFact(item.runId, slept, nowMs) },
      stepsMax: limits.stepsMax(fn.id),
      inlineBytesMax,
      stateBytesMax: limits.stateBytesMax(fn.id),
      startTimeoutMs: timeoutMs(fn.timeouts?.start),
      scheduledAtMs: runDueMs(edge),
      finishTimeoutMs,
      startedFact: factText({
        t: 'run.started',
        runId: item.runId,
        atMs: nowMs,
        functionSlug: fn.slug,
      }),
      callFact: callStarted(call, nowMs),
      firstItems: finishDeadline(item.runId, fn, nowMs, finishTimeoutMs),
    });
  }

  private async stopBeforeCall(
    item: LeasedItem,
    fn: FunctionDefinition,
    entered: Exclude<EnterOutcome, { kind: 'entered' }>,
  ): Promise<void> {
    const { terminator, limits } = this.parts;
    switch (entered.kind) {
      case 'start_timeout':
      case 'finish_timeout':
        await terminator.cancel(item.runId, item);
        return;
      case 'step_limit':
        await terminator.fail(item.runId, item, stepOverflow(limits.stepsMax(fn.id)));
        return;
      case 'state_limit':
        await terminator.fail(item.runId, item, stateOverflow(limits.stateBytesMax(fn.id)));
        return;
      default:
        // Gone, taken over, or siblings are still open: the script has done all there is to do.
        return;
    }
  }

  private async endWait(item: LeasedItem): Promise<void> {
    const { store, clock } = this.parts;
    const wait = parseWaitTimeout(item.data);
    const nowMs = clock.now();
    const output = wait.kind === 'invoke' ? invokeTimeoutMemo : nullMemo;
    const { runId, stepId, name, kind, startedAtMs } = wait;
    const stepKind = { event: 'waitForEvent', signal: 'waitForSignal', invoke: 'invoke' }[kind];
    const fact = waitEndFact({
      runId,
      stepId,
      name,
      kind: stepKind,
      status: 'TimedOut',
      nowMs,
      output,
      startedAtMs,
    });
    await timeOutPause(store, nowMs, item, { pauseId: wait.pauseId, output, fact });
  }
}

function withAttemptsBefore(item: LeasedItem, { attemptsBefore = 0 }: Edge): LeasedItem {
  if (attemptsBefore === 0) return item;
  const attempt = item.attempt + attemptsBefore;
  return { ...item, attempt, attemptsMax: item.attemptsMax + attemptsBefore };
}

function sleepEndFact(runId: string, slept: NonNullable<Edge['slept']>, nowMs: number): string {
  const { stepId, name, startedAtMs } = slept;
  return waitEndFact({
    runId,
    stepId,
    name,
    startedAtMs,
    kind: 'sleep',
    status: 'Completed',
    nowMs,
    output: nullMemo,
  });
}

function finishDeadline(
  runId: string,
  fn: FunctionDefinition,
  nowMs: number,
  finishTimeoutMs: number,
): NewItem[] {
  if (finishTimeoutMs === 0) return [];
  return [deadlineItem(runId, fn.id, 'finish', nowMs + finishTimeoutMs)];
}
