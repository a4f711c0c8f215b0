/**
 * Keeps a running server in step with its documents: they are read again when somebody asks (SIGHUP) and, in dev, when
 * their files change. What is broken changes nothing: the last good set stays.
 */
import type { Clock, Timer } from '../lib/clock.ts';
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
  /** Puts changed functions to work. When it rejects, it is called again after a pause, or with a newer set. */
  readonly onLoaded: (documents: Documents) => Promise<void>;
  /** Somebody has asked, and the functions are the same: makes sure that they are at work. As `onLoaded`. */
  readonly onUnchanged?: () => Promise<void>;
}

export const noDocuments: Documents = { sources: [], functions: [], service: null, warnings: [] };

/** Problems of one report that are logged. */
const problemsLoggedMax = 100;

/** Before what has failed is tried again; each pause is twice as long as the one before it. */
const retryMs = 1_000;
const retryMsMax = 30_000;

/** Who wants it: a person, or a file that has changed, or what has failed before. The first one counts most. */
const reasons = ['asked', 'changed', 'failed'] as const;
type Reason = (typeof reasons)[number];

/** What could not be put to work yet. */
interface Unfinished {
  readonly finish: () => Promise<void>;
  /** Of the pause after it. */
  readonly pauseMs: number;
}

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
  #unfinished: Unfinished | null = null;
  #retry: Timer | null = null;
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
    // What was edited since the documents were read was seen by nobody.
    onChange();
  }

  /** A reload that is under way is given up; only what is being put to work is waited for. */
  async stop(): Promise<void> {
    this.#stopListening();
    this.#watch?.close();
    this.#retry?.cancel();
    this.#stopping.abort();
    await this.#running;
  }

  /** Resolves when no reload is under way. What has failed may be tried again later. */
  async idle(): Promise<void> {
    await this.#running;
  }

  #want(reason: Reason): void {
    if (this.#stopping.signal.aborted) return;
    const next = this.#next;
    this.#next = reasons.find((one) => one === next || one === reason) ?? reason;
    this.#running ??= this.#work();
  }

  async #work(): Promise<void> {
    const { log } = this.#parts;
    for (let reason = this.#next; reason !== null; reason = this.#next) {
      this.#next = null;
      try {
        if (reason !== 'failed') await this.#reload(reason);
        await this.#finish();
      } catch (error) {
        if (this.#stopping.signal.aborted) break;
        this.#options.forget();
        log.error('documents could not be read; the next reload tries again', { error });
      }
    }
    this.#running = null;
  }

  async #reload(reason: Reason): Promise<void> {
    // Who asks about a broken document wants to hear what is wrong with it.
    if (reason === 'asked' && this.#isBroken) this.#options.forget();
    // Files may have come, gone, or become links to others. What changes after they are read is seen from here on.
    this.#watch?.refresh();
    const { signal } = this.#stopping;
    const reloaded = await untilAborted(this.#options.reload(signal), signal);
    if (reloaded.outcome === 'unchanged') {
      if (reason === 'asked') this.#keep();
      return;
    }
    for (const note of reloaded.notes) this.#parts.log.warn(note);
    this.#isBroken = reloaded.outcome === 'refused';
    if (reloaded.outcome === 'refused') this.#refuse(reloaded.problems);
    else {
      // What has failed may have arrived all the same: then also the last good set is news.
      const isForced = this.#unfinished !== null;
      this.#due(() => this.#take(reloaded.documents, isForced));
    }
  }

  #due(finish: () => Promise<void>): void {
    this.#unfinished = { finish, pauseMs: retryMs };
  }

  /** Puts to work what is not yet, and tries again after a pause if that fails. */
  async #finish(): Promise<void> {
    this.#retry?.cancel();
    const unfinished = this.#unfinished;
    if (unfinished === null) return;
    try {
      await unfinished.finish();
      this.#unfinished = null;
    } catch (error) {
      if (this.#stopping.signal.aborted) return;
      const { finish, pauseMs } = unfinished;
      const { clock, log } = this.#parts;
      log.error('documents could not be put to work', { retryMs: pauseMs, error });
      this.#unfinished = { finish, pauseMs: Math.min(pauseMs * 2, retryMsMax) };
      this.#retry = clock.at(clock.now() + pauseMs, () => this.#want('failed'));
    }
  }

  #keep(): void {
    this.#sayUnchanged();
    const { onUnchanged } = this.#parts;
    if (this.#unfinished === null && onUnchanged) this.#due(onUnchanged);
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

  async #take(documents: Documents, isForced: boolean): Promise<void> {
    const { log, onLoaded } = this.#parts;
    const { added, changed, removed } = documentChanges(this.#current, documents);
    const isNew = added.length + changed.length + removed.length > 0;
    if (isNew || isForced) await onLoaded(documents);
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

/** As the promise, unless the signal aborts first. */
async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', abort);
  try {
    const result = await Promise.race([promise, aborted.promise]);
    // It may have ended in the same moment.
    signal.throwIfAborted();
    return result;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
