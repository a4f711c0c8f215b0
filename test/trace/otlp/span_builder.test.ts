/** Which facts become spans. */
import { expect, test } from 'bun:test';
import { factText, type StepFact } from '../../../src/history/fact.ts';
import { SpanBuilder } from '../../../src/trace/otlp/span_builder.ts';

const ended: StepFact = {
  ...{ t: 'step', runId: 'r', stepId: 'a', name: 'a', kind: 'waitForEvent', attempt: 0 },
  ...{ status: 'Completed', atMs: 2_000, startedAtMs: 2_000 },
};
const begun: StepFact = { ...ended, status: 'Waiting', detail: { event: 'a/b' } };

test('a step whose result comes from another run has no span: it did not run', () => {
  const builder = new SpanBuilder();
  const build = (fact: StepFact, detail: StepFact['detail']) =>
    builder.build(factText({ ...fact, detail: { ...fact.detail, ...detail } }));
  expect(build(begun, { memoized_from: 'another' })).toBeNull();
  expect(build(ended, { memoized_from: 'another' })).toBeNull();
  // Nor does it leave anything behind that a span of the step would say.
  expect(build(ended, {})).toMatchObject({ name: 'wait', startMs: 2_000, endMs: 2_000 });
  expect(builder.build(factText(ended))).toBeNull();
});
