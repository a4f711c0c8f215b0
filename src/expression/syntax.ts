/**
 * How the text of an expression becomes its tree. cel-js parses; its tree is rewritten into our smaller one.
 */

import { Environment, ParseError } from '@marcbachmann/cel-js';
import { adapt } from './adapted_text.ts';
import { argumentsMax, depthMax, textCharsMax } from './limits.ts';
import type { Node } from './node.ts';
import { SyntaxProblem } from './syntax_problem.ts';
import { treeOf } from './tree_reader.ts';

export * from './node.ts';

export type Parsed =
  | { readonly ok: true; readonly tree: Node }
  | { readonly ok: false; readonly message: string };

const parser = new Environment({
  homogeneousAggregateLiterals: false,
  limits: {
    maxDepth: depthMax,
    maxCallArguments: argumentsMax,
    // What is bounded is the text.
    maxAstNodes: textCharsMax,
    maxListElements: textCharsMax,
    maxMapEntries: textCharsMax,
  },
});

/** Never throws. The message has the line, the column and a pointer into the user's own text. */
export function parse(text: string): Parsed {
  if (text.length > textCharsMax) {
    const message = `expression has ${text.length} characters; at most ${textCharsMax} are allowed`;
    return { ok: false, message };
  }
  try {
    const source = adapt(text);
    return { ok: true, tree: treeOf(parser.parse(source.text).ast, source) };
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
