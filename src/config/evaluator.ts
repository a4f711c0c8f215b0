/** The seam to CUE: documents in, plain values or every problem with its place out. */
import type { Evaluation, Position, Source } from './source.ts';

/** Of a value in a document: the names of fields and the indexes of list elements that lead to it. */
export type ValuePath = readonly (string | number)[];

export interface Evaluator {
  /** Evaluates each document by itself. Answers in the order given. Never rejects for what a document says. */
  evaluate(sources: readonly Source[], signal?: AbortSignal): Promise<readonly Evaluation[]>;
  /**
   * Where the values at these paths stand in a document that `evaluate` has accepted; null for those that cannot be
   * found. For a path that leads nowhere, the place of the longest part of it that leads somewhere.
   */
  locate(source: Source, paths: readonly ValuePath[]): Promise<readonly (Position | null)[]>;
}

/** A rule that a document breaks; where its value stands in the document is looked up later. */
export interface Finding {
  readonly source: Source;
  readonly path: ValuePath;
  readonly message: string;
}
