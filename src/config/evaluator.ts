/** The seam to CUE: documents in, plain values or every problem with its place out. */
import type { Evaluation, Position, Source } from './source.ts';

/** Of a value in a document: the names of fields and the indexes of list elements that lead to it. */
export type ValuePath = readonly (string | number)[];

/** Values to be found in a document that `evaluate` has accepted. */
export interface LocateRequest {
  readonly source: Source;
  readonly paths: readonly ValuePath[];
}

/** In the order of the paths; null for what cannot be found. */
export type Places = readonly (Position | null)[];

export interface Evaluator {
  /** Evaluates each document by itself. Answers in the order given. Never rejects for what a document says. */
  evaluate(sources: readonly Source[], signal?: AbortSignal): Promise<readonly Evaluation[]>;
  /**
   * Where values stand, in the order of the requests. For a path that leads nowhere, the place of the longest part of it
   * that leads somewhere. What was found is remembered with the document. Rejects only with the reason of the signal.
   */
  locate(requests: readonly LocateRequest[], signal?: AbortSignal): Promise<readonly Places[]>;
}

/** A rule that a document breaks; where its value stands in the document is looked up later. */
export interface Finding {
  readonly source: Source;
  readonly path: ValuePath;
  readonly message: string;
}
