/** What a `config` document has written, what is wrong with it, and what in it has no effect. */
import type { Finding, ValuePath } from './evaluator.ts';
import type { Source } from './source.ts';
import { writtenFields, writtenKey } from './written_field.ts';

export class ServiceReport {
  readonly findings: Finding[] = [];
  readonly warnings: Finding[] = [];
  readonly #source: Source;
  readonly #written: ReadonlySet<string>;

  constructor(source: Source) {
    this.#source = source;
    this.#written = writtenFields(source.text);
  }

  /** The value, unless it is the schema's default and nobody wrote it: the server has defaults of its own. */
  written<T>(path: readonly string[], value: T | undefined, schemaDefault: T): T | undefined {
    return value !== schemaDefault || this.#isWritten(path) ? value : undefined;
  }

  /** A document may also be the bare object. */
  #isWritten(path: readonly string[]): boolean {
    return [['config', ...path], path].some((whole) => this.#written.has(writtenKey(whole)));
  }

  /** Paths begin below `config`. */
  refuse(path: ValuePath, message: string): void {
    this.findings.push(this.#at(path, message));
  }

  warn(path: ValuePath, message: string): void {
    this.warnings.push(this.#at(path, message));
  }

  #at(path: ValuePath, message: string): Finding {
    return { source: this.#source, path: ['config', ...path], message };
  }
}
