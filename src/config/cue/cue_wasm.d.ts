/** The package has no types of its own. Only what the worker uses; every call after a failure of the engine throws. */
declare module 'cue-wasm' {
  export interface CueEngine {
    /** The document's value as JSON. Throws a string, the first error, when it has none. */
    toJSON(text: string): string;
  }
  /** Sets `Go` and `CueWasmAPI` on globalThis. */
  export function init(): Promise<CueEngine>;
}
