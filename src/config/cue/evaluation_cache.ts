/** Values of documents that were evaluated before, by what the value depends on: text, schema and engine. */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { dependencies } from '../../../package.json' with { type: 'json' };
import { schemaTexts } from './schema.ts';

export type DocumentValue = Readonly<Record<string, unknown>>;

/** Of one value as JSON; what is larger is evaluated again. */
const entryBytesMax = 1024 * 1024;
const entriesMax = 256;
/** To be raised when the same text comes to give another value for a reason that is not in the key. */
const format = 1;

const entrySchema = z.object({ key: z.string(), value: z.record(z.string(), z.unknown()) });

const context = JSON.stringify([format, dependencies['cue-wasm'], ...schemaTexts]);

export class EvaluationCache {
  readonly #folder: string;
  readonly #warn: (message: string) => void;

  /** Values may hold secrets that came from the environment: only the user of the server can read them. */
  constructor(dataDir: string, warn: (message: string) => void) {
    this.#folder = join(dataDir, 'documents');
    this.#warn = warn;
  }

  /** Null when there is none, or none that can be read: then the document is evaluated. */
  async find(text: string): Promise<DocumentValue | null> {
    const key = keyOf(text);
    const path = this.#path(key);
    try {
      const entry = entrySchema.safeParse(JSON.parse(await readFile(path, 'utf8')));
      if (!entry.success || entry.data.key !== key) return null;
      const now = new Date();
      await utimes(path, now, now);
      return entry.data.value;
    } catch {
      // Missing or damaged, which costs an evaluation and is put right by it.
      return null;
    }
  }

  /** A cache that cannot be written makes starting slower and nothing else. */
  async keep(text: string, value: DocumentValue): Promise<void> {
    const key = keyOf(text);
    const entry = JSON.stringify({ key, value });
    if (Buffer.byteLength(entry) > entryBytesMax) return;
    const temporary = join(this.#folder, `${randomUUID()}.part`);
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      await writeFile(temporary, entry, { mode: 0o600, flag: 'wx' });
      await rename(temporary, this.#path(key));
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

function keyOf(text: string): string {
  return createHash('sha256').update(context).update('\0').update(text).digest('hex');
}
