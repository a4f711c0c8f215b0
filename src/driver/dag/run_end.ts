/**
 * How a run ends when nothing is open any more. A branch that fails does not stop the others: only then is the run
 * failed, by what went wrong first. Otherwise its result are the outputs of the steps that nothing followed.
 */

import { canonicalJson } from '../../lib/canonical_json.ts';
import { firstBytes } from '../error_body.ts';
import { failed } from '../failure.ts';
import { exceedsBytes } from '../payload_size.ts';
import type { CallOutcome } from '../response.ts';
import { edgeName, type Graph, type GraphStep } from './graph.ts';
import type { Memos } from './memos.ts';
import type { Trouble, Walk } from './walk.ts';

/** A larger result keeps the statuses only; the outputs are in the history of the steps. */
export const resultBytesMax = 1024 * 1024;

/** A message names this many failures; the first one with its reason. */
const namedMax = 20;
const messageBytesMax = 4096;

export function runEnd(graph: Graph, memos: Memos, { reached, troubles }: Walk): CallOutcome {
  const [first, ...others] = troubles;
  if (first !== undefined) return failure(first, others, memos);
  const hasRun = (step: GraphStep): boolean => reached.get(step)?.state === 'done';
  const last = graph.steps.filter(
    (step) => hasRun(step) && !step.before.some(({ child }) => hasRun(child)),
  );
  return {
    kind: 'completed',
    resultText: resultText(last, memos),
    status: 200,
    sdk: '',
    headers: {},
  };
}

function failure(first: Trouble, others: readonly Trouble[], memos: Memos): CallOutcome {
  const cause = 'step' in first ? memos.failure(first.step.opId) : undefined;
  const what =
    'step' in first
      ? `step ${JSON.stringify(first.step.step.id)} failed: ${cause?.message}`
      : `edge ${edgeName(first.edge)} failed: ${first.error}`;
  const names = others.slice(0, namedMax).map(nameOf);
  const rest = others.length - names.length;
  if (rest > 0) names.push(`${rest} more`);
  const also = names.length > 0 ? ` (failed too: ${names.join(', ')})` : '';
  const message = firstBytes(what, messageBytesMax) + also;
  const name = 'step' in first ? 'StepFailed' : 'EdgeFailed';
  return failed({ error: message, name, message, cause }, { isRetriable: false });
}

function nameOf(trouble: Trouble): string {
  return 'step' in trouble
    ? `step ${JSON.stringify(trouble.step.step.id)}`
    : `edge ${edgeName(trouble.edge)}`;
}

function resultText(last: readonly GraphStep[], memos: Memos): string {
  const outputs = last.map(({ step, opId }) => [step.id, memos.output(opId).text] as const);
  const text = objectText(outputs);
  if (!exceedsBytes(text, resultBytesMax)) return text;
  return objectText(outputs.map(([id, output]) => [id, statusText(output)] as const));
}

/** Canonical: members in code unit order, and every value is canonical. */
function objectText(members: readonly (readonly [id: string, text: string])[]): string {
  const sorted = members.toSorted(([left], [right]) => (left < right ? -1 : 1));
  return `{${sorted.map(([id, text]) => `${canonicalJson(id)}:${text}`).join(',')}}`;
}

function statusText(output: string): string {
  const value: unknown = JSON.parse(output);
  const isOutput = typeof value === 'object' && value !== null && 'status' in value;
  return canonicalJson({ status: isOutput ? value.status : null });
}
