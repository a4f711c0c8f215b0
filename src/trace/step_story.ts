/** The steps of a run, each with its tries: what was asked for, what became of it and when. */
import type { StepFact, StepStatus, TraceFact } from '../history/fact.ts';
import { isBodyFact } from './call_story.ts';

type Detail = Readonly<Record<string, unknown>>;

/** One try of a step; those that lasted (sleeps, waits, invokes) have exactly one. */
export interface StepTry {
  readonly stepId: string;
  readonly attempt: number;
  readonly status: StepStatus;
  /** Null when the server that wrote it did not say. */
  readonly op: string | null;
  /** The call whose answer told of it; null for what happened outside a call. */
  readonly callId: string | null;
  /** When it was planned or began; null where only its end is known. */
  readonly askedAtMs: number | null;
  readonly startedAtMs: number | null;
  readonly endedAtMs: number | null;
  readonly input: string | null;
  readonly output: string | null;
}

export interface StepStory {
  readonly stepId: string;
  readonly name: string;
  readonly kind: string;
  /** Of its beginning and of its end. */
  readonly asked: Detail;
  readonly answered: Detail;
  /** The call that asked for it: its answer planned it or reported it first. */
  readonly askedBy: string | null;
  /** In order of attempts; the last one is the step's own state. */
  readonly tries: readonly StepTry[];
}

const endings: ReadonlySet<StepStatus> = new Set(['Completed', 'Failed', 'TimedOut', 'Cancelled']);
const lastingKinds: ReadonlySet<string> = new Set([
  'sleep',
  'waitForEvent',
  'waitForSignal',
  'invoke',
]);
const requestKinds: ReadonlySet<string> = new Set(['aiInfer', 'fetch']);

/** Sleeps, waits and invokes: they take their time without anybody working at them. */
export function isLasting({ kind }: Pick<StepStory, 'kind'>): boolean {
  return lastingKinds.has(kind);
}

/** The server makes these requests itself. */
export function isRequest({ kind }: Pick<StepStory, 'kind'>): boolean {
  return requestKinds.has(kind);
}

/** In the order in which they were first heard of; `facts` in order of time. */
export function stepStoriesOf(facts: readonly TraceFact[]): StepStory[] {
  const byStep = new Map<string, StepFact[]>();
  for (const fact of facts) {
    if (fact.t !== 'step' || isBodyFact(fact)) continue;
    const known = byStep.get(fact.stepId);
    if (known === undefined) byStep.set(fact.stepId, [fact]);
    else known.push(fact);
  }
  return [...byStep.values()].map(storyOf);
}

function storyOf(facts: readonly StepFact[]): StepStory {
  const first = facts[0];
  if (first === undefined) throw new Error('a step without a fact');
  const begin = facts.find((fact) => !endings.has(fact.status) && fact.status !== 'Errored');
  // The first result is the one that counts; what is reported again changes nothing.
  const end = facts.find((fact) => endings.has(fact.status));
  const kind = begin?.kind ?? end?.kind ?? first.kind;
  const errored = isLasting({ kind }) ? [] : erroredOf(facts, end);
  const open = openFact(kind, facts, errored);
  const input = facts.find((fact) => fact.input !== undefined)?.input ?? null;
  const tries = errored.map((fact, index) =>
    tryOf({ fact, begin, previous: errored[index - 1], input }),
  );
  const last = end ?? open;
  if (last !== undefined) tries.push(tryOf({ fact: last, begin, previous: errored.at(-1), input }));
  return {
    stepId: first.stepId,
    name: facts.find((fact) => fact.name !== '')?.name ?? first.stepId,
    kind,
    asked: begin?.detail ?? {},
    answered: end?.detail ?? {},
    askedBy: (begin ?? first).callId ?? null,
    tries,
  };
}

/** Failed tries that another one followed or may follow, one for each attempt. */
function erroredOf(facts: readonly StepFact[], end: StepFact | undefined): StepFact[] {
  const byAttempt = new Map<number, StepFact>();
  for (const fact of facts) {
    if (fact.status !== 'Errored' || byAttempt.has(fact.attempt)) continue;
    // Some servers tell of the last failure twice: as an attempt, and as the end of the step.
    const isEnd = end?.status === 'Failed' && end.attempt === fact.attempt;
    if (!isEnd) byAttempt.set(fact.attempt, fact);
  }
  return [...byAttempt.values()].sort((left, right) => left.attempt - right.attempt);
}

/** What goes on: of a step that failed before, only the server's own requests are known to be tried again. */
function openFact(
  kind: string,
  facts: readonly StepFact[],
  errored: readonly StepFact[],
): StepFact | undefined {
  const open = facts.findLast((fact) => !endings.has(fact.status) && fact.status !== 'Errored');
  const failed = errored.at(-1);
  if (open === undefined || failed === undefined) return open;
  return isRequest({ kind }) ? { ...open, attempt: failed.attempt + 1 } : undefined;
}

function tryOf(known: {
  readonly fact: StepFact;
  readonly begin: StepFact | undefined;
  readonly previous: StepFact | undefined;
  readonly input: string | null;
}): StepTry {
  const { fact, begin, previous, input } = known;
  const isOver = endings.has(fact.status) || fact.status === 'Errored';
  const times = isOver ? endedTimes(known) : openTimes(known);
  return {
    stepId: fact.stepId,
    attempt: fact.attempt,
    status: fact.status,
    op: fact.op ?? null,
    callId: fact.callId ?? null,
    // A retry is due after its backoff, which its call knows.
    askedAtMs: previous === undefined && begin !== undefined ? begin.atMs : null,
    ...times,
    input,
    output: fact.output ?? null,
  };
}

type Times = Pick<StepTry, 'startedAtMs' | 'endedAtMs'>;

function endedTimes({ fact, begin, previous }: Parameters<typeof tryOf>[0]): Times {
  const isWaited = begin !== undefined && begin.status !== 'Queued';
  const before = previous?.atMs ?? (isWaited ? begin.atMs : undefined);
  const startedAtMs = fact.startedAtMs ?? (isWaited ? before : undefined) ?? null;
  const lastedMs = fact.durationMs;
  const endedAtMs =
    fact.startedAtMs !== undefined && lastedMs !== undefined
      ? Math.round(fact.startedAtMs + lastedMs)
      : fact.atMs;
  return { startedAtMs, endedAtMs: Math.max(endedAtMs, startedAtMs ?? endedAtMs) };
}

function openTimes({ fact, previous }: Parameters<typeof tryOf>[0]): Times {
  if (fact.status === 'Queued') return { startedAtMs: null, endedAtMs: null };
  return { startedAtMs: previous?.atMs ?? fact.startedAtMs ?? fact.atMs, endedAtMs: null };
}
