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

  /** `options` is null for a server that reads no documents. */
  constructor(parts: Parts, options: DocumentsOptions | null) {
    this.#parts = parts;
    this.#functions = (options?.initial ?? noDocuments).functions;
    const { clock, log } = parts;
    const onLoaded = ({ functions }: Documents) => this.#put(functions);
    this.#reload = options && new DocumentReload(options, { clock, log, onLoaded });
  }

  /**
   * Makes the app what the documents say. Of servers that share a store, one without documents leaves the app of the
   * others alone; alone, it removes an app whose documents are gone.
   */
  async register(): Promise<void> {
    const { isShared } = this.#parts;
    if (this.#functions.length > 0 || !isShared) await this.#put(this.#functions);
  }

  /** From here on changes of the documents are picked up. */
  watch(): void {
    this.#reload?.start();
  }

  async stop(): Promise<void> {
    await this.#reload?.stop();
  }

  async #put(functions: readonly DeclaredFunction[]): Promise<void> {
    const { registry } = this.#parts;
    this.#functions = functions;
    if (functions.length > 0) {
      await registry.sync(documentRegistration(functions));
      return;
    }
    const app = registry.app(documentApp);
    // An app of this name that an SDK has registered is none of our business.
    if (app?.sdkLanguage === documentApp) await registry.removeApp(app.id);
  }
}
