/** Values as evaluated documents have them, and what reading them says. */
import { expect } from 'bun:test';
import { readFunctions } from '../../../src/config/functions/read_functions.ts';
import { pathText } from '../../../src/config/value_path.ts';
import type { DeclaredFunction } from '../../../src/function/registration.ts';

export type Fields = Readonly<Record<string, unknown>>;

export const runtime = { type: 'http', url: 'http://127.0.0.1:9000/step' };

/** A step, after the given ones. */
export function step(...parents: readonly string[]): Fields {
  return { runtime, after: parents.map((parent) => ({ step: parent })) };
}

/** A function that is valid but for the changes. */
export function sampleFunction(changes: Fields = {}): Fields {
  return {
    id: 'review',
    name: 'Review',
    triggers: [{ event: 'shop/order.placed' }],
    steps: { a: { id: 'a', name: '', path: '', runtime } },
    ...changes,
  };
}

export function evaluated(value: unknown, name = 'inngest.cue') {
  // Hand-made values have any shape: reading them is what is tested.
  return { source: { name, text: '' }, value: value as Fields };
}

/** `path: first line of the message` of every problem. */
export function problemsOf(value: unknown): string[] {
  return readFunctions([evaluated(value)]).findings.map(lineOf);
}

export function warningsOf(value: unknown): string[] {
  const { findings, warnings } = readFunctions([evaluated(value)]);
  expect(findings).toEqual([]);
  return warnings.map(lineOf);
}

/** Problems of a function with these changes; paths begin below it. */
export function problems(changes: Fields): string[] {
  return problemsOf({ function: sampleFunction(changes) }).map(belowFunction);
}

export function warnings(changes: Fields): string[] {
  return warningsOf({ function: sampleFunction(changes) }).map(belowFunction);
}

/** The one function that the value declares without a problem. */
export function read(changes: Fields): DeclaredFunction {
  const { functions, findings } = readFunctions([evaluated({ function: sampleFunction(changes) })]);
  expect(findings).toEqual([]);
  const [first] = functions;
  if (first === undefined) throw new Error('no function was read');
  return first;
}

function belowFunction(line: string): string {
  return line.replace(/^function\.?/, '');
}

function lineOf({ path, message }: { path: readonly (string | number)[]; message: string }) {
  return `${pathText(path)}: ${message.split('\n')[0]}`;
}
