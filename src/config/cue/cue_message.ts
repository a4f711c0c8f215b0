/** What the thread that evaluates documents is asked and what it answers. */

export interface CueRequest {
  /** As `PreparedDocument.wasmText`. Evaluated one after the other. */
  readonly texts: readonly string[];
  readonly memoryBytes: number;
}

export type CueAnswer =
  /** Once, before the first document; the engine takes about half a second to start. */
  | { readonly kind: 'started' }
  | { readonly kind: 'failed to start'; readonly reason: string }
  | ({ readonly index: number } & TextAnswer);

export type TextAnswer =
  /** JSON of the document's roots. */
  | { readonly kind: 'value'; readonly json: string }
  /** The engine's words. */
  | { readonly kind: 'refused'; readonly error: string }
  | { readonly kind: 'too large'; readonly bytesMax: number }
  /** The engine is lost: the texts behind this one are not evaluated by this thread. */
  | {
      readonly kind: 'lost';
      readonly reason: 'memory' | 'depth' | 'crash';
      readonly detail: string;
    };
