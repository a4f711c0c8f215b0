/** Things that are told about runs from outside, on their way to history: userland spans and metadata. */
import type { Store } from '../store/store.ts';
import { factText, type MetadataFact, type UserlandSpanFact } from './fact.ts';

export type Annotation = UserlandSpanFact | MetadataFact;

export class Annotations {
  constructor(private readonly store: Store) {}

  /** All of them or none. Whether there is such a run is for history to know: facts may come before it. */
  async add(facts: readonly Annotation[]): Promise<void> {
    if (facts.length === 0) return;
    await this.store.run('history_append', [facts.length, ...facts.map(factText)]);
  }
}
