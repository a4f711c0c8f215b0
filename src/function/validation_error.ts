/** What is wrong with a registration, collected so that one report tells all of it. */

/** The codes of the protocol that a registration can earn (sdk-http-protocol.md §1.7.6). */
export type ValidationCode =
  | 'batch_if_expression_invalid'
  | 'batch_key_expression_invalid'
  | 'batch_size_invalid'
  | 'batch_timeout_invalid'
  | 'combo_unsupported'
  | 'concurrency_limit_invalid'
  | 'config_invalid'
  | 'event_name_invalid'
  | 'schedule_invalid';

export interface ValidationError {
  /** Empty when the problem is not one function's. */
  readonly functionSlug: string;
  readonly code: ValidationCode;
  /** Where in the document: `functions[0].triggers[1].cron`. */
  readonly path: string;
  readonly message: string;
}

/** A registration of hostile size must not make an answer of hostile size. */
const errorsMax = 200;

/** Collects the problems of one function; paths given to it begin below `at`. */
export class Report {
  readonly errors: ValidationError[] = [];
  /** What is ignored, and what its author should know about it. */
  readonly warnings: string[] = [];

  constructor(
    readonly functionSlug: string,
    readonly at: string,
  ) {}

  add(path: string, message: string, code: ValidationCode = 'config_invalid'): void {
    if (this.errors.length >= errorsMax) return;
    this.errors.push({ functionSlug: this.functionSlug, code, path: this.#pathTo(path), message });
  }

  warn(path: string, message: string): void {
    if (this.warnings.length < errorsMax) this.warnings.push(`${this.#pathTo(path)}: ${message}`);
  }

  #pathTo(path: string): string {
    if (path === '') return this.at;
    return this.at === '' || path.startsWith('[') ? this.at + path : `${this.at}.${path}`;
  }
}
