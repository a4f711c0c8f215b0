/** One thread with an engine in it, from its start to its end: evaluates texts until one of them is too much for it. */
import type { CueAnswer, CueRequest, TextAnswer } from './cue_message.ts';
import {
  crashMessage,
  lostMessage,
  slowMessage,
  startMessage,
  togetherMessage,
} from './stop_message.ts';

export interface EvaluationLimits {
  /** For each document; all documents of one round have this time and a little more for each. */
  readonly wallMs: number;
  /** Of the engine, all documents of a round together. */
  readonly memoryBytes: number;
}

/** `stopped`: nothing is known about the document, but why it was given up. */
export type TextOutcome =
  | Exclude<TextAnswer, { kind: 'lost' }>
  | { readonly kind: 'stopped'; readonly message: string };

export interface ThreadParts {
  readonly limits: EvaluationLimits;
  readonly startWorker: () => Worker;
  readonly signal: AbortSignal | undefined;
}

export interface ThreadResult {
  /** Of the first texts, at least one. */
  readonly outcomes: readonly TextOutcome[];
  /** That evaluating took, without the start of the engine. */
  readonly spentMs: number;
}

/** Of the engine's start, on a machine that is busy with other things. */
const startMs = 30_000;

export class CueThread {
  readonly #texts: readonly string[];
  readonly #parts: ThreadParts;
  readonly #allowedMs: number;
  readonly #outcomes: TextOutcome[] = [];
  readonly #result = Promise.withResolvers<ThreadResult>();
  #worker: Worker | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #startedMs: number | null = null;
  #isOver = false;

  /** `allowedMs`: for all texts together. */
  constructor(texts: readonly string[], allowedMs: number, parts: ThreadParts) {
    this.#texts = texts;
    this.#allowedMs = allowedMs;
    this.#parts = parts;
  }

  /** Rejects only with the reason of the signal. */
  run(): Promise<ThreadResult> {
    const { signal, startWorker, limits } = this.#parts;
    signal?.addEventListener('abort', this.#abort);
    this.#limit(startMs, startMessage(`no answer within ${startMs / 1000} s`));
    try {
      const worker = startWorker();
      this.#worker = worker;
      worker.onmessage = (event: MessageEvent<CueAnswer>) => this.#take(event.data);
      worker.onerror = (event) => {
        event.preventDefault();
        this.#lose(crashMessage(reasonIn(event.message)));
      };
      worker.addEventListener('close', () => this.#lose(crashMessage('its thread ended')));
      const { memoryBytes } = limits;
      worker.postMessage({ texts: this.#texts, memoryBytes } satisfies CueRequest);
    } catch (error) {
      this.#lose(startMessage(error instanceof Error ? error.message : String(error)));
    }
    return this.#result.promise;
  }

  readonly #abort = (): void => {
    this.#close();
    this.#result.reject(this.#parts.signal?.reason);
  };

  #take(answer: CueAnswer): void {
    if (this.#isOver) return;
    if (answer.kind === 'failed to start') this.#lose(startMessage(answer.reason));
    else if (answer.kind === 'lost')
      this.#lose(lostMessage(answer, this.#parts.limits.memoryBytes));
    else {
      if (answer.kind === 'started') this.#startedMs = performance.now();
      else this.#outcomes.push(answer);
      if (this.#outcomes.length === this.#texts.length) this.#end();
      else this.#limitNext();
    }
  }

  #spentMs(): number {
    return this.#startedMs === null ? 0 : performance.now() - this.#startedMs;
  }

  #limitNext(): void {
    const { wallMs } = this.#parts.limits;
    const leftMs = this.#allowedMs - this.#spentMs();
    if (leftMs < wallMs) this.#limit(leftMs, togetherMessage);
    else this.#limit(wallMs, slowMessage(wallMs));
  }

  #limit(ms: number, message: string): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#lose(message), Math.max(0, ms));
  }

  /** The text in work is the cause; without an engine no other one would fare better. */
  #lose(message: string): void {
    if (this.#isOver) return;
    const missing = this.#texts.length - this.#outcomes.length;
    const count = this.#startedMs === null ? missing : 1;
    for (let lost = 0; lost < count; lost += 1) this.#outcomes.push({ kind: 'stopped', message });
    this.#end();
  }

  #end(): void {
    const result = { outcomes: this.#outcomes, spentMs: this.#spentMs() };
    this.#close();
    this.#result.resolve(result);
  }

  #close(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#parts.signal?.removeEventListener('abort', this.#abort);
    this.#worker?.terminate();
  }
}

/** An error that nobody caught comes with the code around it. */
function reasonIn(message: string): string {
  return /^error: (.+)$/m.exec(message)?.[1] ?? message.trim().split('\n', 1)[0] ?? '';
}
