/** What a `config` document wants, what is wrong with it, and what in it has no effect. */
import type { Finding, ValuePath } from './evaluator.ts';
import { configField, ServiceWishes } from './service_wish.ts';
import type { Source } from './source.ts';

export class ServiceReport {
  readonly findings: Finding[] = [];
  readonly warnings: Finding[] = [];
  readonly #source: Source;
  readonly #wishes: ServiceWishes;

  constructor(source: Source) {
    this.#source = source;
    this.#wishes = new ServiceWishes(source.text);
  }

  /** The value, unless it is the schema's default and nobody wrote it: the server has defaults of its own. */
  written<T>(path: readonly string[], value: T | undefined): T | undefined {
    return this.#wishes.isWish(path, value) ? value : undefined;
  }

  /** Paths begin below `config`. */
  refuse(path: ValuePath, message: string): void {
    this.findings.push(this.#at(path, message));
  }

  warn(path: ValuePath, message: string): void {
    this.warnings.push(this.#at(path, message));
  }

  #at(path: ValuePath, message: string): Finding {
    return { source: this.#source, path: [configField, ...path], message };
  }
}
