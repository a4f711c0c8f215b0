/**
 * Runs of the CUE command line in a thread of their own, which ends with the session: a document can keep neither the
 * server nor its memory.
 */
import type { CliAnswer, CliRequest, CliResult, CliRun } from './cli_message.ts';

export interface CliLimits {
  /** Of all runs between two calls of `renew`. Getting ready is not counted. */
  readonly wallMs: number;
  /** Of the program's memory in one run. */
  readonly memoryBytes: number;
}

/** Reading and compiling the program takes half a second; a machine that is busy gets its time. */
const readyMsMax = 60_000;

/** With which a Go program ends that fails itself; documents that are refused give 1. */
const panicCode = 2;

export type CliFailure = 'time' | 'memory' | 'depth' | 'crash';

/** The program was ended, or ended itself, before it answered. */
export class CliError extends Error {
  readonly failure: CliFailure;

  constructor(failure: CliFailure, message: string) {
    super(message);
    this.name = 'CliError';
    this.failure = failure;
  }
}

export class CliSession {
  readonly #limits: CliLimits;
  readonly #signal: AbortSignal | undefined;
  #worker: Worker | null = null;
  #leftMs: number;

  constructor(limits: CliLimits, signal?: AbortSignal) {
    this.#limits = limits;
    this.#signal = signal;
    this.#leftMs = limits.wallMs;
  }

  /** The next runs have the whole time again. */
  renew(): void {
    this.#leftMs = this.#limits.wallMs;
  }

  /** One at a time. Rejects with `CliError`, or with the signal's reason. */
  async run({ files, argv }: CliRun): Promise<CliResult> {
    this.#signal?.throwIfAborted();
    const tooLate = new CliError('time', tooMuch(`${this.#limits.wallMs / 1_000} s`));
    if (this.#leftMs <= 0) throw tooLate;
    const worker = await this.#ready();
    const request: CliRequest = { files, argv, memoryBytes: this.#limits.memoryBytes };
    const startedMs = performance.now();
    const answering = this.#answer(worker, this.#leftMs, tooLate).finally(() => {
      this.#leftMs -= performance.now() - startedMs;
    });
    worker.postMessage(request);
    return this.#resultOf(await answering);
  }

  #resultOf(answer: CliAnswer): CliResult {
    if (answer.kind === 'ran') {
      if (answer.code !== panicCode) return answer;
      throw crashed(answer.stderr.split('\n', 1)[0] ?? '');
    }
    // What is left of the program holds its memory.
    this.close();
    switch (answer.kind) {
      case 'over memory':
        throw new CliError(
          'memory',
          tooMuch(`${Math.round(this.#limits.memoryBytes / 2 ** 20)} MiB of memory`),
        );
      case 'too deep':
        throw new CliError(
          'depth',
          'it is nested too deeply: move parts of it into fields of their own',
        );
      case 'crashed':
        throw crashed(answer.reason);
      default:
        throw crashed('it answered out of turn');
    }
  }

  close(): void {
    this.#worker?.terminate();
    this.#worker = null;
  }

  async #ready(): Promise<Worker> {
    if (this.#worker !== null) return this.#worker;
    const worker = new Worker(new URL('./cli_worker.ts', import.meta.url), { smol: true });
    this.#worker = worker;
    const answer = await this.#answer(worker, readyMsMax, crashed('it does not get ready'));
    if (answer.kind === 'ready') return worker;
    this.close();
    throw crashed(answer.kind === 'crashed' ? answer.reason : 'it answered out of turn');
  }

  /** The next answer, or the end of the thread. */
  #answer(worker: Worker, withinMs: number, tooLate: CliError): Promise<CliAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<CliAnswer>();
    const onMessage = ({ data }: MessageEvent<CliAnswer>) => resolve(data);
    const onError = ({ message }: ErrorEvent) => end(crashed(message));
    const onClose = () => end(crashed('its thread ended'));
    const onAbort = () => end(this.#signal?.reason);
    const end = (reason: unknown) => {
      reject(reason);
      this.close();
    };
    const timer = setTimeout(() => end(tooLate), withinMs);
    worker.addEventListener('message', onMessage);
    worker.addEventListener('error', onError);
    worker.addEventListener('close', onClose);
    this.#signal?.addEventListener('abort', onAbort);
    if (this.#signal?.aborted) onAbort();
    return promise.finally(() => {
      clearTimeout(timer);
      worker.removeEventListener('message', onMessage);
      worker.removeEventListener('error', onError);
      worker.removeEventListener('close', onClose);
      this.#signal?.removeEventListener('abort', onAbort);
    });
  }
}

function tooMuch(limit: string): string {
  return `evaluating it takes more than ${limit}: look for long comprehensions and values that grow`;
}

function crashed(reason: string): CliError {
  return new CliError('crash', `CUE's command line failed: ${reason}`);
}
