/** Commits batches through the thread of `commit_worker.ts`, and starts it again if it dies. */
import type { CommitAnswer, CommitRequest } from './commit_worker.ts';
import type { Committer } from './committer.ts';
import type { Operand } from './row_ops.ts';

export class WorkerCommitter implements Committer {
  readonly #path: string;
  #worker: Worker | undefined;
  #waiting: { resolve(): void; reject(error: Error): void } | undefined;

  constructor(path: string) {
    this.#path = path;
    this.#worker = this.#start();
  }

  commit(ops: readonly Operand[]): Promise<void> {
    return this.#ask({ kind: 'commit', ops });
  }

  async close(): Promise<void> {
    try {
      await this.#ask({ kind: 'close' });
    } finally {
      const worker = this.#worker;
      this.#worker = undefined;
      worker?.terminate();
    }
  }

  #ask(request: CommitRequest): Promise<void> {
    if (this.#waiting) return Promise.reject(new Error('store: a batch is already in flight'));
    this.#worker ??= this.#start();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting = { resolve, reject };
    this.#worker.postMessage(request);
    return promise;
  }

  #start(): Worker {
    const worker = new Worker(new URL('./commit_worker.ts', import.meta.url), { smol: true });
    worker.onmessage = (event: MessageEvent<CommitAnswer>) => this.#answer(event.data.error);
    worker.onerror = (event) => this.#lose(worker, event.message);
    worker.addEventListener('close', () => this.#lose(worker, 'it ended'));
    worker.postMessage({ kind: 'open', path: this.#path } satisfies CommitRequest);
    return worker;
  }

  #answer(error: string | null): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (error === null) waiting?.resolve();
    else waiting?.reject(new Error(error));
  }

  #lose(worker: Worker, reason: string): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    this.#answer(`the storage thread failed: ${reason}`);
  }
}
