/** A document in the forms that the two engines of CUE read, and the way from places in them back to the document. */
import type { Position, Source } from '../source.ts';

export interface PreparedDocument {
  readonly source: Source;
  /**
   * For the CUE CLI: name of a file at the module's root -> its text. The document and the overlay that holds its
   * roots to the schema; both are given on the command line. The packages under cue.mod/pkg come from schema.ts.
   */
  readonly cliFiles: ReadonlyMap<string, string>;
  /** Which of `cliFiles` is the document. */
  readonly userFile: string;
  /** For cue-wasm: one text that holds the schema too. */
  readonly wasmText: string;
  /**
   * From a place in `userFile` as the CLI tells it (columns are bytes of UTF-8) to the place in `source.text`
   * (columns are characters). Null for a place that the document does not have.
   */
  toSourcePosition(position: Position): Position | null;
}
