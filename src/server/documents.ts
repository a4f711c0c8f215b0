/** The functions that documents declare: the app they make in the registry, kept as the documents say. */
import type { Documents } from '../config/documents.ts';
import { DocumentReload, type DocumentsOptions, noDocuments } from '../config/reload.ts';
import { documentApp } from '../function/document_app.ts';
import { documentRegistration } from '../function/document_registration.ts';
import type { DeclaredFunction } from '../function/registration.ts';
import type { Ground } from './ground.ts';

type Parts = Pick<Ground, 'registry' | 'clock' | 'log' | 'isShared'>;

export class ServedDocuments {
  readonly #parts: Parts;
  readonly #reload: DocumentReload | null;
  #functions: readonly DeclaredFunction[];
  /** What was said last about another server's functions. */
  #warnedOf = '';

  /** `options` is null for a server that reads no documents. */
  constructor(parts: Parts, options: DocumentsOptions | null) {
    this.#parts = parts;
    this.#functions = (options?.initial ?? noDocuments).functions;
    const { clock, log } = parts;
    const onLoaded = ({ functions }: Documents) => this.#put(functions);
    const onUnchanged = () => this.register();
    this.#reload = options && new DocumentReload(options, { clock, log, onLoaded, onUnchanged });
  }

  /** Makes the app what the documents say. Does nothing when it is that already. */
  async register(): Promise<void> {
    await this.#put(this.#functions);
  }

  /** From here on changes of the documents are picked up, and those that other servers make are told. */
  watch(): void {
    this.#reload?.start();
    if (this.#parts.isShared) this.#parts.registry.onChange(() => this.#warnOfOthers());
  }

  async stop(): Promise<void> {
    await this.#reload?.stop();
  }

  /**
   * Alone, a server removes an app whose documents are gone. Of servers that share a store, one without documents
   * leaves the app of the others alone.
   */
  async #put(functions: readonly DeclaredFunction[]): Promise<void> {
    const { registry, isShared, log } = this.#parts;
    const before = this.#functions;
    this.#functions = functions;
    if (functions.length > 0) {
      await registry.sync(documentRegistration(functions));
      return;
    }
    const app = registry.app(documentApp);
    // An app of this name that an SDK has registered is none of our business.
    if (app?.sdkLanguage !== documentApp) return;
    if (!isShared) await registry.removeApp(app.id);
    else if (before.length > 0) {
      log.warn(
        'no document declares functions any more: those in the shared store stay, as other servers may declare them; remove them with DELETE /fn/remove?url=cue://',
      );
    }
  }

  /** Servers that share a store must read the same documents: the last one to read decides for all. */
  #warnOfOthers(): void {
    const { registry, log } = this.#parts;
    const app = registry.app(documentApp);
    if (app === null || this.#functions.length === 0) return;
    const { checksum } = documentRegistration(this.#functions);
    if (app.checksum === checksum || app.checksum === this.#warnedOf) return;
    this.#warnedOf = app.checksum;
    const names = (functions: readonly DeclaredFunction[]) => functions.map(({ slug }) => slug);
    log.warn(
      'another server has declared other functions: give all servers that share a store the same documents, then send this one SIGHUP',
      { here: shown(names(this.#functions)), there: shown(names(app.functions)) },
    );
  }
}

/** Names in a log line. */
const namesMax = 20;

function shown(names: readonly string[]): string[] {
  const more = names.length - namesMax;
  return more > 0 ? [...names.slice(0, namesMax), `and ${more} more`] : [...names];
}
