/** A run's facts brought into order: its calls, its steps and how they hang together. Both trees are told from this. */
import type { MetadataFact, TraceFact, UserlandSpanFact } from '../history/fact.ts';
import type { RunRecord } from '../history/history.ts';
import { type Call, type CallGroup, callGroupsOf, groupIdOf } from './call_story.ts';
import { spanIdOf } from './identity.ts';
import type { RunTrace } from './run_trace.ts';
import { isLasting, type StepStory, type StepTry, stepStoriesOf } from './step_story.ts';

export interface Story {
  readonly run: RunRecord;
  readonly hasEnded: boolean;
  readonly groups: readonly CallGroup[];
  /** In order of time. */
  readonly calls: readonly Call[];
  readonly callsById: ReadonlyMap<string, Call>;
  readonly steps: ReadonlyMap<string, StepStory>;
  readonly userland: readonly UserlandSpanFact[];
  readonly metadata: readonly MetadataFact[];
  /** Groups in the order of their first calls. */
  readonly turns: ReadonlyMap<string, number>;
  /** As people see them. */
  readonly groupIds: ReadonlyMap<string, string>;
  /** The call in which a try was made; null where that cannot be known. */
  callOf(tried: StepTry): Call | null;
  /** When the last step that a call reported before its answer was over; null when there was none. */
  reportedUntilMs(call: Call): number | null;
}

export function readStory({ run, facts }: RunTrace): Story {
  const inOrder = facts
    .filter((fact) => fact.runId === run.runId)
    .sort((left, right) => left.atMs - right.atMs);
  const groups = callGroupsOf(run, inOrder);
  const calls = groups
    .flatMap((group) => group.calls)
    .sort((left, right) => left.startedAtMs - right.startedAtMs);
  const steps = new Map(stepStoriesOf(inOrder).map((step) => [step.stepId, cutOff(step, run)]));
  const callsById = new Map(calls.map((call) => [call.callId, call]));
  const callOf = callFinder(calls, callsById);
  const reported = reportedUntil(steps, callOf);
  return {
    run,
    hasEnded: run.endedAtMs !== null,
    groups,
    calls,
    callsById,
    steps,
    userland: inOrder.filter((fact): fact is UserlandSpanFact => fact.t === 'userland'),
    metadata: metadataOf(inOrder),
    turns: new Map(groups.map(({ group }, index) => [group, index])),
    groupIds: new Map(groups.map(({ group, groupId }) => [group, groupId])),
    callOf,
    reportedUntilMs: (call) => reported.get(call.callId) ?? null,
  };
}

/** The server's own requests that were under way when the run ended; sleeps and waits just stay open. */
function cutOff(step: StepStory, { endedAtMs }: RunRecord): StepStory {
  const last = step.tries.at(-1);
  const isOpen = last?.endedAtMs === null && last.status === 'Running';
  if (endedAtMs === null || !isOpen || isLasting(step)) return step;
  const until = Math.max(endedAtMs, last.startedAtMs ?? endedAtMs);
  const cancelled: StepTry = { ...last, status: 'Cancelled', endedAtMs: until };
  return { ...step, tries: [...step.tries.slice(0, -1), cancelled] };
}

/** Metadata is applied in the order of its ids. */
function metadataOf(facts: readonly TraceFact[]): MetadataFact[] {
  return facts
    .filter((fact): fact is MetadataFact => fact.t === 'metadata')
    .sort((left, right) => (left.id < right.id ? -1 : left.id > right.id ? 1 : 0));
}

function callFinder(calls: readonly Call[], byId: ReadonlyMap<string, Call>): Story['callOf'] {
  let byOp: ReadonlyMap<string, Call> | null = null;
  const find = (tried: StepTry): Call | null => {
    if (tried.callId !== null) return byId.get(tried.callId) ?? null;
    byOp ??= callsByOp(calls);
    const answered = byOp.get(`${tried.attempt}:${tried.stepId}`);
    if (answered !== undefined) return answered;
    // Facts of older servers do not name the call; the one that was open then is it.
    return tried.startedAtMs === null ? null : openAt(calls, tried.startedAtMs);
  };
  const found = new Map<StepTry, Call | null>();
  return (tried) => {
    const known = found.get(tried);
    if (known !== undefined) return known;
    const call = find(tried);
    found.set(tried, call);
    return call;
  };
}

function callsByOp(calls: readonly Call[]): ReadonlyMap<string, Call> {
  return new Map(
    calls.flatMap((call) => call.ops.map(({ id }) => [`${call.attempt}:${id}`, call] as const)),
  );
}

/** The last call that had begun by then, if it was still open. */
function openAt(calls: readonly Call[], atMs: number): Call | null {
  let low = 0;
  let high = calls.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((calls[middle]?.startedAtMs ?? Number.POSITIVE_INFINITY) <= atMs) low = middle + 1;
    else high = middle;
  }
  const call = calls[low - 1];
  if (call === undefined || call.isImplied) return null;
  return call.endedAtMs === null || call.endedAtMs >= atMs ? call : null;
}

function reportedUntil(
  steps: ReadonlyMap<string, StepStory>,
  callOf: Story['callOf'],
): Map<string, number> {
  const untilMs = new Map<string, number>();
  for (const step of steps.values()) {
    if (isLasting(step)) continue;
    for (const tried of step.tries) {
      const call = tried.endedAtMs === null ? null : callOf(tried);
      if (call === null || tried.endedAtMs === null || isAnswer(call, tried)) continue;
      // The app's clock may differ: what a call reported lies within it.
      const latestMs = call.endedAtMs ?? tried.endedAtMs;
      const atMs = Math.min(Math.max(tried.endedAtMs, call.startedAtMs), latestMs);
      untilMs.set(call.callId, Math.max(atMs, untilMs.get(call.callId) ?? atMs));
    }
  }
  return untilMs;
}

/** Whether the try is what the call came to; steps that were reported on the way to something else are not. */
export function isAnswer(call: Call, { stepId }: Pick<StepTry, 'stepId'>): boolean {
  if (call.stepId === stepId) return true;
  return call.outcome === 'steps' && call.ops.some((op) => op.id === stepId);
}

/** Whether the app is going to be called once more for the same work. */
export function isPending(story: Story, { calls }: CallGroup): boolean {
  const last = calls.at(-1);
  if (story.hasEnded || last === undefined || last.endedAtMs === null) return false;
  if (last.attempt + 1 >= last.attemptsMax) return false;
  if (last.outcome === 'error') return !last.isFinal;
  return last.ops.some((op) => op.op === 'StepError' && isTriedAgain(story, op.id));
}

function isTriedAgain({ steps }: Story, stepId: string): boolean {
  return steps.get(stepId)?.tries.at(-1)?.status === 'Errored';
}

/** Which work of the run came first, where times are the same; what belongs to none is first. */
export function turnOf(story: Story, call: Call | null | undefined): number {
  return call ? (story.turns.get(call.group) ?? 0) : 0;
}

/** The turn of the work that a try is part of, or that asked for it. */
export function turnOfTry(story: Story, step: StepStory, tried: StepTry): number {
  const call = story.callOf(tried) ?? story.callsById.get(step.askedBy ?? '');
  return turnOf(story, call);
}

/** Group of the work in which a try was made. The server's own requests are no calls, but work all the same. */
export function groupOfTry(story: Story, tried: StepTry): string | null {
  const call = story.callOf(tried);
  if (call !== null) return story.groupIds.get(call.group) ?? null;
  const generation = tried.callId?.lastIndexOf('#') ?? -1;
  if (tried.callId === null || generation < 0) return null;
  return groupIdOf(story.run.runId, tried.callId.slice(0, generation));
}

/** Calls by the span ids that their apps were told, where user code has named some. */
export function callsBySpan({ calls, run, userland }: Story): ReadonlyMap<string, string> {
  if (userland.length === 0) return new Map();
  return new Map(calls.map(({ callId }) => [spanIdOf(run.runId, { of: 'call', callId }), callId]));
}
