/** The function's own body in the legacy tree: its success, or its failed attempts (graphql.md §10.1 rule 5). */
import { callStatusOf, responseOf } from './call_answer.ts';
import type { Call, CallGroup } from './call_story.ts';
import { spanIdOf } from './identity.ts';
import { callAttempt, type LegacySpan, legacyOutputId, queuedAttempt } from './legacy_attempts.ts';
import { draftSpan, type SpanDraft, type SpanOrigin, timesOf } from './span_draft.ts';
import { isPending, type Story, turnOf } from './story.ts';

/** Null where the calls of the group came to steps, or to nothing at all. */
export function functionSpan(
  origin: SpanOrigin,
  story: Story,
  group: CallGroup,
): LegacySpan | null {
  if (group.calls.some((call) => call.outcome === 'steps')) return null;
  if (group.calls.every((call) => call.outcome === null)) return null;
  const calls = group.calls.filter((call) => call.endedAtMs !== null);
  const last = calls.at(-1);
  if (last === undefined) return null;
  const draft =
    last.outcome === 'result' && calls.length === 1
      ? successSpan(origin, story, last)
      : attemptsSpan(origin, story, group, calls);
  draft.turn = turnOf(story, last);
  return { draft, callIds: group.calls.map(({ callId }) => callId) };
}

function successSpan(origin: SpanOrigin, story: Story, call: Call): SpanDraft {
  const spanId = spanIdOf(story.run.runId, { of: 'call', callId: call.callId });
  const reportedMs = story.reportedUntilMs(call);
  const begunAtMs = Math.max(call.startedAtMs, reportedMs ?? call.startedAtMs);
  return draftSpan(origin, 'end', {
    spanId,
    name: 'function success',
    status: 'COMPLETED',
    queuedAtMs: reportedMs === null ? call.dueAtMs : begunAtMs,
    ...timesOf(begunAtMs, call.endedAtMs),
    attempts: 0,
    outputId: legacyOutputId(origin, spanId, { of: 'call', callId: call.callId }),
    response: responseOf(call),
  });
}

/** `execute` while it is tried again and after several attempts; a single failure is the function's error. */
function attemptsSpan(
  origin: SpanOrigin,
  story: Story,
  group: CallGroup,
  calls: readonly Call[],
): SpanDraft {
  const children = calls.map((call, index) => callAttempt(origin, call, index));
  const [first, last] = [calls[0], calls.at(-1)];
  const [firstChild, lastChild] = [children[0], children.at(-1)];
  if (!first || !last || !firstChild || !lastChild) throw new Error('a group without a call');
  const isGoingOn = isRetried(story, group);
  const isSuccess = last.outcome === 'result';
  if (isGoingOn) children.push(queuedAttempt(origin, lastChild, calls.length));
  const spanId = `exec-${group.groupId}`;
  const name = isSuccess
    ? 'function success'
    : calls.length === 1 && !isGoingOn
      ? 'function error'
      : 'execute';
  const draft = draftSpan(origin, 'end', {
    spanId,
    name,
    status: isGoingOn ? 'RUNNING' : callStatusOf(last),
    queuedAtMs: firstChild.fields.queuedAtMs,
    ...timesOf(first.startedAtMs, isGoingOn ? null : last.endedAtMs),
    attempts: isSuccess || isGoingOn ? calls.length - 1 : calls.length,
    groupId: group.groupId,
    outputId:
      isGoingOn || last.isCutOff
        ? null
        : legacyOutputId(origin, spanId, { of: 'call', callId: last.callId }),
  });
  draft.children.push(...children);
  return draft;
}

/** Another attempt is to come, or under way: this tree shows calls when they are over. */
export function isRetried(story: Story, group: CallGroup): boolean {
  const isOpen = !story.hasEnded && group.calls.at(-1)?.endedAtMs === null;
  return isOpen || isPending(story, group);
}
