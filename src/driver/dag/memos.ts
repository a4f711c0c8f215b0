/**
 * What the run's state says of steps and edges: the memos that were stored under their ids, in the order in which
 * they came. Texts are opened only when somebody needs what is in them, and then once.
 */

import { z } from 'zod';
import { canonicalJson } from '../../lib/canonical_json.ts';
import { type StepFailure, stepFailureSchema, toStepFailure } from '../step_failure.ts';
import { type EdgeDecisions, readDecisions, storedDecisions } from './edge_decision.ts';

export interface StepOutput {
  /** Canonical JSON text of `{body, status}`: what requests and expressions show. */
  readonly text: string;
  readonly edges: EdgeDecisions;
}

/** What is stored of a step that ended well, and its canonical JSON text. */
export function storedOutput(
  output: { readonly status: number; readonly body: unknown },
  edges: EdgeDecisions,
): { readonly data: unknown; readonly dataText: string } {
  const decided = edges.size > 0 && { edges: storedDecisions(edges) };
  const data = { ...output, ...decided };
  return { data, dataText: canonicalJson(data) };
}

const failedMemo = z.object({ error: stepFailureSchema });
const failedStart = '{"error":';
const dataStart = '{"data":';
const noEdges: EdgeDecisions = new Map();

export class Memos {
  readonly #texts = new Map<string, string>();
  readonly #positions = new Map<string, number>();
  readonly #outputs = new Map<string, StepOutput>();

  /** `stack`: finished operations in their order. Whatever else has a memo, such as an input, does not count. */
  constructor(
    readonly stack: readonly string[],
    pairs: ReadonlyArray<readonly [id: string, valueJsonText: string]>,
  ) {
    for (const [position, id] of stack.entries()) this.#positions.set(id, position);
    for (const [id, text] of pairs) {
      if (this.#positions.has(id) && !this.#texts.has(id)) this.#texts.set(id, text);
    }
  }

  /** The memo's text; undefined while there is none. */
  text(opId: string): string | undefined {
    return this.#texts.get(opId);
  }

  position(opId: string): number {
    return this.#positions.get(opId) ?? this.stack.length;
  }

  hasFailed(opId: string): boolean {
    return this.#texts.get(opId)?.startsWith(failedStart) ?? false;
  }

  failure(opId: string): StepFailure {
    const parsed = failedMemo.safeParse(JSON.parse(this.#texts.get(opId) ?? 'null'));
    return toStepFailure(parsed.success ? parsed.data.error : {});
  }

  /** Of a step that ended well. */
  output(opId: string): StepOutput {
    const known = this.#outputs.get(opId);
    if (known !== undefined) return known;
    const output = outputOf(this.#texts.get(opId) ?? 'null');
    this.#outputs.set(opId, output);
    return output;
  }
}

function outputOf(memo: string): StepOutput {
  const isData = memo.startsWith(dataStart);
  const text = isData ? memo.slice(dataStart.length, -1) : memo;
  // Most outputs have no decisions; those that only look as if they had are read in vain.
  if (!text.includes('"edges":')) return { text, edges: noEdges };
  const stored: unknown = JSON.parse(text);
  if (typeof stored !== 'object' || stored === null) return { text, edges: noEdges };
  const { edges, ...shown } = stored as Record<string, unknown>; // An object by the line above.
  return { text: canonicalJson(shown), edges: readDecisions(edges) };
}
