/** What a rerun from a step starts with (execution.md §18). */
import { describe, expect, test } from 'bun:test';
import { presetFacts, resumptionFrom } from '../../src/executor/rerun_step.ts';
import type { StepFact } from '../../src/history/fact.ts';
import { stepKeyOf } from '../../src/trace/step_key.ts';

let atMs = 0;
const fact = (name: string, changes: Partial<StepFact> = {}): StepFact => {
  atMs += 1;
  return {
    ...{ t: 'step', runId: 'r', stepId: stepKeyOf(name), name, kind: 'run', op: 'StepRun' },
    ...{ status: 'Completed', attempt: 0, atMs, output: `{"data":"${name}"}`, ...changes },
  };
};
const wait = { kind: 'waitForEvent', op: 'WaitForEvent' };
/** The end of a wait says neither its opcode nor, sometimes, its name. */
const waitEnd = { kind: 'waitForEvent', op: undefined, name: '' };

const history: readonly StepFact[] = [
  fact('a'),
  fact('body', { stepId: 'step', kind: 'function', status: 'Errored' }),
  fact('failing', { status: 'Errored', op: 'StepError', output: '{"error":{}}' }),
  fact('wait', { ...wait, status: 'Waiting', output: undefined }),
  fact('nap', { kind: 'sleep', op: 'Sleep', status: 'Sleeping', output: undefined }),
  fact('planned', { op: 'StepPlanned', status: 'Queued', output: undefined }),
  fact('nap', { kind: 'sleep', op: undefined, output: 'null' }),
  fact('failing', { status: 'Failed', op: 'StepFailed', output: '{"error":{"message":"no"}}' }),
  fact('wait', { ...waitEnd, status: 'TimedOut', output: 'null' }),
  fact('a', { output: '{"data":"again"}' }),
  fact('b'),
  fact('ask', { kind: 'aiInfer', op: 'AIGateway' }),
  fact('c'),
];

function found(stepId: string, input?: string) {
  const outcome = resumptionFrom(history, { stepId, ...(input !== undefined && { input }) });
  if (outcome.kind !== 'found') throw new Error(outcome.kind);
  return outcome;
}
const key = stepKeyOf;
const beforeB: readonly (readonly [string, string])[] = [
  [key('a'), '{"data":"a"}'],
  [key('nap'), 'null'],
  [key('failing'), '{"error":{"message":"no"}}'],
  [key('wait'), 'null'],
];

describe('the step', () => {
  test.each([
    ['its hashed id', key('b')],
    ['its plain id', 'b'],
  ])('is found by %s, and the app is asked for it', (_, stepId) => {
    expect(found(stepId).target).toEqual({ stepId: key('b'), name: 'b' });
  });

  test('is found by its display name when no other has it', () => {
    const named = history.map((each) =>
      each.name === 'c' ? { ...each, name: 'Charge the card' } : each,
    );
    expect(resumptionFrom(named, { stepId: 'Charge the card' })).toMatchObject({
      kind: 'found',
      target: { stepId: key('c') },
    });
    const twice = [...named, fact('d', { name: 'Charge the card' })];
    expect(resumptionFrom(twice, { stepId: 'Charge the card' })).toEqual({
      kind: 'ambiguous_step',
    });
    expect(resumptionFrom(twice, { stepId: 'd' }).kind).toBe('found');
  });

  test('is none of what only looks like one', () => {
    for (const stepId of ['nobody', 'step', 'body', '']) {
      expect(resumptionFrom(history, { stepId })).toEqual({ kind: 'unknown_step' });
    }
  });

  test.each(['wait', 'nap', 'ask'])(
    '%s does not run in the app, so that it is discovered',
    (id) => {
      expect(found(id).target).toBeUndefined();
    },
  );

  test('of a server that did not record opcodes is known by its kind', () => {
    const older = history.map(({ op: _, ...rest }) => rest);
    expect(resumptionFrom(older, { stepId: 'b' })).toHaveProperty('target');
    expect(resumptionFrom(older, { stepId: 'ask' })).not.toHaveProperty('target');
  });
});

describe('what is kept', () => {
  test('are the first results of the steps that finished before it, in their order', () => {
    expect(found('b').preset).toEqual({ steps: beforeB, inputs: [] });
    expect(found('a').preset).toEqual({ steps: [], inputs: [] });
  });

  test('are all results when it never finished', () => {
    expect(found('planned').preset.steps.map(([id]) => id)).toEqual(
      ['a', 'nap', 'failing', 'wait', 'b', 'ask', 'c'].map((name) => key(name)),
    );
  });

  test('is its new input, as SDKs are given it', () => {
    expect(found('b', '[{"n":1}, "é"]').preset.inputs).toEqual([
      [key('b'), '{"input":[{"n":1}, "é"]}'],
    ]);
    expect(() => found('b', '{"n":1}')).toThrow('array');
    expect(() => found('b', 'nonsense')).toThrow();
  });

  test('is told to history as the new run’s own', () => {
    const facts = presetFacts(found('b'), { runId: 'new', originalRunId: 'r', nowMs: 99 });
    expect(facts.map((text) => JSON.parse(text)).at(0)).toEqual({
      ...{ t: 'step', runId: 'new', stepId: key('a'), name: 'a', kind: 'run', op: 'StepRun' },
      ...{
        status: 'Completed',
        attempt: 0,
        output: '{"data":"a"}',
        detail: { memoized_from: 'r' },
      },
      ...{ atMs: 99, startedAtMs: 99, seq: 0 },
    });
    const again = resumptionFrom(
      facts.map((text) => JSON.parse(text)),
      { stepId: 'wait' },
    );
    expect(again).toMatchObject({ preset: { steps: beforeB.slice(0, 3) } });
    expect(again).not.toHaveProperty('target');
  });

  test('is told with what only the beginnings of waits and sleeps say, each step in its place', () => {
    const asked = { event: 'a/b', timeout: '2030-01-01T00:00:00.000Z', event_id: 'asked' };
    const waited = [
      fact('planned', { op: 'StepPlanned', status: 'Queued', input: '[1]', output: undefined }),
      fact('wait', { ...wait, status: 'Waiting', input: '[2]', output: undefined, detail: asked }),
      fact('planned'),
      fact('wait', { ...waitEnd, output: '{}', detail: { event_id: 'answered' } }),
      fact('b'),
    ];
    const outcome = resumptionFrom(waited, { stepId: 'b' });
    if (outcome.kind !== 'found') throw new Error(outcome.kind);
    const told = presetFacts(outcome, { runId: 'new', originalRunId: 'r', nowMs: 99 });
    const waitSaid = { stepId: key('wait'), name: 'wait', op: 'WaitForEvent', seq: 1 };
    const memoized_from = 'r';
    expect(told.map((text) => JSON.parse(text))).toMatchObject([
      { stepId: key('planned'), status: 'Completed', op: 'StepRun', input: '[1]', seq: 0 },
      { ...waitSaid, status: 'Waiting', detail: { ...asked, memoized_from } },
      {
        ...waitSaid,
        status: 'Completed',
        input: '[2]',
        detail: { event_id: 'answered', memoized_from },
      },
    ]);
  });
});
