/**
 * Search over runs by CEL (graphql.md §7.3): one expression a line over `event`, `output` and `error`; all
 * must hold. A batch run matches when one of its events satisfies all conditions on events together.
 */
import { compileCondition } from '../../expression/strict/condition.ts';
import { type Condition, parseConditions } from './conditions.ts';
import { type Document, documentOf, goneDocument } from './document.ts';
import { namesOf } from './event_names.ts';
import { mayHold, type Need, needOf } from './necessary_text.ts';

/** What a run is judged by. Members may be getters: each is read at most once, when a condition needs it. */
export interface RunCandidate {
  /** JSON texts of the trigger events; those that retention took are missing. */
  readonly payloads: readonly string[];
  /** JSON text of the result or of the error. */
  readonly output: string | null;
  /** Whether the output is an error: `error` is missing when false. Absent when that is not known. */
  readonly isFailed?: boolean;
}

export interface RunSearch {
  /** Only runs of which one trigger event has one of these names can match; null for any. */
  readonly eventNames: readonly string[] | null;
  readonly needsEvents: boolean;
  readonly needsOutput: boolean;
  matches(candidate: RunCandidate): boolean;
}

/** Throws `QueryError` when the query cannot be used. */
export function compileRunSearch(query: string): RunSearch {
  const conditions = parseConditions(query, ['event', 'output', 'error']);
  const trees = conditions.map(({ tree }) => tree);
  const onEvents = conditions.filter(({ roots }) => roots.has('event'));
  const onOutput = conditions.filter(({ roots }) => !roots.has('event'));
  const outputNeed = needOf(trees, ['output', 'error']);
  const needsOutput = conditions.some(({ roots }) => roots.has('output') || roots.has('error'));
  const outputHolds = allOf(onOutput);
  const someEventHolds = matcherOfEvents(onEvents);
  return {
    eventNames: namesOf(trees),
    needsEvents: onEvents.length > 0,
    needsOutput,
    matches(candidate) {
      const output = needsOutput ? candidate.output : null;
      if (outputNeed !== null && (output === null || !mayHold(outputNeed, output))) return false;
      const ending = needsOutput ? endingOf(output, candidate.isFailed) : unknownEnding;
      if (onOutput.length > 0 && !outputHolds(variables(goneDocument, ending))) return false;
      return onEvents.length === 0 || someEventHolds(candidate.payloads, ending);
    },
  };
}

/** How a run ended, as conditions see it. */
interface Ending {
  readonly output: Document;
  readonly error: Document;
}

function endingOf(output: string | null, isFailed: boolean | undefined): Ending {
  const document = documentOf(output);
  return { output: document, error: isFailed === false ? documentOf(null) : document };
}

/** For conditions that do not ask. */
const unknownEnding = endingOf(null, undefined);

type EventsMatcher = (payloads: readonly string[], ending: Ending) => boolean;

function matcherOfEvents(conditions: readonly Condition[]): EventsMatcher {
  const hold = allOf(conditions);
  const need: Need = needOf(
    conditions.map(({ tree }) => tree),
    ['event'],
  );
  return (payloads, ending) => {
    // Without its events a run can still match by the other half of an `||`.
    if (payloads.length === 0) return need === null && hold(variables(goneDocument, ending));
    return payloads.some(
      (payload) => mayHold(need, payload) && hold(variables(documentOf(payload), ending)),
    );
  };
}

function allOf(
  conditions: readonly Condition[],
): (vars: Readonly<Record<string, unknown>>) => boolean {
  const checks = conditions.map(({ tree }) => compileCondition(tree));
  return (vars) => checks.every((holds) => holds(vars));
}

/** Getters, so that a document is parsed only when a condition comes to it. */
function variables(event: Document, ending: Ending): Readonly<Record<string, unknown>> {
  return {
    get event() {
      return event.value;
    },
    get output() {
      return ending.output.value;
    },
    get error() {
      return ending.error.value;
    },
  };
}
