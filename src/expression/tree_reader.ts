/**
 * cel-js' tree read into ours.
 */

import type { ASTNode } from '@marcbachmann/cel-js';
import type { AdaptedText } from './adapted_text.ts';
import { depthMax, macroDepthMax } from './limits.ts';
import type { Comprehension, Literal, Node } from './node.ts';
import { SyntaxProblem } from './syntax_problem.ts';
import { Uint } from './value.ts';

const intMax = 2n ** 63n - 1n;

/** Throws `SyntaxProblem`. `source` has what cel-js did not get to see. */
export function treeOf(ast: ASTNode, source: AdaptedText): Node {
  return new TreeReader(source).read(ast);
}

type TestMacro = 'all' | 'exists' | 'exists_one' | 'filter';

class TreeReader {
  private depth = 0;
  private macroDepth = 0;

  constructor(private readonly source: AdaptedText) {}

  read(ast: ASTNode): Node {
    if (this.depth >= depthMax) {
      throw new SyntaxProblem(`nested deeper than ${depthMax} levels`, ast.start);
    }
    this.depth++;
    const node = this.nodeOf(ast);
    this.depth--;
    return node;
  }

  private nodeOf(ast: ASTNode): Node {
    const at = ast.start;
    switch (ast.op) {
      case 'value':
        return { kind: 'literal', value: this.literal(ast.args, at), at };
      case 'id':
        return this.source.rooted.has(at)
          ? { kind: 'name', name: ast.args, isRooted: true, at }
          : { kind: 'name', name: ast.args, at };
      case '.':
        return { kind: 'select', operand: this.read(ast.args[0]), field: this.field(ast), at };
      case '[]': {
        const [operand, index] = this.readAll(ast.args);
        return { kind: 'index', operand, index, at };
      }
      case 'call':
        return this.call(ast.args[0], ast.args[1], at);
      case 'rcall':
        return this.method(ast.args[0], ast.args[1], ast.args[2], at);
      case 'list':
        return { kind: 'list', items: ast.args.map((item) => this.read(item)), at };
      case 'map':
        return { kind: 'map', entries: ast.args.map((entry) => this.readAll(entry)), at };
      case '?:': {
        const [test, yes, no] = ast.args;
        const parts = { test: this.read(test), yes: this.read(yes), no: this.read(no) };
        return { kind: 'conditional', ...parts, at };
      }
      case '&&':
      case '||': {
        const operands = chainOf(ast).map((operand) => this.read(operand));
        return { kind: ast.op === '&&' ? 'and' : 'or', operands, at };
      }
      case '!_':
        return { kind: 'not', operand: this.read(ast.args), at };
      case '-_':
        return this.negation(ast.args, at);
      case 'in': {
        const [item, container] = this.readAll(ast.args);
        return { kind: 'in', item, container, at };
      }
      case '+':
      case '-':
      case '*':
      case '/':
      case '%': {
        const [left, right] = this.readAll(ast.args);
        return { kind: 'arithmetic', operator: ast.op, left, right, at };
      }
      case '.?':
      case '[?]':
        throw new SyntaxProblem('optional access is not supported', at);
      default: {
        const [left, right] = this.readAll(ast.args);
        return { kind: 'compare', operator: ast.op, left, right, at };
      }
    }
  }

  private readAll([left, right]: readonly [ASTNode, ASTNode]): [Node, Node] {
    return [this.read(left), this.read(right)];
  }

  private field(ast: Extract<ASTNode, { op: '.' }>): string {
    return this.source.fields.get(ast.pos) ?? ast.args[1];
  }

  private literal(value: unknown, at: number): Literal {
    const known = this.source.literals.get(at);
    if (known !== undefined) return known;
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
  private negation(operand: ASTNode, at: number): Node {
    if (operand.op === 'value') {
      const value: unknown = this.source.literals.get(operand.start) ?? operand.args;
      if (typeof value === 'number') return { kind: 'literal', value: -value, at };
      if (typeof value === 'bigint' && value <= intMax + 1n) {
        return { kind: 'literal', value: -value, at };
      }
    }
    return { kind: 'negate', operand: this.read(operand), at };
  }

  private call(name: string, args: readonly ASTNode[], at: number): Node {
    const [first] = args;
    if (name === 'has' && args.length === 1) {
      if (first?.op !== '.') throw new SyntaxProblem('invalid argument to has() macro', at);
      return { kind: 'has', operand: this.read(first.args[0]), field: this.field(first), at };
    }
    return { kind: 'call', name, receiver: null, args: args.map((arg) => this.read(arg)), at };
  }

  private method(name: string, on: ASTNode, args: readonly ASTNode[], at: number): Node {
    const [variable, second, third] = args;
    if (variable?.op === 'id' && second !== undefined) {
      if (name === 'map' && args.length === 2) {
        return this.macro('map', on, variable.args, null, second, at);
      }
      if (name === 'map' && third !== undefined && args.length === 3) {
        return this.macro('map', on, variable.args, second, third, at);
      }
      if (args.length === 2 && isTestMacro(name)) {
        return this.macro(name, on, variable.args, second, null, at);
      }
    }
    const receiver = this.read(on);
    return { kind: 'call', name, receiver, args: args.map((arg) => this.read(arg)), at };
  }

  private macro(
    macro: Comprehension['macro'],
    on: ASTNode,
    variable: string,
    testPart: ASTNode | null,
    resultPart: ASTNode | null,
    at: number,
  ): Node {
    const range = this.read(on);
    if (this.macroDepth >= macroDepthMax) {
      throw new SyntaxProblem(`macros are nested deeper than ${macroDepthMax} levels`, at);
    }
    this.macroDepth++;
    const test = testPart && this.read(testPart);
    const result = resultPart && this.read(resultPart);
    this.macroDepth--;
    return { kind: 'comprehension', macro, range, variable, test, result, at };
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

function isTestMacro(name: string): name is TestMacro {
  return name === 'all' || name === 'exists' || name === 'exists_one' || name === 'filter';
}
