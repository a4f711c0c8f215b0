/** The order of a run's facts. */
import { expect, test } from 'bun:test';
import fc from 'fast-check';
import type { Fact, TraceFact } from '../../../src/history/fact.ts';
import { factKey } from '../../../src/history/sql/fact_key.ts';
import { inOrder } from '../../../src/history/sql/fact_order.ts';
import { anyFact, metadataFact, stepFact } from '../facts.ts';

const step = (stepId: string, changes: Parameters<typeof stepFact>[0] = {}): TraceFact =>
  stepFact({ stepId, name: stepId, status: 'Completed', atMs: 5, ...changes });
const idsOf = (facts: readonly TraceFact[]): string[] =>
  facts.map((fact) => (fact.t === 'step' ? fact.stepId : fact.t));

test('steps that ended in the same millisecond come as they were reported', () => {
  const facts = [
    ...['z', 'm', 'a', 'k'].map((id, seq) => step(id, { seq, startedAtMs: 5 - seq })),
    metadataFact({ atMs: 5 }),
  ];
  const begun = step('z', { status: 'Queued', seq: 9 });
  const later = step('0', { atMs: 6, seq: 0 });
  const all = [begun, ...facts, later];
  fc.assert(
    fc.property(fc.shuffledSubarray(all, { minLength: all.length }), (shuffled) => {
      expect(shuffled.sort(inOrder)).toEqual(all);
    }),
  );
});

test('where older servers did not say how, they come as they began', () => {
  const facts = ['z', 'm', 'a'].map((id, index) =>
    step(id, { startedAtMs: 1 + index, seq: undefined }),
  );
  expect(idsOf(facts.toReversed().sort(inOrder))).toEqual(['z', 'm', 'a']);
});

test('any facts have one order, however they are found', () => {
  const isTrace = (fact: Fact): fact is TraceFact =>
    fact.t !== 'event' && !fact.t.startsWith('run.');
  const traceFact = anyFact.filter(isTrace).map((fact) => ({ ...fact, atMs: 5 }));
  const anyFacts = fc.uniqueArray(traceFact, { selector: factKey });
  fc.assert(
    fc.property(anyFacts, (facts) => {
      expect(facts.toReversed().sort(inOrder)).toEqual(facts.toSorted(inOrder));
    }),
  );
});
