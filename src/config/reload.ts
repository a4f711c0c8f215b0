/**
 * Keeps a running server in step with its documents: they are read again when somebody asks (SIGHUP) and, in dev, when
 * their files change. What is broken changes nothing: the last good set stays.
 */
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { changedSettings, documentChanges } from './document_changes.ts';
import type { Documents } from './documents.ts';
import { problemLine } from './report.ts';
import type { Problem, Source } from './source.ts';
import { DocumentWatch } from './watch.ts';

/** What came of looking at the documents. */
export type Reloaded =
  | { readonly outcome: 'unchanged' }
  | {
      readonly outcome: 'loaded';
      readonly documents: Documents;
      /** What the user should know besides. */
      readonly notes: readonly string[];
    }
  | {
      readonly outcome: 'refused';
      readonly problems: readonly Problem[];
      /** The documents that they are in, as far as they could be read. */
      readonly sources: readonly Source[];
      readonly notes: readonly string[];
    };

/** Where the documents of a server come from. */
export interface DocumentsOptions {
  /** What the server starts with. */
  readonly initial: Documents;
  /** Finds and reads them again. Rejects only when the signal aborts. */
  reload(signal: AbortSignal): Promise<Reloaded>;
  /** The next `reload` takes nothing for unchanged. */
  forget(): void;
  /** Where documents are or may appear. Empty: nobody watches. */
  readonly watchPaths: readonly string[];
  /** Calls `ask` whenever somebody wants them to be read again. Returns what ends that. */
  listen(ask: () => void): () => void;
}

export interface ReloadParts {
  readonly clock: Clock;
  readonly log: Logger;
  /** Puts changed functions to work. When it rejects, the next reload tries again. */
  readonly onLoaded: (documents: Documents) => Promise<void>;
}

export const noDocuments: Documents = { sources: [], functions: [], service: null, warnings: [] };

/** Problems of one report that are logged. */
const problemsLoggedMax = 100;

/** Who wants it: a person, or a file that has changed. */
type Reason = 'asked' | 'changed';

export class DocumentReload {
  readonly #options: DocumentsOptions;
  readonly #parts: ReloadParts;
  readonly #stopping = new AbortController();
  /** The last good set. */
  #current: Documents;
  #isBroken = false;
  #running: Promise<void> | null = null;
  /** One more has to follow the one that is under way. */
  #next: Reason | null = null;
  #watch: DocumentWatch | null = null;
  #stopListening: () => void = () => undefined;

  constructor(options: DocumentsOptions, parts: ReloadParts) {
    this.#options = options;
    this.#parts = parts;
    this.#current = options.initial;
  }

  start(): void {
    const { clock, log } = this.#parts;
    const { watchPaths } = this.#options;
    this.#stopListening = this.#options.listen(() => this.#want('asked'));
    if (watchPaths.length === 0) return;
    const onChange = () => this.#want('changed');
    this.#watch = new DocumentWatch(watchPaths, { clock, log, onChange });
    this.#watch.refresh();
  }

  /** A reload that is under way is given up. */
  async stop(): Promise<void> {
    this.#stopListening();
    this.#watch?.close();
    this.#stopping.abort();
    await this.#running;
  }

  /** Resolves when no reload is under way or due. */
  async idle(): Promise<void> {
    await this.#running;
  }

  #want(reason: Reason): void {
    if (this.#stopping.signal.aborted) return;
    if (this.#next !== 'asked') this.#next = reason;
    this.#running ??= this.#work();
  }

  async #work(): Promise<void> {
    const { log } = this.#parts;
    for (let reason = this.#next; reason !== null; reason = this.#next) {
      this.#next = null;
      try {
        await this.#reload(reason);
      } catch (error) {
        if (this.#stopping.signal.aborted) break;
        this.#options.forget();
        log.error('documents could not be put to work; the next reload tries again', { error });
      }
    }
    this.#running = null;
  }

  async #reload(reason: Reason): Promise<void> {
    // Who asks about a broken document wants to hear what is wrong with it.
    if (reason === 'asked' && this.#isBroken) this.#options.forget();
    const reloaded = await this.#options.reload(this.#stopping.signal);
    // Files may have come, gone, or become links to others.
    this.#watch?.refresh();
    if (reloaded.outcome === 'unchanged') {
      if (reason === 'asked') this.#sayUnchanged();
      return;
    }
    for (const note of reloaded.notes) this.#parts.log.warn(note);
    this.#isBroken = reloaded.outcome === 'refused';
    if (reloaded.outcome === 'refused') this.#refuse(reloaded.problems);
    else await this.#take(reloaded.documents);
  }

  #sayUnchanged(): void {
    const { sources } = this.#current;
    if (sources.length > 0) {
      this.#parts.log.info('documents were read again and have not changed', { sources });
      return;
    }
    this.#parts.log.info(
      'there are no documents to read again: no --functions, inngest.cue or INNGEST_CONFIG',
    );
  }

  #refuse(problems: readonly Problem[]): void {
    const { log } = this.#parts;
    for (const problem of problems.slice(0, problemsLoggedMax)) log.warn(problemLine(problem));
    log.warn('documents are not valid: the functions read before stay as they are', {
      problems: problems.length,
    });
  }

  async #take(documents: Documents): Promise<void> {
    const { log, onLoaded } = this.#parts;
    const { added, changed, removed } = documentChanges(this.#current, documents);
    const isNew = added.length + changed.length + removed.length > 0;
    if (isNew) await onLoaded(documents);
    const { sources, warnings } = documents;
    for (const warning of warnings.slice(0, problemsLoggedMax)) log.warn(problemLine(warning));
    const which = {
      ...(added.length > 0 && { added }),
      ...(changed.length > 0 && { changed }),
      ...(removed.length > 0 && { removed }),
    };
    log.info(
      isNew
        ? 'functions in documents have changed'
        : 'documents were read again: their functions are the same',
      { sources, ...which },
    );
    this.#sayRestart(documents);
    this.#current = documents;
  }

  /** The server runs with the settings that it was started with. */
  #sayRestart({ service }: Documents): void {
    const isNews = new Set(changedSettings(this.#current.service, service));
    const settings = changedSettings(this.#options.initial.service, service).filter((name) =>
      isNews.has(name),
    );
    if (settings.length === 0) return;
    this.#parts.log.warn('settings in documents have changed: restart the server to use them', {
      settings,
    });
  }
}
