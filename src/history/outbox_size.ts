/**
 * About how much the outbox holds, as far as this server knows: what was announced to it, corrected by every page it
 * reads. Facts that nobody announced here (an earlier process wrote them) count as much as those of the page on average.
 */
import type { OutboxPage } from './outbox.ts';

export class OutboxSize {
  #facts = 0;
  #bytes = 0;

  get facts(): number {
    return this.#facts;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Facts were written. */
  add(facts: number, bytes: number): void {
    this.#facts += facts;
    this.#bytes += bytes;
  }

  /** The outbox was looked at. */
  see({ facts, length }: Pick<OutboxPage, 'facts' | 'length'>): void {
    const pageBytes = bytesOf(facts);
    const unknown = length - this.#facts;
    if (length === facts.length) this.#bytes = pageBytes;
    else if (unknown > 0) this.#bytes += unknown * (pageBytes / Math.max(1, facts.length));
    // Another server has carried some.
    else if (unknown < 0) this.#bytes *= length / this.#facts;
    this.#bytes = Math.max(this.#bytes, pageBytes);
    this.#facts = length;
  }

  /** The page has left the outbox. */
  drop({ facts }: Pick<OutboxPage, 'facts'>): void {
    this.#facts -= facts.length;
    this.#bytes = this.#facts <= 0 ? 0 : Math.max(0, this.#bytes - bytesOf(facts));
  }
}

function bytesOf(facts: readonly string[]): number {
  return facts.reduce((sum, fact) => sum + Buffer.byteLength(fact), 0);
}
