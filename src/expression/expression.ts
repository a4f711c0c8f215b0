/**
 * Expressions in CEL as Inngest functions use them (execution.md §24): conditions, keys, priorities.
 * cel-js reads the text; evaluation is our own, because data may be missing anywhere without an error.
 */

import { type Clock, systemClock } from '../lib/clock.ts';
import { Budget } from './budget.ts';
import { type Prepared, prepare, TextCache } from './compile_cache.ts';
import type { Run } from './frame.ts';
import { failureOfThrown, guarded } from './guard.ts';
import { textOf } from './text.ts';
import { Failure, isRecord, toPlain, typeNameOf, unknown, type Value } from './value.ts';

/** The data by variable name: `event`, `async`, `vars`. */
export type Variables = Readonly<Record<string, unknown>>;

export type Failed = { readonly ok: false; readonly message: string };
export type Compiled = { readonly ok: true; readonly expression: Expression } | Failed;
export type Evaluated<T> = { readonly ok: true; readonly value: T } | Failed;
/** `false` disables the control that the key is for (execution.md §15.1). */
export type EvaluatedKey = { readonly ok: true; readonly key: string | false } | Failed;

export interface Expression {
  readonly text: string;
  /**
   * The value in plain JavaScript: integers are numbers, timestamps and durations text, bytes base64.
   * A path that is missing as a whole is `false` (execution.md §24.3). `clock` answers `now()`.
   */
  evaluate(vars: Variables, clock?: Clock): Evaluated<unknown>;
}

/** Compiled texts are kept while both bounds hold; what was not used for long goes. */
const textsMax = 10_000;
const textCharsMax = 16 * 1024 * 1024;

interface CompiledText {
  readonly compiled: Compiled;
  readonly prepared: Prepared;
}

const texts = new TextCache<CompiledText>(textsMax, textCharsMax);

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
  return booleanOf(evaluateText(text, vars, clock));
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
  const key = result === false ? false : guarded(() => textOf(result));
  return key instanceof Failure ? { ok: false, message: failed(key).message } : { ok: true, key };
}

/** Evaluates a tree. The result may be `unknown` or a `Failure`; nothing is thrown. */
export function runProgram(run: Run, vars: Variables, clock: Clock, locals: Value[] = []): Value {
  const data = isRecord(vars) ? vars : {};
  try {
    return run({ vars: data, locals, budget: new Budget(), clock });
  } catch (error) {
    return failureOfThrown(error);
  }
}

/** The same for what `prepare` gave: who evaluates one condition often, or holds very many, keeps that. */
export function evaluatePrepared(
  prepared: Prepared,
  vars: Variables,
  clock: Clock = systemClock,
): Evaluated<boolean> {
  return booleanOf(runPrepared(prepared, vars, clock));
}

function evaluateText(text: string, vars: Variables, clock: Clock): Value {
  return runPrepared(compileText(text).prepared, vars, clock);
}

function runPrepared(prepared: Prepared, vars: Variables, clock: Clock): Value {
  if (!prepared.ok) return new Failure(prepared.message);
  return settle(runProgram(prepared.program.run, vars, clock, [prepared.literals]));
}

function booleanOf(result: Value): Evaluated<boolean> {
  if (result instanceof Failure) return { ok: false, message: result.message };
  if (typeof result === 'boolean') return { ok: true, value: result };
  const message = `expression did not return true or false, but a ${typeNameOf(result)}`;
  return { ok: false, message };
}

/** An expression that is nothing but a missing path is false (§24.3). */
function settle(value: Value): Value {
  if (value === unknown) return false;
  return value instanceof Failure ? failed(value) : value;
}

function failed({ message }: Failure): Failure {
  return new Failure(`expression errored: ${message}`);
}

function compileText(text: string): CompiledText {
  const known = texts.get(text);
  if (known !== undefined) return known;
  const prepared = prepare(text);
  const made = { prepared, compiled: prepared.ok ? compiledOf(text, prepared) : prepared };
  texts.set(text, made);
  return made;
}

function compiledOf(text: string, prepared: Prepared): Compiled {
  const expression: Expression = {
    text,
    evaluate(vars, clock = systemClock) {
      const value = runPrepared(prepared, vars, clock);
      if (value instanceof Failure) return { ok: false, message: value.message };
      const plain = guarded(() => ({ value: toPlain(value) }));
      if (plain instanceof Failure) return { ok: false, message: failed(plain).message };
      return { ok: true, value: plain.value };
    },
  };
  return { ok: true, expression };
}
