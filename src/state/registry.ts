/**
 * The apps and their functions, in memory for reading and in the store for good. Every change goes through
 * the store first.
 */
import type { AppDefinition, AppId, FunctionDefinition } from '../function/definition.ts';
import { appIdOf, placeholderIdOf } from '../function/identity.ts';
import type { Registration } from '../function/registration.ts';
import { normalizeUrl } from '../function/url.ts';
import type { Clock } from '../lib/clock.ts';
import { randomUuid } from '../lib/uuid.ts';
import type { Store } from '../store/store.ts';
import { type AppChange, appChange } from './app_change.ts';
import { archivedFunctionsMax, loadApps, putApp, removeApp, type StoredApp } from './app_store.ts';
import { type CronFunction, type TriggeredFunction, TriggerIndex } from './trigger_index.ts';

export interface SyncOutcome {
  readonly modified: boolean;
  readonly appId: AppId;
  /** Fresh each time, also when nothing has changed (sdk-http-protocol.md §1.6.4). */
  readonly syncId: string;
}

/** Another process changes the same app at the same time; that cannot go on for long. */
const attemptsMax = 5;

export class Registry {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #apps = new Map<AppId, StoredApp>();
  readonly #archived = new Map<string, FunctionDefinition>();
  readonly #listeners = new Set<() => void>();
  #functions = new Map<string, FunctionDefinition>();
  #bySlug = new Map<string, FunctionDefinition>();
  #triggers = new TriggerIndex([]);
  #cancelNames: ReadonlySet<string> = new Set();
  /** Number of changes in the store that memory has seen. */
  #changesSeen = -1;
  /** A look at the store that has not begun. */
  #refresh: Promise<void> | null = null;
  /** Changes run one after the other; this is the last of them. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Reads everything from the store. To be awaited before anything else is asked. */
  load(): Promise<void> {
    return this.#exclusively(() => {
      this.#changesSeen = -1;
      return this.#reload();
    });
  }

  /** Takes over what other processes have changed; cheap when they have not, and shared by all who ask at once. */
  refresh(): Promise<void> {
    this.#refresh ??= this.#exclusively(() => {
      // Whoever asks from here on may know of a change that this look does not see.
      this.#refresh = null;
      return this.#reload();
    });
    return this.#refresh;
  }

  apps(): readonly AppDefinition[] {
    return [...this.#apps.values()].map(({ app }) => app);
  }

  app(name: string): AppDefinition | null {
    return name === '' ? null : this.appById(appIdOf(name));
  }

  appById(id: string): AppDefinition | null {
    // Any text may be asked for; only a real id is in the map.
    return this.#apps.get(id as AppId)?.app ?? null;
  }

  /** The first app at a URL in any of its spellings. */
  appByUrl(url: string): AppDefinition | null {
    const normal = normalizeUrl(url);
    return this.apps().find((app) => app.url === normal) ?? null;
  }

  functions(): readonly FunctionDefinition[] {
    return [...this.#functions.values()];
  }

  /** A function that is part of its app now. */
  functionById(id: string): FunctionDefinition | null {
    return this.#functions.get(id) ?? null;
  }

  /** A function that was part of an app once: what a run under way belonged to, which must now end. */
  removedFunctionById(id: string): FunctionDefinition | null {
    return this.#archived.get(id) ?? null;
  }

  functionBySlug(slug: string): FunctionDefinition | null {
    return this.#bySlug.get(slug) ?? null;
  }

  /**
   * What an event of this name may start. A function appears once per trigger that matches, in declared
   * order: the first whose expression holds starts it, and the others do not count (execution.md §3.3).
   */
  functionsTriggeredBy(eventName: string): readonly TriggeredFunction[] {
    return this.#triggers.triggeredBy(eventName);
  }

  /** Whether an event of this name may cancel runs of any function. */
  isCancelling(eventName: string): boolean {
    return this.#cancelNames.has(eventName);
  }

  cronFunctions(): readonly CronFunction[] {
    return this.#triggers.crons;
  }

  /** Makes the app what its registration says. Functions that it lacks are archived. */
  async sync(registration: Registration): Promise<SyncOutcome> {
    const { name, url } = registration;
    const appId = appIdOf(name);
    const modified = await this.#changeApp(appId, (current) => {
      const change = appChange(registration, current, this.#known, this.#clock.now());
      const isPlaceholder = (app: AppDefinition): boolean => app.name === '' && app.url === url;
      const placeholders = this.apps()
        .filter(isPlaceholder)
        .map(({ id }) => id);
      if (change !== null) return { change, placeholders };
      // The app is as it should be, but its placeholder may still stand beside it.
      if (current === null || placeholders.length === 0) return null;
      return { change: { app: current, left: [], returned: [] }, placeholders, isUnmodified: true };
    });
    return { modified, appId, syncId: randomUuid() };
  }

  /** Notes why an app cannot be synced. Unknown apps are left alone. */
  async setError(appId: AppId, error: string): Promise<void> {
    await this.#changeApp(appId, (current) => {
      if (current === null) return null;
      const app = { ...current, error };
      if (current.error !== error) return { change: { app, left: [], returned: [] } };
      // A new object all the same: whoever holds the old one can tell that an error was met again.
      this.#apps.set(appId, { app, revision: this.#apps.get(appId)?.revision ?? 0 });
      return null;
    });
  }

  /** Clears the error of an app, unless something has happened to it since it was read as `seen`. */
  async clearError(seen: AppDefinition): Promise<void> {
    await this.#changeApp(seen.id, (current) => {
      if (current === null || current !== seen || current.error === '') return null;
      return { change: { app: { ...current, error: '' }, left: [], returned: [] } };
    });
  }

  /** The app at a URL, or a nameless one that stands there until the real one answers. */
  async addPlaceholder(url: string, error = 'unreachable'): Promise<AppDefinition> {
    const normal = normalizeUrl(url);
    const id = placeholderIdOf(normal);
    await this.#changeApp(id, (current) => {
      if (current !== null || this.appByUrl(normal) !== null) return null;
      return { change: { app: placeholder(id, normal, error), left: [], returned: [] } };
    });
    return this.appByUrl(normal) ?? placeholder(id, normal, error);
  }

  /** Removes every app at a URL; false when there is none. */
  async remove(url: string): Promise<boolean> {
    const normal = normalizeUrl(url);
    const apps = this.apps().filter((app) => app.url === normal);
    for (const app of apps) await this.removeApp(app.id);
    return apps.length > 0;
  }

  /** Removes an app and archives its functions; false when there is none. */
  async removeApp(appId: AppId): Promise<boolean> {
    return this.#exclusively(() => this.#tryToRemove(appId));
  }

  /** Calls `listener`, which must not throw, after each change of any app. Returns how to stop that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  readonly #known = {
    functionOfAnyKind: (id: string) => this.#functions.get(id) ?? this.#archived.get(id) ?? null,
    archivedOf: (appId: AppId) => {
      const gone = [...this.#archived.values()].filter((fn) => fn.appId === appId);
      return new Map(gone.map((fn) => [fn.slug, fn]));
    },
  };

  /** Decides on a change and stores it; decides anew when another process was faster. */
  async #changeApp(
    appId: AppId,
    decide: (current: AppDefinition | null) => Decision | null,
  ): Promise<boolean> {
    return this.#exclusively(async () => {
      for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
        const decision = decide(this.appById(appId));
        if (decision === null) return false;
        if (await this.#put(decision)) return decision.isUnmodified !== true;
        await this.#reload();
      }
      throw new AppContentionError(appId);
    });
  }

  async #put({ change, placeholders = [] }: Decision): Promise<boolean> {
    const { app, left, returned } = change;
    const seen = this.#apps.get(app.id)?.revision ?? 0;
    const nowMs = this.#clock.now();
    const { isStored, revision } = await putApp(this.#store, change, seen, placeholders, nowMs);
    if (!isStored) return false;
    this.#apps.set(app.id, { app, revision });
    for (const id of placeholders) this.#apps.delete(id);
    for (const id of returned) this.#archived.delete(id);
    this.#archive(left);
    this.#noteChange(revision);
    return true;
  }

  async #tryToRemove(appId: AppId): Promise<boolean> {
    for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
      const stored = this.#apps.get(appId);
      if (stored === undefined) return false;
      const { isStored, revision } = await removeApp(this.#store, stored, this.#clock.now());
      if (isStored) {
        this.#apps.delete(appId);
        this.#archive(stored.app.functions);
        this.#noteChange(revision);
        return true;
      }
      await this.#reload();
    }
    throw new AppContentionError(appId);
  }

  async #reload(): Promise<void> {
    const loaded = await loadApps(this.#store, this.#changesSeen);
    if (loaded === null) return;
    const before = new Map(this.#apps);
    this.#apps.clear();
    for (const stored of loaded.apps) {
      const known = before.get(stored.app.id);
      // What has not changed stays the same object; see clearError.
      this.#apps.set(stored.app.id, known?.revision === stored.revision ? known : stored);
    }
    this.#archived.clear();
    for (const fn of loaded.archived) this.#archived.set(fn.id, fn);
    this.#changesSeen = loaded.changes;
    this.#rebuild();
  }

  #archive(functions: readonly FunctionDefinition[]): void {
    for (const fn of functions) this.#archived.set(fn.id, fn);
    for (const [oldest] of this.#archived) {
      if (this.#archived.size <= archivedFunctionsMax) return;
      this.#archived.delete(oldest);
    }
  }

  #noteChange(changes: number): void {
    // A gap is another process's change: the next refresh is not to skip it.
    if (changes === this.#changesSeen + 1) this.#changesSeen = changes;
    this.#rebuild();
  }

  #rebuild(): void {
    const functions = this.apps().flatMap((app) => app.functions);
    this.#functions = new Map(functions.map((fn) => [fn.id, fn]));
    // Of two functions with one slug the first keeps it, whatever comes later.
    this.#bySlug = new Map([...functions].reverse().map((fn) => [fn.slug, fn]));
    this.#triggers = new TriggerIndex(functions);
    // Removed ones too: their runs go on.
    const known = [...functions, ...this.#archived.values()];
    this.#cancelNames = new Set(known.flatMap((fn) => fn.cancel.map(({ event }) => event)));
    for (const listener of this.#listeners) listener();
  }

  #exclusively<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#last.then(change);
    // The next change must run whatever becomes of this one; its caller hears of a failure.
    this.#last = result.catch(() => undefined);
    return result;
  }
}

interface Decision {
  readonly change: AppChange;
  /** Placeholders to remove with it. */
  readonly placeholders?: readonly AppId[];
  /** Whether the app itself stays as it was. */
  readonly isUnmodified?: boolean;
}

/** Other processes kept changing an app while this one tried to; the sync can be tried again. */
export class AppContentionError extends Error {
  readonly code = 'app_contention';
  constructor(appId: AppId) {
    super(`app ${appId} was changed by other servers ${attemptsMax} times in a row; sync it again`);
    this.name = 'AppContentionError';
  }
}

function placeholder(id: AppId, url: string, error: string): AppDefinition {
  return {
    ...{ id, name: '', url, error, checksum: '', syncedAtMs: 0, functions: [] },
    ...{ sdkLanguage: '', sdkVersion: '', framework: '', appVersion: '', method: 'serve' },
  };
}
