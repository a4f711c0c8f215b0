/** The data directory as this process holds it, also after it was deleted and made again. */
import { statSync } from 'node:fs';
import { type DirectoryLock, lockDirectory } from './directory_lock.ts';
import { type FileIdentity, identityOf } from './file_identity.ts';

export class HeldDirectory {
  #lock: DirectoryLock;
  /** What users, groups and others may do. */
  readonly #mode: number;

  /** Throws as `lockDirectory` does. */
  constructor(readonly dataDir: string) {
    this.#lock = lockDirectory(dataDir);
    this.#mode = statSync(dataDir).mode & 0o777;
  }

  get lock(): { readonly lockPath: string; readonly lock: FileIdentity } {
    return { lockPath: this.#lock.path, lock: this.#lock.file };
  }

  /** Makes the directory again as it was and locks it, when it is not ours any more. Throws as `lockDirectory` does. */
  retake(): void {
    if (identityOf(this.#lock.path) === this.#lock.file) return;
    const fresh = lockDirectory(this.dataDir, this.#mode);
    this.#lock.release();
    this.#lock = fresh;
  }

  release(): void {
    this.#lock.release();
  }
}
