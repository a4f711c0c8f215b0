/** What the main thread and the thread of the CUE command line say to each other. */

export interface CliRun {
  /** Paths below the root, and their texts: all that the program can see. */
  readonly files: ReadonlyMap<string, string>;
  /** Without the program's own name: `['vet', '-c', 'inngest.cue']`. */
  readonly argv: readonly string[];
}

export interface CliRequest extends CliRun {
  /** Of the program's memory; a run that wants more is ended. */
  readonly memoryBytes: number;
}

export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export type CliAnswer =
  /** The program is compiled. Said once, without being asked. */
  | { readonly kind: 'ready' }
  | ({ readonly kind: 'ran' } & CliResult)
  | { readonly kind: 'over memory' }
  /** For the thread's stack. */
  | { readonly kind: 'too deep' }
  | { readonly kind: 'crashed'; readonly reason: string };
