/**
 * The syntax tree of an expression, and how text becomes one. cel-js parses; its tree is rewritten into
 * this smaller one, in which macros are nodes and chains of `&&` and `||` are flat.
 */

import { type ASTNode, Environment, ParseError } from '@marcbachmann/cel-js';
import { Uint } from './value.ts';

export type Literal = null | boolean | number | bigint | string | Uint8Array | Uint;

export const comparisons = ['==', '!=', '<', '<=', '>', '>='] as const;
export type Comparison = (typeof comparisons)[number];
export type Arithmetic = '+' | '-' | '*' | '/' | '%';
export type Macro = 'all' | 'exists' | 'exists_one' | 'map' | 'filter';

/** `at` is the offset in the text, for messages. */
export type Node = { readonly at: number } & (
  | { readonly kind: 'literal'; readonly value: Literal }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'select'; readonly operand: Node; readonly field: string }
  | { readonly kind: 'index'; readonly operand: Node; readonly index: Node }
  | {
      readonly kind: 'call';
      readonly name: string;
      readonly receiver: Node | null;
      readonly args: readonly Node[];
    }
  | { readonly kind: 'list'; readonly items: readonly Node[] }
  | { readonly kind: 'map'; readonly entries: readonly (readonly [Node, Node])[] }
  | { readonly kind: 'and' | 'or'; readonly operands: readonly Node[] }
  | { readonly kind: 'conditional'; readonly test: Node; readonly yes: Node; readonly no: Node }
  | { readonly kind: 'not' | 'negate'; readonly operand: Node }
  | {
      readonly kind: 'compare';
      readonly operator: Comparison;
      readonly left: Node;
      readonly right: Node;
    }
  | {
      readonly kind: 'arithmetic';
      readonly operator: Arithmetic;
      readonly left: Node;
      readonly right: Node;
    }
  | { readonly kind: 'in'; readonly item: Node; readonly container: Node }
  | { readonly kind: 'has'; readonly operand: Node; readonly field: string }
  | Comprehension
);

export interface Comprehension {
  readonly kind: 'comprehension';
  readonly macro: Macro;
  readonly range: Node;
  readonly variable: string;
  /** The condition of `filter`, `all`, `exists`, `exists_one` and of `map` with three arguments. */
  readonly test: Node | null;
  /** What `map` gives for an element; null for the others. */
  readonly result: Node | null;
}

export type Parsed =
  | { readonly ok: true; readonly tree: Node }
  | { readonly ok: false; readonly message: string };

export const textCharsMax = 64 * 1024;

/** Deeper trees would recurse too far; chains of `&&` and `||` count once. */
export const depthMax = 200;

/** Enough for any text within `textCharsMax`: what is bounded is the text. */
const elementsMax = textCharsMax;

const parser = new Environment({
  homogeneousAggregateLiterals: false,
  limits: { maxDepth: depthMax, maxListElements: elementsMax, maxMapEntries: elementsMax },
});

const intMax = 2n ** 63n - 1n;

/** A problem that cel-js does not see, at an offset of the text. */
class SyntaxProblem extends Error {
  constructor(
    message: string,
    readonly at: number,
  ) {
    super(message);
  }
}

/** Never throws. The message has the line, the column and a pointer into the user's own text. */
export function parse(text: string): Parsed {
  if (text.length > textCharsMax) {
    const message = `expression has ${text.length} characters; at most ${textCharsMax} are allowed`;
    return { ok: false, message };
  }
  try {
    return { ok: true, tree: convert(parser.parse(text).ast, depthMax) };
  } catch (error) {
    return { ok: false, message: `error compiling expression: ${describe(error, text)}` };
  }
}

/** `line 1, column 9: <message>` and the line with a caret under the place. */
export function locate(message: string, text: string, at: number): string {
  const lineStart = text.lastIndexOf('\n', at - 1) + 1;
  const lineEnd = text.indexOf('\n', at);
  const line = text.slice(lineStart, lineEnd === -1 ? undefined : lineEnd);
  const column = at - lineStart;
  const number = text.slice(0, lineStart).split('\n').length;
  // A long line is cut around the place: the pointer is what matters.
  const from = Math.max(0, column - 60);
  const shown = line.slice(from, from + 120);
  const pointer = `${' '.repeat(column - from)}^`;
  return `line ${number}, column ${column + 1}: ${message}\n | ${shown}\n | ${pointer}`;
}

function describe(error: unknown, text: string): string {
  if (error instanceof ParseError) return locate(error.summary, text, error.range?.start ?? 0);
  if (error instanceof SyntaxProblem) return locate(error.message, text, error.at);
  // The parser recurses without a limit on chains of unary operators.
  if (error instanceof RangeError) return `nested deeper than ${depthMax} levels`;
  return error instanceof Error ? error.message : String(error);
}

function convert(ast: ASTNode, depthLeft: number): Node {
  const at = ast.start;
  if (depthLeft <= 0) throw new SyntaxProblem(`nested deeper than ${depthMax} levels`, at);
  const child = (node: ASTNode): Node => convert(node, depthLeft - 1);
  switch (ast.op) {
    case 'value':
      return { kind: 'literal', value: literalOf(ast.args, at), at };
    case 'id':
      return { kind: 'name', name: ast.args, at };
    case '.':
      return { kind: 'select', operand: child(ast.args[0]), field: ast.args[1], at };
    case '[]':
      return { kind: 'index', operand: child(ast.args[0]), index: child(ast.args[1]), at };
    case 'call':
      return convertCall(ast.args[0], null, ast.args[1], at, child);
    case 'rcall':
      return convertCall(ast.args[0], ast.args[1], ast.args[2], at, child);
    case 'list':
      return { kind: 'list', items: ast.args.map(child), at };
    case 'map':
      return {
        kind: 'map',
        entries: ast.args.map(([key, value]) => [child(key), child(value)]),
        at,
      };
    case '?:': {
      const [test, yes, no] = ast.args;
      return { kind: 'conditional', test: child(test), yes: child(yes), no: child(no), at };
    }
    case '&&':
    case '||':
      return { kind: ast.op === '&&' ? 'and' : 'or', operands: chainOf(ast).map(child), at };
    case '!_':
      return { kind: 'not', operand: child(ast.args), at };
    case '-_':
      return negate(ast.args, at, child);
    case 'in':
      return { kind: 'in', item: child(ast.args[0]), container: child(ast.args[1]), at };
    case '+':
    case '-':
    case '*':
    case '/':
    case '%': {
      const [left, right] = ast.args;
      return { kind: 'arithmetic', operator: ast.op, left: child(left), right: child(right), at };
    }
    case '.?':
    case '[?]':
      throw new SyntaxProblem('optional access is not supported', at);
    default: {
      const [left, right] = ast.args;
      return { kind: 'compare', operator: ast.op, left: child(left), right: child(right), at };
    }
  }
}

/** The operands of a left-nested chain of one logical operator, in order. */
function chainOf(ast: Extract<ASTNode, { op: '&&' | '||' }>): ASTNode[] {
  const operands: ASTNode[] = [];
  let rest: ASTNode = ast;
  while (rest.op === ast.op) {
    operands.push(rest.args[1]);
    rest = rest.args[0];
  }
  operands.push(rest);
  return operands.reverse();
}

function literalOf(value: unknown, at: number): Literal {
  if (typeof value === 'bigint') {
    if (value > intMax) throw new SyntaxProblem('integer literal is out of range', at);
    return value;
  }
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number' || value instanceof Uint8Array) return value;
  // What remains is cel-js's UnsignedInt, which the package does not export; it is made of a bigint.
  return new Uint(BigInt(String(value)));
}

/** A sign before a number belongs to the literal, so that the least integer can be written. */
function negate(operand: ASTNode, at: number, child: (node: ASTNode) => Node): Node {
  if (operand.op === 'value') {
    if (typeof operand.args === 'number') return { kind: 'literal', value: -operand.args, at };
    if (typeof operand.args === 'bigint' && operand.args <= intMax + 1n) {
      return { kind: 'literal', value: -operand.args, at };
    }
  }
  return { kind: 'negate', operand: child(operand), at };
}

function convertCall(
  name: string,
  receiver: ASTNode | null,
  args: readonly ASTNode[],
  at: number,
  child: (node: ASTNode) => Node,
): Node {
  const [first, second, third] = args;
  if (receiver === null && name === 'has' && args.length === 1) {
    if (first?.op !== '.') throw new SyntaxProblem('invalid argument to has() macro', at);
    return { kind: 'has', operand: child(first.args[0]), field: first.args[1], at };
  }
  if (receiver !== null && first?.op === 'id' && second !== undefined) {
    const range = child(receiver);
    const variable = first.args;
    const node = { kind: 'comprehension', range, variable, at } as const;
    if (name === 'map' && args.length === 2) {
      return { ...node, macro: 'map', test: null, result: child(second) };
    }
    if (name === 'map' && third !== undefined && args.length === 3) {
      return { ...node, macro: 'map', test: child(second), result: child(third) };
    }
    if (args.length === 2 && isTestMacro(name)) {
      return { ...node, macro: name, test: child(second), result: null };
    }
  }
  return { kind: 'call', name, receiver: receiver && child(receiver), args: args.map(child), at };
}

function isTestMacro(name: string): name is 'all' | 'exists' | 'exists_one' | 'filter' {
  return name === 'all' || name === 'exists' || name === 'exists_one' || name === 'filter';
}
