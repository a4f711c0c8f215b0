/** Reads a batch of fact texts: those that can be understood, and what is wrong with the others. */
import type { Fact } from './fact.ts';
import { eventNameOf, parseFact } from './fact_schema.ts';
import type { FactRejection } from './history_error.ts';

/** A fact that has been read, ready to be written. */
export interface ReadFact {
  readonly fact: Fact;
  /** As it came. */
  readonly text: string;
  /** Of the event; empty for other facts. */
  readonly eventName: string;
  /** Place in the batch. */
  readonly index: number;
}

export interface FactReading {
  readonly facts: readonly ReadFact[];
  readonly rejections: readonly FactRejection[];
}

export function readFacts(texts: readonly string[]): FactReading {
  const facts: ReadFact[] = [];
  const rejections: FactRejection[] = [];
  for (const [index, text] of texts.entries()) {
    try {
      const fact = parseFact(text);
      const eventName = fact.t === 'event' ? eventNameOf(fact.payload) : '';
      facts.push({ fact, text, eventName, index });
    } catch (error) {
      rejections.push({ index, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  return { facts, rejections };
}
