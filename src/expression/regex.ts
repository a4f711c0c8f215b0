/**
 * `matches`: regular expressions in time linear in the text, as RE2 does. A backtracking engine would let
 * one trigger condition stop the server.
 */

import type { Budget } from './budget.ts';
import { patternCharsMax, patternInstructionsMax, regexStepsPerVisit } from './limits.ts';
import { type CharTest, isWordChar } from './regex_class.ts';
import { type Assertion, type Pattern, parseRegex, RegexProblem } from './regex_syntax.ts';
import { Failure } from './value.ts';

type Instruction =
  | { readonly kind: 'char'; readonly test: CharTest }
  | { readonly kind: 'assert'; readonly assertion: Assertion }
  /** Goes on at both places; `at` is filled in once the code in between is known. */
  | { kind: 'split'; first: number; second: number }
  | { kind: 'jump'; to: number }
  | { readonly kind: 'match' };

type Program = readonly Instruction[];

const programsMax = 200;

/** So few that little is done before it is paid for, and so many that paying costs nothing. */
const stepsPerPayment = 1_024;

/** Most texts meet the same few patterns; the oldest is dropped first. */
const programs = new Map<string, Program | Failure>();

/** Whether the pattern occurs anywhere in the text. */
export function matchesRegex(text: string, pattern: string, budget: Budget): boolean | Failure {
  // A pattern made from data may be another one each time.
  budget.spend(pattern.length);
  const program = programOf(pattern);
  if (program instanceof Failure) return program;
  budget.spend(program.length);
  return new Search(program, text, budget).run();
}

/** Why the text is no pattern, or null. */
export function regexProblem(pattern: string): string | null {
  const program = programOf(pattern);
  return program instanceof Failure ? program.message : null;
}

function programOf(pattern: string): Program | Failure {
  const known = programs.get(pattern);
  if (known !== undefined) return known;
  if (pattern.length > patternCharsMax) {
    return new Failure(`regular expression has more than ${patternCharsMax} characters`);
  }
  const program = compileRegex(pattern);
  const oldest = programs.keys().next();
  if (programs.size >= programsMax && !oldest.done) programs.delete(oldest.value);
  programs.set(pattern, program);
  return program;
}

function compileRegex(pattern: string): Program | Failure {
  try {
    const program: Instruction[] = [];
    emit(parseRegex(pattern), program);
    program.push({ kind: 'match' });
    return program;
  } catch (error) {
    if (error instanceof RegexProblem)
      return new Failure(`invalid regular expression: ${error.message}`);
    throw error;
  }
}

function emit(pattern: Pattern, program: Instruction[]): void {
  if (program.length > patternInstructionsMax) throw new RegexProblem('expression is too large');
  switch (pattern.kind) {
    case 'char':
    case 'assert':
      program.push(pattern);
      return;
    case 'sequence':
      for (const part of pattern.parts) emit(part, program);
      return;
    case 'choice':
      emitChoice(pattern.parts, program);
      return;
    case 'repeat':
      emitRepeat(pattern.part, pattern.min, pattern.max, program);
  }
}

function emitChoice(parts: readonly Pattern[], program: Instruction[]): void {
  const jumps: { to: number }[] = [];
  for (const part of parts.slice(0, -1)) {
    const split = { kind: 'split' as const, first: program.length + 1, second: 0 };
    program.push(split);
    emit(part, program);
    const jump = { kind: 'jump' as const, to: 0 };
    program.push(jump);
    jumps.push(jump);
    split.second = program.length;
  }
  for (const part of parts.slice(-1)) emit(part, program);
  for (const jump of jumps) jump.to = program.length;
}

function emitRepeat(part: Pattern, min: number, max: number | null, program: Instruction[]): void {
  const start = program.length;
  for (let i = 0; i < min; i++) {
    emit(part, program);
    // Nothing repeated is nothing; nested empty groups would otherwise multiply into endless work.
    if (program.length === start) break;
  }
  if (max === null) {
    const split = { kind: 'split' as const, first: program.length + 1, second: 0 };
    const again = program.length;
    program.push(split);
    emit(part, program);
    program.push({ kind: 'jump', to: again });
    split.second = program.length;
    return;
  }
  const splits: { second: number }[] = [];
  for (let i = min; i < max; i++) {
    const split = { kind: 'split' as const, first: program.length + 1, second: 0 };
    program.push(split);
    splits.push(split);
    emit(part, program);
  }
  for (const split of splits) split.second = program.length;
}

/** One walk over a text, with the set of places in the program that the text so far can be at. */
class Search {
  private places: number[] = [];
  /** Of the character before; its array is used again. */
  private spare: number[] = [];
  private readonly pending: number[] = [];
  /** The character index at which a place was last entered, so that none is entered twice. */
  private readonly enteredAt: Int32Array;
  /** Instructions looked at and not paid for: each character may come to each of them, but most come to few. */
  private steps = 0;

  constructor(
    private readonly program: Program,
    private readonly text: string,
    private readonly budget: Budget,
  ) {
    this.enteredAt = new Int32Array(program.length).fill(-1);
  }

  run(): boolean {
    let at = 0;
    while (true) {
      // A match may start anywhere, so the program is entered anew at every character.
      if (this.enter(0, at)) return true;
      const code = this.text.codePointAt(at);
      if (code === undefined) return false;
      if (this.steps >= stepsPerPayment) this.pay();
      const before = this.places;
      this.places = this.spare;
      this.places.length = 0;
      this.spare = before;
      at += code > 0xffff ? 2 : 1;
      this.steps += before.length;
      for (const place of before) {
        const instruction = this.program[place];
        if (instruction?.kind === 'char' && instruction.test(code) && this.enter(place + 1, at)) {
          return true;
        }
      }
    }
  }

  private pay(): void {
    this.budget.spend(Math.ceil(this.steps / regexStepsPerVisit));
    this.steps = 0;
  }

  /** Follows everything that needs no character. True when the end of the program is reached. */
  private enter(start: number, at: number): boolean {
    const { pending } = this;
    pending.length = 0;
    pending.push(start);
    for (let place = pending.pop(); place !== undefined; place = pending.pop()) {
      this.steps += 1;
      if (this.enteredAt[place] === at) continue;
      this.enteredAt[place] = at;
      const instruction = this.program[place];
      switch (instruction?.kind) {
        case 'match':
          return true;
        case 'char':
          this.places.push(place);
          break;
        case 'jump':
          pending.push(instruction.to);
          break;
        case 'split':
          pending.push(instruction.second, instruction.first);
          break;
        case 'assert':
          if (this.holds(instruction.assertion, at)) pending.push(place + 1);
      }
    }
    return false;
  }

  private holds(assertion: Assertion, at: number): boolean {
    const before = this.text.charCodeAt(at - 1);
    const after = this.text.charCodeAt(at);
    switch (assertion) {
      case 'textStart':
        return at === 0;
      case 'textEnd':
        return at === this.text.length;
      case 'lineStart':
        return at === 0 || before === 0x0a;
      case 'lineEnd':
        return at === this.text.length || after === 0x0a;
      case 'word':
        return isWordChar(before) !== isWordChar(after);
      case 'notWord':
        return isWordChar(before) === isWordChar(after);
    }
  }
}
