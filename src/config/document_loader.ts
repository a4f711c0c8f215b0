/**
 * Finds documents and reads them, at the start and whenever they may have changed. CUE is loaded with the first document
 * there is: who has none pays for a look at some folders.
 */
import { createHash } from 'node:crypto';
import { type DiscoveryOptions, type FoundDocuments, findDocuments } from './discovery.ts';
import type { LoadedDocuments } from './documents.ts';
import type { Evaluator } from './evaluator.ts';
import { noDocuments, type Reloaded } from './reload.ts';

export interface LoaderParts {
  readonly discovery: DiscoveryOptions;
  /** Where to remember what was found valid; null remembers nothing. */
  readonly cacheDir: string | null;
  /** Another engine in tests. */
  readonly evaluatorOf?: (warn: (message: string) => void) => Promise<Evaluator>;
}

export class DocumentLoader {
  readonly #parts: LoaderParts;
  #evaluator: Evaluator | null = null;
  /** Of what was looked at last, good or not. */
  #fingerprint: string | null = null;
  /** What the engine complained about without a document being at fault. */
  #complaints: string[] = [];

  constructor(parts: LoaderParts) {
    this.#parts = parts;
  }

  /** Rejects only when the signal aborts. The first time nothing is unchanged. */
  async load(signal?: AbortSignal): Promise<Reloaded> {
    const found = await findDocuments(this.#parts.discovery);
    const fingerprint = fingerprintOf(found);
    if (fingerprint === this.#fingerprint) return { outcome: 'unchanged' };
    const loaded = found.ok ? await this.#read(found, signal) : found;
    this.#fingerprint = fingerprint;
    const complaints = this.#complaints.splice(0);
    const notes = [...(found.ok ? found.notes : []), ...complaints];
    if (loaded.ok) return { outcome: 'loaded', documents: loaded, notes };
    const { sources = [] } = found;
    return { outcome: 'refused', problems: loaded.problems, sources, notes };
  }

  /** The next look finds everything changed. */
  forget(): void {
    this.#fingerprint = null;
  }

  async #read(
    { sources }: FoundDocuments & { readonly ok: true },
    signal: AbortSignal | undefined,
  ): Promise<LoadedDocuments> {
    if (sources.length === 0) return { ok: true, ...noDocuments };
    const { evaluatorOf = cueEvaluator(this.#parts.cacheDir) } = this.#parts;
    this.#evaluator ??= await evaluatorOf((message) => void this.#complaints.push(message));
    const { loadDocuments } = await import('./documents.ts');
    return await loadDocuments(sources, this.#evaluator, signal);
  }
}

function cueEvaluator(cacheDir: string | null): NonNullable<LoaderParts['evaluatorOf']> {
  return async (warn) => {
    const { createEvaluator } = await import('./cue/cue_evaluator.ts');
    return createEvaluator({ cacheDir, warn });
  };
}

function fingerprintOf(found: FoundDocuments): string {
  const seen = found.ok
    ? found.sources.map(({ name, text }) => [name, text])
    : found.problems.map(({ source, position, message }) => [source, position, message]);
  return createHash('sha256')
    .update(JSON.stringify([found.ok, seen]))
    .digest('hex');
}
