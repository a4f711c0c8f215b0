/**
 * Expressions in CEL as Inngest functions use them (execution.md §24): conditions, keys, priorities.
 * cel-js reads the text; evaluation is our own, because data may be missing anywhere without an error.
 */

import { type Clock, systemClock } from '../lib/clock.ts';
import { Budget, BudgetExceeded } from './budget.ts';
import type { Run } from './frame.ts';
import { compileNode } from './program.ts';
import { type Node, parse } from './syntax.ts';
import { textOf } from './text.ts';
import { Failure, isRecord, isTruthy, toPlain, typeNameOf, unknown, type Value } from './value.ts';

/** The data by variable name: `event`, `async`, `vars`. */
export type Variables = Readonly<Record<string, unknown>>;

export type Failed = { readonly ok: false; readonly message: string };
export type Compiled = { readonly ok: true; readonly expression: Expression } | Failed;
export type Evaluated<T> = { readonly ok: true; readonly value: T } | Failed;
/** `false` disables the control that the key is for (execution.md §15.1). */
export type EvaluatedKey = { readonly ok: true; readonly key: string | false } | Failed;

export interface Expression {
  readonly text: string;
  readonly tree: Node;
  /**
   * The value in plain JavaScript: integers are numbers, timestamps and durations text, bytes base64.
   * A path that is missing as a whole is `false` (execution.md §24.3). `clock` answers `now()`.
   */
  evaluate(vars: Variables, clock?: Clock): Evaluated<unknown>;
}

/** Compiled texts are kept while both bounds hold; the least recently used goes first. */
const cacheEntriesMax = 10_000;
const cacheCharsMax = 16 * 1024 * 1024;

interface CompiledText {
  readonly compiled: Compiled;
  readonly run: Run;
}

const cache = new Map<string, CompiledText>();
let cacheChars = 0;

/** Never throws. Failures are cached too: a broken condition may be met at every event. */
export function compile(text: string): Compiled {
  return compileText(text).compiled;
}

/** A condition's answer. Anything but a boolean is an error (execution.md §24.5). */
export function evaluateBoolean(
  text: string,
  vars: Variables,
  clock: Clock = systemClock,
): Evaluated<boolean> {
  const result = evaluateText(text, vars, clock);
  if (result instanceof Failure) return { ok: false, message: result.message };
  if (typeof result === 'boolean') return { ok: true, value: result };
  const message = `expression did not return true or false, but a ${typeNameOf(result)}`;
  return { ok: false, message };
}

/**
 * The stable text of a key: strings as they are, everything else in one canonical form, so that equal
 * values always share a key. Missing paths and `false` are `false` (execution.md §15.1).
 */
export function evaluateKey(
  text: string,
  vars: Variables,
  clock: Clock = systemClock,
): EvaluatedKey {
  const result = evaluateText(text, vars, clock);
  if (result instanceof Failure) return { ok: false, message: result.message };
  return { ok: true, key: result === false ? false : textOf(result) };
}

/** Evaluates a tree. The result may be `unknown` or a `Failure`; nothing is thrown. */
export function runProgram(run: Run, vars: Variables, clock: Clock, isStrict = false): Value {
  const data = isRecord(vars) ? vars : {};
  try {
    return run({ vars: data, locals: [], budget: new Budget(), clock, isStrict });
  } catch (error) {
    if (error instanceof BudgetExceeded) return new Failure(error.message);
    // Data nested too deeply to compare or print exhausts the stack.
    if (error instanceof RangeError) return new Failure('the data is nested too deeply');
    throw error;
  }
}

/**
 * A condition for searching: whether a document satisfies it. What the document lacks and what does not fit its
 * types fails the operation that meets it, as in CEL, and a failure is no match. Only `== null` and `!= null` can be
 * asked of what is missing. Never throws.
 */
export function compileCondition(tree: Node): (vars: Variables) => boolean {
  const run = compileNode(tree, []);
  return (vars) => isTruthy(runProgram(run, vars, systemClock, true));
}

function evaluateText(text: string, vars: Variables, clock: Clock): Value {
  const { compiled, run } = compileText(text);
  return compiled.ok ? settle(runProgram(run, vars, clock)) : new Failure(compiled.message);
}

/** An expression that is nothing but a missing path is false (§24.3). */
function settle(value: Value): Value {
  if (value === unknown) return false;
  return value instanceof Failure ? new Failure(`expression errored: ${value.message}`) : value;
}

function compileText(text: string): CompiledText {
  const known = cache.get(text);
  if (known !== undefined) {
    cache.delete(text);
    cache.set(text, known);
    return known;
  }
  const made = makeExpression(text);
  cache.set(text, made);
  cacheChars += text.length;
  for (const [oldest] of cache) {
    if (cache.size <= cacheEntriesMax && cacheChars <= cacheCharsMax) break;
    cache.delete(oldest);
    cacheChars -= oldest.length;
  }
  return made;
}

function makeExpression(text: string): CompiledText {
  const parsed = parse(text);
  if (!parsed.ok) return { compiled: parsed, run: () => new Failure(parsed.message) };
  const run = compileNode(parsed.tree, []);
  const expression: Expression = {
    text,
    tree: parsed.tree,
    evaluate(vars, clock = systemClock) {
      const value = settle(runProgram(run, vars, clock));
      if (value instanceof Failure) return { ok: false, message: value.message };
      return { ok: true, value: toPlain(value) };
    },
  };
  return { compiled: { ok: true, expression }, run };
}
