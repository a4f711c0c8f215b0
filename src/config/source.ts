/** Documents as they were found, places in them, and what is wrong with them. */

/** Both count from 1; columns are characters of the line as an editor shows it. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface Source {
  /** As people know it: the path as given or found, `INNGEST_CONFIG`, `stdin`. */
  readonly name: string;
  /** With variables of the environment put in. */
  readonly text: string;
  /** As it was written, when that is not `text`: positions are told in terms of it. */
  readonly written?: string;
  /** Where `text` and `written` differ, ascending. */
  readonly insertions?: readonly Insertion[];
}

/** One variable of the environment that was put in. Offsets are UTF-16 units. */
export interface Insertion {
  readonly writtenStart: number;
  readonly writtenLength: number;
  readonly textStart: number;
  readonly textLength: number;
}

export interface Problem {
  /** Name of the source. */
  readonly source: string;
  /** Where in the document: `functions.order-review.steps.score.retries`; '' when it is the document as a whole. */
  readonly path: string;
  /** In the document as written; null when no place can be told. */
  readonly position: Position | null;
  readonly message: string;
}

/** A document that was evaluated: complete and in the shape of the schema. */
export interface Evaluated {
  readonly source: Source;
  /** The one object that the document is: its root fields `function`, `functions`, `config`. */
  readonly value: Readonly<Record<string, unknown>>;
}

export type Evaluation =
  | ({ readonly ok: true } & Evaluated)
  | { readonly ok: false; readonly source: Source; readonly problems: readonly Problem[] };
