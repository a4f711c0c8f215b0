import { expect, test } from 'bun:test';
import type { Opcode } from '../../src/driver/opcode.ts';
import { opcodeFact, stepKind } from '../../src/executor/step_fact.ts';

const op = (changes: Partial<Opcode> = {}): Opcode => ({
  op: 'StepRun',
  id: 'a',
  displayName: 'a',
  opts: {},
  parallelMode: 'wait',
  ...changes,
});

function timesOf(a: number, b: number): unknown {
  const about = { runId: 'r', status: 'Completed', attempt: 0, nowMs: 1 } as const;
  const fact = JSON.parse(opcodeFact(op({ timing: { a, b } }), about)) as Record<string, unknown>;
  return [fact.startedAtMs, fact.durationMs];
}

test('a step has the times that its app says', () => {
  expect(timesOf(5_500_000, 1_500_000)).toEqual([5, 1.5]);
});

test('times that cannot be are left out of a fact, each by itself', () => {
  expect(timesOf(-1, 1_000_000)).toEqual([undefined, 1]);
  expect(timesOf(5_000_000, -1)).toEqual([5, undefined]);
  expect(timesOf(Number.NaN, Number.POSITIVE_INFINITY)).toEqual([undefined, undefined]);
  expect(timesOf(1e300, 0)).toEqual([undefined, 0]);
});

test('a type that no SDK sends is a step like any other, whatever objects call their own', () => {
  for (const type of ['constructor', '__proto__', 'toString', 'new', 7]) {
    expect(stepKind(op({ opts: { type } }))).toBe('run');
  }
  expect(stepKind(op({ opts: { type: 'step.ai.wrap' } }))).toBe('aiWrap');
});
