/** Runs a step: calls its URL, finds out where the run goes from there, and answers with what came of it as an opcode. */

import type { Clock } from '../../lib/clock.ts';
import { exchange, type Fetch } from '../exchange.ts';
import type { CallFailed } from '../failure.ts';
import { failureOf } from '../http.ts';
import { stepBytesMax } from '../opcode.ts';
import { exceedsBytes } from '../payload_size.ts';
import { type CallOpcodes, responseBytesMax } from '../response.ts';
import { type ResponseSummary, summaryOf } from '../response_summary.ts';
import { decideEdges } from './decision.ts';
import type { EdgeDecisions } from './edge_decision.ts';
import { storedOutput } from './memos.ts';
import { type Execution, stepError, stepRun } from './opcodes.ts';
import {
  interpretStep,
  invalidUrl,
  outputTooLarge,
  type StepAnswered,
  type StepErred,
  type StepOutcome,
  unansweredStep,
} from './step_answer.ts';
import { buildStepCall, type StepCall } from './step_request.ts';

export interface ExecutionParts {
  readonly clock: Clock;
  readonly fetch: Fetch;
  readonly signingKey?: string;
  readonly callTimeoutMs: number;
}

/** Version 2: once the parallel part of a run is over, single steps run within the call that finds them. */
export const requestVersion = 2;

export async function executeStep(
  call: StepCall,
  parts: ExecutionParts,
  signal?: AbortSignal,
): Promise<CallOpcodes | CallFailed> {
  const { clock } = parts;
  const startedAtMs = clock.now();
  const called = await callStep(call, parts, signal);
  if (called.outcome.kind === 'failed') return called.outcome;
  const execution = { startedAtMs, endedAtMs: clock.now() };
  return { ...outcomeOf(call, called.outcome, execution), response: called.response };
}

async function callStep(
  call: StepCall,
  { clock, fetch, signingKey, callTimeoutMs: timeoutMs }: ExecutionParts,
  signal?: AbortSignal,
): Promise<{ outcome: StepOutcome | CallFailed; response?: ResponseSummary }> {
  const { request } = call;
  const { url } = call.step.step;
  if (!URL.canParse(url)) return { outcome: invalidUrl(url) };
  const answer = await exchange(
    {
      ...buildStepCall(call, { signingKey, nowMs: clock.now() }),
      ...{ method: 'POST', redirects: 'as_step', timeoutMs, responseBytesMax, signal },
    },
    { clock, fetch },
  );
  if (answer.ok) {
    const response = summaryOf(answer, answer.body.byteLength);
    return { outcome: interpretStep(answer, clock.now()), response };
  }
  // The server stops: the attempt is made again by whoever comes next.
  if (answer.reason === 'aborted') return { outcome: failureOf(answer, { ...request, url }) };
  return { outcome: unansweredStep(answer, url) };
}

function outcomeOf(call: StepCall, outcome: StepOutcome, execution: Execution): CallOpcodes {
  if (outcome.kind === 'erred') return erred(call, outcome, execution);
  // What is decided has a limit of its own.
  const alone = storedOutput(outcome.output, new Map());
  if (exceedsBytes(`{"data":${alone.dataText}}`, stepBytesMax)) {
    return erred(call, outputTooLarge(call.step.step.url), execution);
  }
  const edges = decisions(call, outcome, execution.endedAtMs);
  const stored = edges.size === 0 ? alone : storedOutput(outcome.output, edges);
  return opcodes([stepRun(call.step, stored, execution)]);
}

/** Where the run goes from here is decided now and stored with the output, in one. */
function decisions(
  { step, reached, data }: StepCall,
  { output }: StepAnswered,
  nowMs: number,
): EdgeDecisions {
  const asyncText = reached?.resumedBy?.eventText;
  const ended = { id: step.step.id, output };
  const vars = data.variables(output, { asyncText, ended });
  const decided = step.before.filter(({ isDecided }) => isDecided);
  return decideEdges(decided, vars, nowMs);
}

/** A step may have fewer attempts than the item that runs it, which has as many as the function's most patient step. */
function erred(
  { step, request }: StepCall,
  { error, isRetriable, retryAtMs }: StepErred,
  execution: Execution,
): CallOpcodes {
  const attemptsMax = Math.min(step.step.attempts, request.maxAttempts);
  const isFinal = !isRetriable || request.attempt + 1 >= attemptsMax;
  const answered = opcodes([stepError(step, error, { ...execution, isFinal })]);
  return isFinal || retryAtMs === undefined ? answered : { ...answered, retryAtMs };
}

export function opcodes(ops: CallOpcodes['ops']): CallOpcodes {
  return { kind: 'opcodes', ops, requestVersion, noRetry: false, sdk: '', headers: {} };
}
