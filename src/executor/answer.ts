/** What an app's answer does to its run: commits steps, puts the item back, or ends the run (execution.md §6, §7). */
import type { Opcode } from '../driver/opcode.ts';
import type { CallCompleted, CallOpcodes, CallOutcome } from '../driver/response.ts';
import { canonicalJson } from '../lib/canonical_json.ts';
import { retryDelaysMs } from '../queue/backoff.ts';
import { requeue } from '../queue/queue.ts';
import { loadRun } from '../state/run_state.ts';
import { commitCheckpoint, commitSteps, type StepPlan } from '../state/step_commit.ts';
import { callEnded, failedByServer } from './call_fact.ts';
import { endedWith, endingWith, isReport } from './last_answer.ts';
import { opcodesMax } from './limits.ts';
import { planSteps } from './plan.ts';
import type { PlanContext } from './plan_draft.ts';
import type { Ending } from './run_ending.ts';
import {
  type RunFailure,
  signalConflict,
  stalled,
  stateOverflow,
  stepOverflow,
} from './run_failure.ts';
import { opcodeFact } from './step_fact.ts';
import type { ExecutorParts, Work } from './work.ts';

type CallFailed = Extract<CallOutcome, { kind: 'failed' }>;

/** Work with what the app answered, for history. */
interface AnsweredWork extends Work {
  readonly outcome: CallOutcome;
  readonly sentAtMs: number;
}

export class Answers {
  constructor(private readonly parts: ExecutorParts) {}

  async commit(work: Work, outcome: CallOutcome, sentAtMs: number): Promise<void> {
    switch (outcome.kind) {
      case 'opcodes':
        return this.commitOpcodes({ ...work, outcome, sentAtMs }, outcome);
      case 'completed':
        return this.complete({ ...work, outcome, sentAtMs }, outcome);
      case 'failed':
        return this.fail({ ...work, outcome, sentAtMs }, outcome);
    }
  }

  private async complete(work: AnsweredWork, outcome: CallCompleted): Promise<void> {
    const { target } = work.edge;
    if (target !== undefined) {
      // An app that does not find the planned step can answer with whatever the function returns. That is no
      // result of the run (sdk-http-protocol.md §4.5).
      const message = `The app answered a call for step "${target.name}" without running it. Check that the function still has this step.`;
      const error = { error: message, name: 'StepNotRun', message };
      const { sdk, response } = outcome;
      const failure: CallFailed = { ...failedByServer(error), sdk, response };
      return this.fail({ ...work, outcome: failure }, failure);
    }
    this.parts.log.debug('a function returned', {
      run: work.item.runId,
      function: work.fn.slug,
      app: work.fn.appName,
      attempt: work.item.attempt,
      tookMs: this.parts.clock.now() - work.sentAtMs,
    });
    await this.end(work, { status: 'Completed', output: outcome.resultText }, []);
  }

  private async fail(work: AnsweredWork, outcome: CallFailed): Promise<void> {
    const { store, clock } = this.parts;
    const nowMs = clock.now();
    const { item, fn, edge } = work;
    this.parts.log.debug('a call failed', {
      run: item.runId,
      function: fn.slug,
      app: fn.appName,
      ...(edge.target && { step: edge.target.name }),
      attempt: item.attempt,
      attemptsMax: item.attemptsMax,
      status: outcome.response?.status ?? null,
      reason: outcome.code ?? outcome.error.name,
    });
    if (outcome.isRetriable) {
      const delaysMs = this.delaysMs(work, outcome.retryAtMs, nowMs);
      const facts = [this.callFact(work, false)];
      const put = await requeue(store, work.item, { nowMs, isAttempt: true, delaysMs, facts });
      if (put.kind !== 'exhausted') return;
    }
    const ending: Ending = { status: 'Failed', error: outcome.error, output: outcome.errorText };
    await this.end(work, ending, []);
  }

  private async commitOpcodes(work: AnsweredWork, outcome: CallOpcodes): Promise<void> {
    const { ops } = outcome;
    const { fn, state } = work;
    const stepsMax = this.parts.limits.stepsMax(fn.id);
    if (ops.length > opcodesMax || state.stepCount >= stepsMax) {
      return this.endFailed(work, stepOverflow(stepsMax));
    }
    const last = ops.find((op) => op.op === 'RunComplete' || op.op === 'SyncRunComplete');
    if (last !== undefined) {
      return this.end(work, endingWith(last, state.metadata), ops);
    }
    if (ops.some((op) => op.op === 'StepError') && !outcome.noRetry) {
      if (await this.retryStep(work, outcome)) return;
    }
    const context = await this.answerContext(work, outcome);
    const planned = planSteps(ops, context, outcome.requestVersion);
    if (!planned.ok) return this.endFailed(work, planned.failure);
    return this.commitPlan(work, planned.plan);
  }

  private async commitPlan(work: AnsweredWork, plan: StepPlan): Promise<void> {
    const { store, clock, limits } = this.parts;
    const stateBytesMax = limits.stateBytesMax(work.fn.id);
    const committed = await commitSteps(store, {
      nowMs: clock.now(),
      item: work.item,
      runId: work.item.runId,
      stateBytesMax,
      plan: { ...plan, facts: [...plan.facts, this.callFact(work, false)] },
    });
    if (committed === 'state_overflow') return this.endFailed(work, stateOverflow(stateBytesMax));
    if (committed === 'signal_conflict') return this.endFailed(work, signalConflict());
    if (committed === 'stalled') return this.endFailed(work, stalled());
  }

  /**
   * A step threw and may be tried again: its item goes back. What else the answer says is kept first.
   * False when no attempt is left.
   */
  private async retryStep(work: AnsweredWork, outcome: CallOpcodes): Promise<boolean> {
    const { store, clock, limits } = this.parts;
    const { item, fn, state } = work;
    const nowMs = clock.now();
    const keepOthers = (itemId: string) =>
      this.keepOthers(work, outcome, { itemId, stateBytesMax: limits.stateBytesMax(fn.id) });
    const isLast = item.attempt + 1 >= item.attemptsMax;
    if (!isLast) await keepOthers(item.id);
    const facts = outcome.ops
      .filter((op) => op.op === 'StepError')
      .map((op, index) =>
        opcodeFact(op, {
          runId: item.runId,
          callId: work.call.callId,
          status: 'Errored',
          attempt: item.attempt,
          attemptsMax: item.attemptsMax,
          nowMs,
          seq: state.stepCount + index,
          output: canonicalJson({ error: op.error ?? null }),
        }),
      );
    facts.push(this.callFact(work, false));
    const delaysMs = this.delaysMs(work, outcome.retryAtMs, nowMs);
    const put = await requeue(store, item, { nowMs, isAttempt: true, delaysMs, facts });
    // A checkpoint has given the item new attempts meanwhile; what else was answered gives it no further ones.
    if (isLast && put.kind === 'queued') await keepOthers('');
    return put.kind !== 'exhausted';
  }

  private async keepOthers(
    work: Work,
    outcome: CallOpcodes,
    { itemId, stateBytesMax }: { readonly itemId: string; readonly stateBytesMax: number },
  ): Promise<void> {
    const others = outcome.ops.filter((op) => op.op !== 'StepError');
    if (others.length === 0) return;
    const context = await this.answerContext(work, outcome);
    const planned = planSteps(others, context, outcome.requestVersion);
    if (!planned.ok) return;
    const { outputs, defers, facts } = planned.plan;
    const { runId } = work.item;
    await commitCheckpoint(this.parts.store, {
      runId,
      itemId,
      generation: null,
      stateBytesMax,
      stepsMax: this.parts.limits.stepsMax(work.fn.id),
      outputs,
      defers,
      facts,
    });
  }

  /** Steps that come with other opcodes may be the rest of those that were reported while the call was open. */
  private async answerContext(work: Work, outcome: CallOpcodes): Promise<PlanContext> {
    const { ops, requestVersion } = outcome;
    const context = this.planContext(work, requestVersion);
    if (ops.length === 1 || !ops.some(isReport)) return context;
    const now = await loadRun(this.parts.store, work.item.runId, { withSteps: false });
    return { ...context, seq: now?.stepCount ?? context.seq };
  }

  private planContext(work: Work, answeredVersion: number | null): PlanContext {
    const { item, state } = work;
    const known = state.requestVersion >= 0 ? state.requestVersion : answeredVersion;
    return {
      runId: item.runId,
      metadata: state.metadata,
      events: state.events,
      nowMs: this.parts.clock.now(),
      attempt: item.attempt,
      attemptsMax: item.attemptsMax,
      callId: work.call.callId,
      startedAtMs: state.startedAtMs,
      requestVersion: known ?? 1,
      defers: state.defers,
      seq: state.stepCount,
      newEventId: this.parts.newId,
    };
  }

  private endFailed(work: AnsweredWork, failure: RunFailure): Promise<void> {
    return this.end(work, { status: 'Failed', error: failure, output: canonicalJson(failure) }, []);
  }

  /** `ops` came with the end. Defers and steps may have been reported while the call was open. */
  private async end(work: AnsweredWork, ending: Ending, ops: readonly Opcode[]): Promise<void> {
    const now = await loadRun(this.parts.store, work.item.runId, { withSteps: false });
    const context = this.planContext(work, null);
    const reported = now === null ? {} : { defers: now.defers, seq: now.stepCount };
    const { run, facts } = endedWith({ ...context, ...reported }, ops);
    const called = this.callFact(work, ending.status === 'Failed');
    await this.parts.terminator.end(run, work.item, ending, [...facts, called]);
  }

  private callFact({ call, outcome, sentAtMs }: AnsweredWork, isFinal: boolean): string {
    return callEnded(call, outcome, {
      startedAtMs: sentAtMs,
      atMs: this.parts.clock.now(),
      isFinal,
    });
  }

  private delaysMs(work: Work, retryAtMs: number | undefined, nowMs: number): readonly number[] {
    if (retryAtMs !== undefined) return [Math.max(0, retryAtMs - nowMs)];
    const delaysMs = retryDelaysMs(this.parts.retryIntervalMs, this.parts.random);
    // The item counts its own attempts only.
    return delaysMs.slice(Math.min(work.edge.attemptsBefore ?? 0, delaysMs.length - 1));
  }
}
