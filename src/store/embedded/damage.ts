/** What is wrong with a database. It is refused as a whole: half of it could repeat work that was done, or lose some. */
import { SQLiteError } from 'bun:sqlite';

/** So many are described; the others are counted. */
const describedMax = 5;
const keyCharsMax = 120;

export class DamagedDatabaseError extends Error {
  readonly code = 'database_damaged';
  override readonly name = 'DamagedDatabaseError';

  /** `what` says what is damaged, as the rest of the sentence "FILE is damaged: …". */
  constructor(path: string, what: string, cause?: unknown) {
    super(
      `${path} is damaged: ${what}. Nothing was loaded and nothing was changed. ` +
        'Stop what uses the data directory and put a backup in its place with `inngest restore`; keep the damaged files ' +
        'for as long as they may be needed to find out what happened',
      { cause },
    );
  }
}

/** Collects damaged records, so that the message tells how far the damage goes. */
export class Damage {
  #count = 0;
  readonly #described: string[] = [];

  constructor(private readonly path: string) {}

  /** `where` is a key, or a row that has none. */
  note(where: string, what: string): void {
    this.#count += 1;
    if (this.#described.length < describedMax) this.#described.push(`${shown(where)}: ${what}`);
  }

  /** Throws when anything was noted. */
  refuse(): void {
    if (this.#count === 0) return;
    const records = this.#count === 1 ? '1 damaged record' : `${this.#count} damaged records`;
    const more = this.#count - this.#described.length;
    const rest = more > 0 ? `; and ${more} more` : '';
    throw new DamagedDatabaseError(this.path, `${records} (${this.#described.join('; ')}${rest})`);
  }
}

/** A damaged key may be anything. */
function shown(where: string): string {
  const text = JSON.stringify(where).slice(1, -1);
  return text.length > keyCharsMax ? `${text.slice(0, keyCharsMax)}…` : text;
}

/** An error in statements that never change is one in the schema that they meet. */
const damageCodes = /^SQLITE_(CORRUPT|NOTADB|ERROR)/;

export function isDamage(error: unknown): boolean {
  return error instanceof SQLiteError && damageCodes.test(error.code ?? '');
}

/** Runs what reads a database; what SQLite says about damage becomes a `DamagedDatabaseError`. */
export function refusingDamage<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!isDamage(cause)) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DamagedDatabaseError(path, `SQLite says "${reason}"`, cause);
  }
}
