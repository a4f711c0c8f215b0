/** Step, StepRun, StepFailed, and a StepError without attempts left: the step is over (sdk-http-protocol.md §4.4.1). */
import type { Opcode } from '../../driver/opcode.ts';
import { toStepFailure } from '../../driver/step_failure.ts';
import { factBase, type PlanContext, type PlanDraft } from '../plan_draft.ts';
import { opcodeFact } from '../step_fact.ts';
import { dataMemo, errorMemo } from '../step_memo.ts';

/** The value under which the step's result is stored. */
export function memoOf(op: Opcode): string {
  if (op.op === 'StepError' || op.op === 'StepFailed')
    return errorMemo(op.error ?? toStepFailure({}));
  const dataText = op.dataText ?? 'null';
  return op.op === 'Step' ? dataText : dataMemo(dataText);
}

export function planStep(op: Opcode, context: PlanContext, draft: PlanDraft): null {
  const output = memoOf(op);
  const isFailure = op.op === 'StepError' || op.op === 'StepFailed';
  draft.outputs.push({
    stepId: op.id,
    output,
    parallelMode: op.parallelMode,
    fact: opcodeFact(op, {
      ...factBase(context),
      status: isFailure ? 'Failed' : 'Completed',
      attempt: context.attempt,
      attemptsMax: context.attemptsMax,
      output,
    }),
  });
  return null;
}
