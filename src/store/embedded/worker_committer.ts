/** Commits batches through the thread of `commit_worker.ts`, and starts it again if it dies. */
import { CommitError, codeOf, goneCode, threadCode } from './commit_error.ts';
import type { CommitAnswer, CommitRequest } from './commit_worker.ts';
import type { Committer } from './committer.ts';
import type { FileIdentity } from './file_identity.ts';
import type { Operand } from './row_ops.ts';
import type { StoreGround } from './store_file.ts';

interface Waiting {
  resolve(answer: CommitAnswer): void;
  reject(error: Error): void;
}

export class WorkerCommitter implements Committer {
  #ground: StoreGround;
  readonly #lockNow: () => FileIdentity;
  #worker: Worker | undefined;
  #waiting: Waiting | undefined;
  #isClosed = false;

  /** `lockNow` tells which lock file this process holds when a new database is written. */
  constructor(ground: StoreGround, lockNow: () => FileIdentity) {
    this.#ground = ground;
    this.#lockNow = lockNow;
    this.#worker = this.#start();
  }

  async commit(ops: readonly Operand[]): Promise<void> {
    // One text crosses to another thread in half the time that this many values take.
    await this.#ask({ kind: 'commit', ops: JSON.stringify(ops) });
  }

  async renew(ops: readonly Operand[]): Promise<void> {
    const lock = this.#lockNow();
    const { database } = await this.#ask({ kind: 'renew', ops, lock });
    // For a thread that may have to be started later.
    this.#ground = { ...this.#ground, lock, database: database ?? null };
  }

  /** After code `database_gone` everything can still be written anew; then this is called again. */
  async close(): Promise<void> {
    try {
      await this.#ask({ kind: 'close' });
    } catch (error) {
      if (codeOf(error) !== goneCode) this.#endForGood();
      throw error;
    }
    this.#endForGood();
  }

  /** Ends the thread, whatever it is doing. The next batch starts another. */
  end(): void {
    const worker = this.#worker;
    this.#worker = undefined;
    worker?.terminate();
    if (worker)
      this.#answer({ error: { message: 'the storage thread was ended', code: threadCode } });
  }

  #endForGood(): void {
    this.#isClosed = true;
    this.end();
  }

  #ask(request: CommitRequest): Promise<CommitAnswer> {
    if (this.#isClosed) return Promise.reject(new Error('store: the database has been closed'));
    if (this.#waiting) return Promise.reject(new Error('store: a batch is already in flight'));
    this.#worker ??= this.#start();
    const { promise, resolve, reject } = Promise.withResolvers<CommitAnswer>();
    this.#waiting = { resolve, reject };
    this.#worker.postMessage(request);
    return promise;
  }

  #start(): Worker {
    const worker = new Worker(new URL('./commit_worker.ts', import.meta.url), { smol: true });
    worker.onmessage = (event: MessageEvent<CommitAnswer>) => {
      if (this.#worker === worker) this.#answer(event.data);
    };
    worker.onerror = (event) => this.#lose(worker, event.message);
    worker.addEventListener('close', () => this.#lose(worker, 'it ended'));
    worker.postMessage({ kind: 'open', ground: this.#ground } satisfies CommitRequest);
    return worker;
  }

  #answer(answer: CommitAnswer): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    const { error } = answer;
    if (error === null) waiting?.resolve(answer);
    else waiting?.reject(new CommitError(error.message, error.code));
  }

  #lose(worker: Worker, reason: string): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    const message = `the storage thread failed: ${reason}`;
    this.#answer({ error: { message, code: threadCode } });
  }
}
