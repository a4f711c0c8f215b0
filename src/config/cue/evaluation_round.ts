/** One round of evaluating: which documents are known, which are evaluated, and what is said about those refused. */
import type { Evaluation, Problem, Source } from '../source.ts';
import { writtenPosition } from '../written_position.ts';
import type { EvaluationLimits, TextOutcome } from './cue_thread.ts';
import { engineError } from './engine_error.ts';
import { evaluateTexts } from './evaluated_texts.ts';
import type { DocumentValue, EvaluationCache } from './evaluation_cache.ts';
import type { ExplainedError, explainDocuments } from './explain.ts';
import { worded } from './explain_wording.ts';
import { misspeltRoots } from './misspelt_roots.ts';
import { type Preparation, prepareDocument } from './prepare.ts';

export interface RoundParts {
  readonly cache: EvaluationCache | null;
  readonly limits: EvaluationLimits;
  readonly warn: (message: string) => void;
  readonly startWorker: () => Worker;
  readonly explain: typeof explainDocuments;
}

/** Each is far from what a person writes, and near to what two processor cores evaluate within the limits. */
const documentBytesMax = 1024 * 1024;
const documentsMax = 200;
/** Of one UTF-16 unit. */
const utf8BytesMax = 3;

const expected =
  'it describes nothing: it needs a field `function`, `functions` or `config` at its root, or to be one object with the fields of a function or of a configuration';

/** A document with its place among those of the round. */
interface Entry {
  readonly index: number;
  readonly preparation: Preparation;
}

/** A document that CUE refuses, with what is said about it in case that its command line finds nothing. */
interface Refused extends Entry {
  readonly fallback: ExplainedError;
}

export class EvaluationRound {
  readonly #parts: RoundParts;
  readonly #signal: AbortSignal | undefined;
  readonly #evaluations = new Map<number, Evaluation>();
  readonly #refused: Refused[] = [];

  constructor(parts: RoundParts, signal: AbortSignal | undefined) {
    this.#parts = parts;
    this.#signal = signal;
  }

  async evaluate(sources: readonly Source[]): Promise<readonly Evaluation[]> {
    const entries: Entry[] = [];
    for (const [index, source] of sources.entries()) {
      const message = boundMessage(source, index);
      if (message !== null) {
        this.#refuse(index, source, message);
        continue;
      }
      const preparation = prepareDocument(source);
      const { document, refusal } = preparation;
      const value = refusal ? null : await this.#parts.cache?.find(document);
      if (value) this.#evaluations.set(index, { ok: true, source, value });
      else entries.push({ index, preparation });
    }
    await this.#evaluateAll(entries.filter((entry) => this.#isFitToEvaluate(entry)));
    await this.#explainAll();
    return sources.map((source, index) => {
      const evaluation = this.#evaluations.get(index);
      if (!evaluation) throw new Error(`${source.name} was neither accepted nor refused`);
      return evaluation;
    });
  }

  #isFitToEvaluate(entry: Entry): boolean {
    const { refusal } = entry.preparation;
    if (!refusal) return true;
    const { message, position } = refusal;
    this.#refused.push({ ...entry, fallback: { path: '', message, positions: [position] } });
    return false;
  }

  async #evaluateAll(entries: readonly Entry[]): Promise<void> {
    if (entries.length === 0) return;
    const { limits, startWorker, cache } = this.#parts;
    const texts = entries.map(({ preparation }) => preparation.document.wasmText);
    const outcomes = await evaluateTexts(texts, { limits, startWorker, signal: this.#signal });
    for (const [at, entry] of entries.entries()) {
      const outcome = outcomes[at];
      const value = outcome ? this.#judge(entry, outcome) : null;
      if (value) await cache?.keep(entry.preparation.document, value);
    }
  }

  /** The value of a document that is accepted. */
  #judge(entry: Entry, outcome: TextOutcome): DocumentValue | null {
    const { index, preparation } = entry;
    const { source } = preparation.document;
    if (outcome.kind === 'refused') {
      this.#refused.push({ ...entry, fallback: saidByEngine(preparation, outcome.error) });
      return null;
    }
    if (outcome.kind === 'stopped') return this.#refuse(index, source, outcome.message);
    if (outcome.kind === 'too large') {
      const mebibytes = outcome.bytesMax / 1024 / 1024;
      return this.#refuse(index, source, `its value is larger than ${mebibytes} MiB of JSON`);
    }
    // The thread makes this text out of the fields of an object.
    const value = JSON.parse(outcome.json) as DocumentValue;
    if (Object.keys(value).length === 0) return this.#refuseEmpty(index, source);
    this.#evaluations.set(index, { ok: true, source, value });
    return value;
  }

  async #explainAll(): Promise<void> {
    if (this.#refused.length === 0) return;
    const documents = this.#refused.map(({ preparation }) => preparation.document);
    const explained = await this.#explain(documents);
    for (const [at, { index, preparation, fallback }] of this.#refused.entries()) {
      const { source } = preparation.document;
      const found = explained[at] ?? [];
      const errors = found.every(isVague) ? [fallback] : found;
      const problems = errors.map((error) => problemOf(source, error));
      this.#evaluations.set(index, { ok: false, source, problems });
    }
  }

  /** Without an explanation there is still what refused the document. */
  async #explain(
    documents: Parameters<typeof explainDocuments>[0],
  ): Promise<readonly (readonly ExplainedError[])[]> {
    const { limits, explain, warn } = this.#parts;
    try {
      const explained = await explain(documents, limits, this.#signal);
      const left = documents.length - explained.length;
      if (left > 0) {
        warn(
          `explaining took too long: of ${left} documents the first error is told, without its place`,
        );
      }
      return explained;
    } catch (error) {
      this.#signal?.throwIfAborted();
      const reason = error instanceof Error ? error.message : String(error);
      warn(`errors in documents are told without their places: ${reason}`);
      return [];
    }
  }

  #refuseEmpty(index: number, source: Source): null {
    const problems = misspeltRoots(source);
    if (problems.length === 0) return this.#refuse(index, source, expected);
    this.#evaluations.set(index, { ok: false, source, problems });
    return null;
  }

  #refuse(index: number, source: Source, message: string): null {
    const problem: Problem = { source: source.name, path: '', position: null, message };
    this.#evaluations.set(index, { ok: false, source, problems: [problem] });
    return null;
  }
}

function boundMessage(source: Source, index: number): string | null {
  if (index >= documentsMax) {
    return `it is one document too many: at most ${documentsMax} are read; put several functions into one`;
  }
  // Most texts are short enough in any case.
  const isShort = source.text.length * utf8BytesMax <= documentBytesMax;
  if (isShort || Buffer.byteLength(source.text) <= documentBytesMax) return null;
  return `it is larger than ${documentBytesMax / 1024 / 1024} MiB: divide it into several documents`;
}

/** Such as that explaining took too long: then what refused the document says more. */
function isVague({ path, positions }: ExplainedError): boolean {
  return path === '' && positions.length === 0;
}

function saidByEngine({ document }: Preparation, said: string): ExplainedError {
  const { path, message } = engineError(said);
  return { path, message: worded(document, message), positions: [] };
}

function problemOf(source: Source, { path, message, positions }: ExplainedError): Problem {
  const [first] = positions;
  const position = first ? writtenPosition(source, first) : null;
  return { source: source.name, path, position, message };
}
