/**
 * What history hears of the calls of apps: one fact when a call begins, written as its item is entered, and one when
 * it ends, written by whatever the answer does to the run.
 */

import type { CallFailed } from '../driver/failure.ts';
import { displayUrl } from '../driver/failure.ts';
import type { CallOutcome } from '../driver/response.ts';
import type { FunctionDefinition } from '../function/definition.ts';
import { type CallEndedFact, type CallStartedFact, factText } from '../history/fact.ts';
import { canonicalJson } from '../lib/canonical_json.ts';
import type { LeasedItem } from '../queue/item.ts';
import { callIdOf, groupOf } from '../trace/identity.ts';
import type { Edge } from './edge.ts';

/** The call that works on an item. */
export type Call = Omit<CallStartedFact, 't' | 'atMs'> & Pick<CallEndedFact, 'requestId' | 'url'>;

/** An app can answer with 10 000 opcodes; people read the first ones. */
const opsShownMax = 100;

export function callOf(
  item: LeasedItem,
  edge: Edge,
  fn: FunctionDefinition,
  requestId: string,
): Call {
  const group = groupOf(item.runId, item.id);
  return {
    runId: item.runId,
    callId: callIdOf(group, item.generation),
    group,
    attempt: item.attempt,
    attemptsMax: item.attemptsMax,
    functionSlug: fn.slug,
    ...(edge.target && { stepId: edge.target.stepId, stepName: edge.target.name }),
    dueAtMs: item.atMs,
    requestId,
    url: displayUrl(fn.url),
  };
}

export function callStarted(call: Call, atMs: number): string {
  const { requestId: _requestId, url: _url, ...rest } = call;
  return factText({ t: 'call.started', ...rest, atMs });
}

/** `isFinal`: of a failure after which nothing is tried again. */
export function callEnded(
  call: Call,
  outcome: CallOutcome,
  { startedAtMs, atMs, isFinal }: { startedAtMs: number; atMs: number; isFinal: boolean },
): string {
  const { response } = outcome;
  return factText({
    t: 'call.ended',
    ...call,
    startedAtMs,
    atMs: Math.max(atMs, startedAtMs),
    ...(response && {
      statusCode: response.status,
      headers: response.headers,
      responseBytes: response.bytes,
    }),
    ...about(outcome, isFinal),
  });
}

function about(
  outcome: CallOutcome,
  isFinal: boolean,
): Pick<CallEndedFact, 'outcome' | 'isFinal' | 'ops' | 'output'> {
  switch (outcome.kind) {
    case 'opcodes': {
      const ops = outcome.ops
        .slice(0, opsShownMax)
        .map(({ op, id, displayName }) => ({ op, id, name: displayName }));
      return { outcome: 'steps', ops };
    }
    case 'completed':
      return { outcome: 'result' };
    case 'failed':
      return { outcome: 'error', isFinal, output: outcome.errorText };
  }
}

/** A call that came to nothing because the server could not deal with what it brought. */
export function failedByServer(error: CallFailed['error']): CallFailed {
  return { kind: 'failed', error, errorText: canonicalJson(error), isRetriable: true, sdk: '' };
}
