/**
 * How many user spans a run still has room for. This server counts what it takes; history is asked, for what there was
 * before and what other servers take, only about runs that have many, and then once a minute.
 */
import type { History } from '../history/history.ts';
import { HistoryUnavailableError } from '../history/history_error.ts';
import type { Clock } from '../lib/clock.ts';
import { Lru } from '../lib/lru.ts';
import { userlandBytes } from '../trace/otlp/userland.ts';

export const runSpansMax = 10_000;
export const runSpanBytesMax = 8 * 1024 * 1024;
/** Runs remembered; the least recently written to goes. */
const runsMax = 10_000;
const freshMs = 60_000;
/** Less than that is not worth a look: most runs never have more. */
const unreadSpansMax = 256;
const unreadBytesMax = 256 * 1024;

interface Usage {
  /** Null while history was not asked. */
  readAtMs: number | null;
  spans: number;
  bytes: number;
}

export class UserlandRoom {
  readonly #history: Pick<History, 'factsOf'>;
  readonly #clock: Clock;
  readonly #usages = new Lru<string, Usage>(runsMax);

  constructor(history: Pick<History, 'factsOf'>, clock: Clock) {
    this.#history = history;
    this.#clock = clock;
  }

  /** For one span. False when the run would have more than it may. */
  async take(runId: string, bytes: number): Promise<boolean> {
    const usage = this.#usages.get(runId) ?? { readAtMs: null, spans: 0, bytes: 0 };
    this.#usages.set(runId, usage);
    if (this.#isUnsure(usage, bytes)) await this.#read(runId, usage);
    if (usage.spans >= runSpansMax || usage.bytes + bytes > runSpanBytesMax) return false;
    usage.spans += 1;
    usage.bytes += bytes;
    return true;
  }

  /** Of a span that was taken but could not be stored. */
  giveBack(runId: string, bytes: number): void {
    const usage = this.#usages.get(runId);
    if (usage === undefined) return;
    usage.spans = Math.max(0, usage.spans - 1);
    usage.bytes = Math.max(0, usage.bytes - bytes);
  }

  #isUnsure({ readAtMs, spans, bytes }: Usage, more: number): boolean {
    if (readAtMs !== null) return this.#clock.now() - readAtMs >= freshMs;
    return spans >= unreadSpansMax || bytes + more > unreadBytesMax;
  }

  async #read(runId: string, usage: Usage): Promise<void> {
    // Requests that come meanwhile go by what is known.
    usage.readAtMs = this.#clock.now();
    try {
      const facts = await this.#history.factsOf(runId);
      const spans = facts.filter((fact) => fact.t === 'userland');
      const bytes = spans.reduce((sum, fact) => sum + userlandBytes(fact), 0);
      // What was taken a moment ago is still on its way there.
      usage.spans = Math.max(usage.spans, spans.length);
      usage.bytes = Math.max(usage.bytes, bytes);
    } catch (error) {
      // Spans wait in the outbox until history is back: what this server has taken has to do.
      if (!(error instanceof HistoryUnavailableError)) throw error;
    }
  }
}
