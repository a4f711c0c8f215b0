/**
 * A small SDK: runs workflows written as async functions against the memos of a call, as official SDKs do, and says
 * which opcodes it would answer with (sdk-http-protocol.md §3, §4).
 */
import type { CallRequest } from '../../src/driver/request.ts';

type Json = Readonly<Record<string, unknown>>;
type Mode = { readonly parallelMode?: 'race' };

export interface Steps {
  run(id: string, work: Work, opts?: Mode): Promise<unknown>;
  sleep(id: string, duration: string, opts?: Mode): Promise<unknown>;
  waitForEvent(id: string, opts: Json): Promise<unknown>;
  waitForSignal(id: string, opts: Json): Promise<unknown>;
  invoke(id: string, opts: Json): Promise<unknown>;
}

export interface Context {
  readonly event: { readonly name: string; readonly data: Record<string, unknown> };
  readonly runId: string;
  readonly attempt: number;
  readonly step: Steps;
  /** An opcode that goes with whatever this call answers. */
  readonly lazy: (op: Json) => void;
}

export type Workflow = (context: Context) => Promise<unknown>;

/** Its input is none unless the call brings one (rerun from a step). */
type Work = (...input: unknown[]) => unknown;

export class NonRetriable extends Error {}
export class RetryAfter extends Error {
  constructor(readonly seconds: number) {
    super(`try again in ${seconds} s`);
  }
}

/** A step that has run: in which call, and whether it was known by then. */
export interface Execution {
  readonly runId: string;
  readonly stepId: string;
  readonly attempt: number;
}

export interface WireAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
}

interface Found {
  readonly id: string;
  readonly op: Json;
  readonly work?: () => unknown;
}

export async function play(
  workflow: Workflow,
  request: CallRequest,
  executed: (execution: Execution) => void,
): Promise<WireAnswer> {
  const memo = new Map(request.steps.map(([id, text]) => [id, JSON.parse(text) as unknown]));
  const found: Found[] = [];
  const lazies: Json[] = [];
  const context: Context = {
    event: JSON.parse(request.event) as Context['event'],
    runId: request.runId,
    attempt: request.attempt,
    step: stepsOf(memo, found),
    lazy: (op) => lazies.push(op),
  };
  const outcome = await Promise.race([
    workflow(context).then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    ),
    // Nothing that the workflow awaits takes time of its own: by the next turn it has come as far as it can.
    new Promise<null>((resolve) => setImmediate(() => resolve(null))),
  ]);
  if (outcome !== null) return ended(outcome, lazies);
  const wanted = request.stepId === 'step' ? null : request.stepId;
  const target = wanted === null ? inLine(found, request) : found.find(({ id }) => id === wanted);
  if (wanted !== null && target === undefined) {
    return { status: 500, body: { name: 'Error', message: `no step ${wanted}` } };
  }
  if (target?.work !== undefined) {
    executed({ runId: request.runId, stepId: target.id, attempt: request.attempt });
    return carriedOut(target, target.work, request, lazies);
  }
  return { status: 206, body: [...lazies, ...found.map(({ op }) => op)] };
}

/** The step that is run in the discovery call itself: the only new one, unless the server forbids it. */
function inLine(found: readonly Found[], request: CallRequest): Found | undefined {
  const [only] = found;
  return found.length === 1 && !request.disableImmediateExecution ? only : undefined;
}

async function carriedOut(
  step: Found,
  work: () => unknown,
  request: CallRequest,
  lazies: readonly Json[],
): Promise<WireAnswer> {
  const { id } = step;
  const { opts } = step.op;
  try {
    const data = (await work()) ?? null;
    return { status: 206, body: [...lazies, { op: 'StepRun', id, displayName: id, opts, data }] };
  } catch (error) {
    const isFinal = error instanceof NonRetriable || request.attempt + 1 >= request.maxAttempts;
    const op = { op: isFinal ? 'StepFailed' : 'StepError', id, displayName: id, opts };
    return {
      status: 206,
      headers: headersFor(error, isFinal),
      body: [...lazies, { ...op, error: told(error) }],
    };
  }
}

function ended(
  outcome: { value: unknown } | { error: unknown },
  lazies: readonly Json[],
): WireAnswer {
  if ('error' in outcome) {
    const { error } = outcome;
    const isFinal = error instanceof NonRetriable;
    return { status: isFinal ? 400 : 500, headers: headersFor(error, isFinal), body: told(error) };
  }
  const data = outcome.value ?? null;
  if (lazies.length === 0) return { status: 200, body: data };
  return { status: 206, body: [...lazies, { op: 'RunComplete', id: 'complete', data }] };
}

function headersFor(error: unknown, isFinal: boolean): Record<string, string> {
  return {
    'x-inngest-no-retry': String(isFinal),
    ...(error instanceof RetryAfter && { 'retry-after': String(error.seconds) }),
  };
}

function told(error: unknown): Json {
  return error instanceof Error
    ? { name: error.name, message: error.message }
    : { name: 'Error', message: String(error) };
}

function stepsOf(memo: ReadonlyMap<string, unknown>, found: Found[]): Steps {
  const step = (id: string, op: Json, work?: Work): Promise<unknown> => {
    const input = inputOf(memo.get(id));
    if (memo.has(id) && input === null) return settledBy(memo.get(id));
    const known = work && (() => work(...(input ?? [])));
    found.push({ id, op: { id, displayName: id, ...op }, ...(known && { work: known }) });
    return new Promise(() => undefined);
  };
  return {
    run: (id, work, opts = {}) => step(id, { op: 'StepPlanned', opts }, work),
    sleep: (id, duration, opts = {}) => step(id, { op: 'Sleep', name: duration, opts }),
    waitForEvent: (id, opts) => step(id, { op: 'WaitForEvent', opts }),
    waitForSignal: (id, opts) => step(id, { op: 'WaitForSignal', opts }),
    invoke: (id, opts) => step(id, { op: 'InvokeFunction', opts }),
  };
}

/** What a step that is still to run is given instead of its own input. */
function inputOf(memo: unknown): readonly unknown[] | null {
  if (typeof memo !== 'object' || memo === null || Object.keys(memo).join() !== 'input')
    return null;
  const { input } = memo as { input: unknown };
  return Array.isArray(input) ? input : null;
}

/** A memo is `{data}`, `{error}`, or the value itself (§2.4). */
function settledBy(memo: unknown): Promise<unknown> {
  if (typeof memo !== 'object' || memo === null) return Promise.resolve(memo);
  if ('error' in memo) {
    const { name, message } = memo.error as { name: string; message: string };
    return Promise.reject(Object.assign(new NonRetriable(message), { name }));
  }
  return Promise.resolve('data' in memo && !('name' in memo) ? memo.data : memo);
}
