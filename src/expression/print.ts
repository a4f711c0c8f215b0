/**
 * A syntax tree as text that parses to the same tree. (cel-js has a printer, but it drops parentheses in
 * `a - (b - c)` and digits of small doubles.)
 */

import type { Literal, Node } from './syntax.ts';
import { Uint } from './value.ts';

/** How tightly each form binds; an operand that binds less needs parentheses. */
const precedence = {
  conditional: 1,
  or: 2,
  and: 3,
  equality: 4,
  relation: 5,
  sum: 6,
  product: 7,
  unary: 8,
  primary: 9,
} as const;

export function print(node: Node): string {
  switch (node.kind) {
    case 'literal':
      return printLiteral(node.value);
    case 'name':
      return node.isRooted === true ? `.${node.name}` : node.name;
    case 'select':
      return `${within(node.operand, precedence.primary)}.${printField(node.field)}`;
    case 'index':
      return `${within(node.operand, precedence.primary)}[${print(node.index)}]`;
    case 'call': {
      const receiver =
        node.receiver === null ? '' : `${within(node.receiver, precedence.primary)}.`;
      return `${receiver}${node.name}(${printAll(node.args)})`;
    }
    case 'list':
      return `[${printAll(node.items)}]`;
    case 'map':
      return `{${node.entries.map(([key, value]) => `${print(key)}: ${print(value)}`).join(', ')}}`;
    case 'and':
    case 'or': {
      const level = precedence[node.kind];
      // An operand of the same kind keeps its parentheses, and with them its place in the tree.
      const operands = node.operands.map((operand) => within(operand, level + 1));
      return operands.join(node.kind === 'and' ? ' && ' : ' || ');
    }
    case 'conditional': {
      const [test, yes] = [node.test, node.yes].map((part) => within(part, precedence.or));
      return `${test} ? ${yes} : ${print(node.no)}`;
    }
    case 'not':
      return `!${within(node.operand, precedence.unary)}`;
    case 'negate':
      return `-${within(node.operand, precedence.primary)}`;
    case 'compare':
    case 'arithmetic':
      return printBinary(node.left, node.operator, node.right, levelOf(node));
    case 'in':
      return printBinary(node.item, 'in', node.container, precedence.relation);
    case 'has':
      return `has(${within(node.operand, precedence.primary)}.${printField(node.field)})`;
    case 'comprehension': {
      const parts = [node.test, node.result].filter((part) => part !== null).map(print);
      const range = within(node.range, precedence.primary);
      return `${range}.${node.macro}(${[node.variable, ...parts].join(', ')})`;
    }
  }
}

/** What is no identifier was written in backticks. */
function printField(field: string): string {
  return /^[A-Za-z_]\w*$/.test(field) ? field : `\`${field}\``;
}

function printAll(nodes: readonly Node[]): string {
  return nodes.map(print).join(', ');
}

/** Binary operators group to the left, so only a right operand of the same level needs parentheses. */
function printBinary(left: Node, operator: string, right: Node, level: number): string {
  return `${within(left, level)} ${operator} ${within(right, level + 1)}`;
}

function within(node: Node, level: number): string {
  return levelOf(node) < level ? `(${print(node)})` : print(node);
}

function levelOf(node: Node): number {
  switch (node.kind) {
    case 'conditional':
    case 'or':
    case 'and':
      return precedence[node.kind];
    case 'compare':
      return node.operator === '==' || node.operator === '!='
        ? precedence.equality
        : precedence.relation;
    case 'in':
      return precedence.relation;
    case 'arithmetic':
      return node.operator === '+' || node.operator === '-' ? precedence.sum : precedence.product;
    case 'not':
    case 'negate':
      return precedence.unary;
    case 'literal':
      // A sign in front of a number is an operator to the parser.
      return printLiteral(node.value).startsWith('-') ? precedence.unary : precedence.primary;
    default:
      return precedence.primary;
  }
}

function printLiteral(value: Literal): string {
  if (typeof value === 'string') return printText(value);
  if (typeof value === 'number') return printDouble(value);
  if (value instanceof Uint) return `${value.value}u`;
  if (value instanceof Uint8Array) {
    return `b"${[...value].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}"`;
  }
  return String(value);
}

/** A double keeps a mark of being one, or it would come back as an integer. */
function printDouble(value: number): string {
  if (!Number.isFinite(value)) return `double("${value}")`;
  if (Object.is(value, -0)) return '-0.0';
  const text = String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

function printText(text: string): string {
  // JSON's escapes are CEL's too, but half a surrogate pair has none, and nowhere to be stored.
  const escaped = JSON.stringify(text.toWellFormed());
  return escaped.replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}
