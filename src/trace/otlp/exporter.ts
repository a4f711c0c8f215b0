/**
 * Exports the server's own spans to an OpenTelemetry collector over OTLP/HTTP, as the standard OTEL_* variables say.
 * Best effort, and never in the way: what does not fit or does not arrive is dropped and counted. Spans of user code
 * are not sent again: apps export those themselves. Sampling (`OTEL_TRACES_SAMPLER`) is left to the collector.
 */
import type { Clock, Timer } from '../../lib/clock.ts';
import type { LogFields, Logger } from '../../lib/logger.ts';
import { type Fetch, type Sent, send } from './collector.ts';
import { type Complain, complaints } from './complaints.ts';
import type { ExportBatch } from './exporter_message.ts';
import { type Env, type ExporterSettings, readExporterSettings } from './exporter_settings.ts';
import { type ExporterThread, exporterThread } from './exporter_thread.ts';

export interface OtlpExporter {
  /** Facts as history recorded them. Never blocks, never throws. */
  offer(factTexts: readonly string[]): void;
  stats(): ExporterStats;
  /** Sends what waits, for five seconds at most. */
  close(): Promise<void>;
}

export interface ExporterStats {
  /** Spans that the collector took. */
  readonly exported: number;
  /** Spans that were lost; of facts that could not be taken in, each counts as one. */
  readonly dropped: number;
  /** Spans that wait. */
  readonly queued: number;
  /** Requests that failed, each attempt of its own. */
  readonly failures: number;
}

export interface ExporterParts {
  readonly clock: Clock;
  readonly log: Pick<Logger, 'warn'>;
  readonly fetch?: Fetch;
  /** From 0 to 1. */
  readonly random?: () => number;
}

/** A collector that is away for longer than these take (five minutes) costs the batch. */
const attemptsMax = 10;
const backoffMsMin = 1_000;
const backoffMsMax = 60_000;
const retryAfterMsMax = 5 * 60_000;
const closeMsMax = 5_000;
/** Facts on their way to the thread. */
const factsInFlightMax = 100_000;
const charsInFlightMax = 32 * 1024 * 1024;
/** By far the most bytes, and never a span. */
const eventPrefix = '{"t":"event"';

/** Null when no collector is named. Throws `OtlpSettingsError` for a variable that cannot be used. */
export function createOtlpExporter(env: Env, parts: ExporterParts): OtlpExporter | null {
  const settings = readExporterSettings(env);
  return settings === null ? null : new Exporter(settings, parts);
}

class Exporter implements OtlpExporter {
  readonly #settings: ExporterSettings;
  readonly #clock: Clock;
  readonly #fetch: Fetch;
  readonly #random: () => number;
  readonly #thread: ExporterThread;
  readonly #complain: Complain;
  readonly #cancel = new AbortController();
  #exported = 0;
  #dropped = 0;
  #failures = 0;
  /** In the thread. */
  #queued = 0;
  /** In the batch that is being sent. */
  #sending = 0;
  #factsInFlight = 0;
  #charsInFlight = 0;
  #isDue = false;
  #timer: Timer | null = null;
  #loop: Promise<void> | null = null;
  #closing: Promise<void> | null = null;
  /** Ends the pause before the next attempt. */
  #wake: (() => void) | null = null;
  readonly #offers = new Set<Promise<void>>();

  constructor(settings: ExporterSettings, parts: ExporterParts) {
    this.#settings = settings;
    this.#clock = parts.clock;
    this.#fetch = parts.fetch ?? fetch;
    this.#random = parts.random ?? Math.random;
    const { origin, pathname } = new URL(settings.url);
    // A query can hold a key.
    this.#complain = complaints(parts.log, parts.clock, `${origin}${pathname}`);
    this.#thread = exporterThread(settings, (reason) => this.#lose(reason));
  }

  stats(): ExporterStats {
    return {
      exported: this.#exported,
      dropped: this.#dropped,
      queued: this.#queued + this.#sending,
      failures: this.#failures,
    };
  }

  offer(factTexts: readonly string[]): void {
    const texts = factTexts.filter((text) => !text.startsWith(eventPrefix));
    if (texts.length === 0) return;
    const chars = texts.reduce((sum, text) => sum + text.length, 0);
    const isFull =
      this.#factsInFlight + texts.length > factsInFlightMax ||
      this.#charsInFlight + chars > charsInFlightMax;
    if (isFull || this.#closing !== null) {
      this.#drop(texts.length, isFull ? 'more happens than can be exported' : 'it is closing');
      return;
    }
    const offer = this.#take(texts, chars).finally(() => this.#offers.delete(offer));
    this.#offers.add(offer);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #take(texts: readonly string[], chars: number): Promise<void> {
    this.#factsInFlight += texts.length;
    this.#charsInFlight += chars;
    const answer = await this.#thread.ask({ kind: 'facts', texts });
    this.#factsInFlight -= texts.length;
    this.#charsInFlight -= chars;
    if (answer === null) {
      this.#drop(texts.length, 'the thread that writes spans ended');
      return;
    }
    this.#queued = answer.queued;
    if (answer.dropped > 0) this.#drop(answer.dropped, 'the queue is full');
    this.#schedule();
  }

  #schedule(): void {
    if (this.#queued >= this.#settings.batchMax) this.#run();
    if (this.#queued === 0 || this.#timer !== null || this.#closing !== null) return;
    this.#timer = this.#clock.at(this.#clock.now() + this.#settings.delayMs, () => {
      this.#timer = null;
      this.#isDue = true;
      this.#run();
    });
  }

  #run(): void {
    this.#loop ??= this.#sendAll().finally(() => {
      this.#loop = null;
      this.#schedule();
    });
  }

  /** Full batches; all there is when it is time, or when the exporter closes. */
  async #sendAll(): Promise<void> {
    const { batchMax } = this.#settings;
    while (this.#queued >= batchMax || ((this.#isDue || this.#closing) && this.#queued > 0)) {
      const answer = await this.#thread.ask({ kind: 'take', spansMax: batchMax });
      if (answer === null) return;
      this.#queued = answer.queued;
      this.#isDue &&= answer.queued > 0;
      if (answer.batch !== null) await this.#deliver(answer.batch);
    }
  }

  async #deliver(batch: ExportBatch): Promise<void> {
    this.#sending = batch.spans;
    const outcome = await this.#attempt(batch.body);
    this.#sending = 0;
    if (outcome.kind !== 'accepted') {
      this.#drop(batch.spans, outcome.reason);
      return;
    }
    const rejected = Math.min(outcome.rejectedSpans, batch.spans);
    this.#exported += batch.spans - rejected;
    if (rejected > 0) this.#drop(rejected, `it rejected spans: ${outcome.message}`);
  }

  /** The last outcome, once it is good, final or too late. */
  async #attempt(body: Uint8Array): Promise<Sent> {
    const parts = { fetch: this.#fetch, clock: this.#clock, cancel: this.#cancel.signal };
    for (let attempt = 1; ; attempt += 1) {
      const sent = await send(body, this.#settings, parts);
      if (sent.kind === 'accepted') return sent;
      this.#failures += 1;
      const isLast = attempt >= attemptsMax || this.#cancel.signal.aborted;
      if (sent.kind === 'refused' || isLast) return sent;
      this.#complain('spans cannot be exported and are tried again', sent.reason, this.#totals());
      await this.#pause(attempt, sent.notBeforeMs);
    }
  }

  #pause(attempt: number, notBeforeMs: number | null): Promise<void> {
    const nowMs = this.#clock.now();
    const fullMs = Math.min(backoffMsMin * 2 ** (attempt - 1), backoffMsMax);
    const backoffMs = fullMs / 2 + (this.#random() * fullMs) / 2;
    const askedMs = notBeforeMs === null ? 0 : Math.min(notBeforeMs - nowMs, retryAfterMsMax);
    return new Promise((resolve) => {
      const timer = this.#clock.at(nowMs + Math.max(backoffMs, askedMs), resolve);
      this.#wake = () => {
        timer.cancel();
        resolve();
      };
      // Closing began while the request was under way.
      if (this.#cancel.signal.aborted) this.#wake();
    });
  }

  #totals(): LogFields {
    return { ...this.stats() };
  }

  #drop(count: number, reason: string): void {
    this.#dropped += count;
    this.#complain('spans were dropped', reason, this.#totals());
  }

  #lose(reason: string): void {
    const lost = this.#queued;
    this.#queued = 0;
    if (lost > 0) this.#drop(lost, `the thread that writes spans ended: ${reason}`);
  }

  async #close(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = null;
    const finished = this.#flush();
    // A pause that began before is cut short once: the collector may be back.
    this.#wake?.();
    const deadline = Promise.withResolvers<void>();
    const timer = this.#clock.at(this.#clock.now() + closeMsMax, deadline.resolve);
    await Promise.race([finished, deadline.promise]);
    timer.cancel();
    this.#cancel.abort();
    this.#wake?.();
    this.#thread.end();
    await finished;
    if (this.#queued > 0) this.#drop(this.#queued, 'the server ended');
    this.#queued = 0;
  }

  async #flush(): Promise<void> {
    await Promise.all(this.#offers);
    while (this.#loop !== null || this.#queued > 0) {
      if (this.#cancel.signal.aborted) return void (await this.#loop);
      this.#run();
      await this.#loop;
    }
  }
}
