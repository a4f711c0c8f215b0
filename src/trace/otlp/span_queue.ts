/** Spans that wait to be sent, oldest first; when it is full, what comes is dropped. */
import { type ExportSpan, payloadBytes } from './export_span.ts';

/** Of payloads; without them the number of spans is the only bound. */
const bytesMax = 64 * 1024 * 1024;
/** A batch with payloads stays below what collectors take (OTLP receivers refuse beyond 20 MiB by default). */
const batchBytesMax = 8 * 1024 * 1024;

export class SpanQueue {
  readonly #spansMax: number;
  readonly #hasPayloads: boolean;
  #spans: ExportSpan[] = [];
  #bytes = 0;

  constructor(spansMax: number, hasPayloads: boolean) {
    this.#spansMax = spansMax;
    this.#hasPayloads = hasPayloads;
  }

  get length(): number {
    return this.#spans.length;
  }

  /** False when there is no room. */
  add(span: ExportSpan): boolean {
    const kept = this.#hasPayloads ? span : { ...span, payloads: [] };
    const bytes = payloadBytes(kept);
    if (this.#spans.length >= this.#spansMax || this.#bytes + bytes > bytesMax) return false;
    this.#spans.push(kept);
    this.#bytes += bytes;
    return true;
  }

  /** The oldest ones: at least one when there is any, at most `countMax`. */
  take(countMax: number): readonly ExportSpan[] {
    let [count, bytes] = [0, 0];
    for (const span of this.#spans) {
      const size = payloadBytes(span);
      if (count >= countMax || (count > 0 && bytes + size > batchBytesMax)) break;
      count += 1;
      bytes += size;
    }
    this.#bytes -= bytes;
    return this.#spans.splice(0, count);
  }
}
