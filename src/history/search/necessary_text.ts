/**
 * Text that a JSON document must contain for a condition on it to hold: looking for it costs far less than parsing.
 * Necessary, never sufficient: a document that passes is evaluated.
 */
import { mirrored } from '../../expression/comparison.ts';
import type { Comparison, Node } from '../../expression/syntax.ts';
import type { Root } from './conditions.ts';
import { hasNumber, type NumberMember } from './number_member.ts';
import { pathOf } from './path.ts';

/** What must occur: one text, a member that is such a number, all of some or one of some. Null demands nothing. */
export type Need =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'number'; readonly member: NumberMember }
  | { readonly kind: 'all' | 'any'; readonly parts: readonly Need[] }
  | null;

/** What the document behind `roots` must contain for all `trees` to hold. */
export function needOf(trees: readonly Node[], roots: readonly Root[]): Need {
  return allOf(trees.map((tree) => needIn(tree, roots)));
}

/** False when the JSON text cannot satisfy the need. */
export function mayHold(need: Need, json: string): boolean {
  return need === null || occurs(need, json) || isAmbiguous(json);
}

/**
 * Our own JSON has one form for each character. Others may write any character as `\uXXXX` and a slash as `\/`,
 * so a text that contains those is not judged by what it lacks.
 */
function isAmbiguous(json: string): boolean {
  return json.includes('\\') && (json.includes('\\u') || json.includes('\\/'));
}

function occurs(need: Exclude<Need, null>, json: string): boolean {
  switch (need.kind) {
    case 'text':
      return json.includes(need.text);
    case 'number':
      return hasNumber(need.member, json);
    case 'all':
      return need.parts.every((part) => part === null || occurs(part, json));
    case 'any':
      return need.parts.some((part) => part === null || occurs(part, json));
  }
}

function needIn(node: Node, roots: readonly Root[]): Need {
  switch (node.kind) {
    case 'and':
      return needOf(node.operands, roots);
    case 'or':
      return anyOf(node.operands.map((operand) => needIn(operand, roots)));
    case 'compare':
      return needOfComparison(node, roots);
    case 'in':
      return needOfMembership(node, roots);
    case 'call':
      return needOfCall(node, roots);
    default:
      return null;
  }
}

function needOfComparison(node: Extract<Node, { kind: 'compare' }>, roots: readonly Root[]): Need {
  const { operator, left, right } = node;
  const [path, other] = right.kind === 'literal' ? [left, right] : [right, left];
  // What is missing equals null, and null may come out of anything but a literal.
  if (other.kind !== 'literal' || other.value === null) return null;
  const fields = fieldsOf(path, roots);
  if (fields === null) return null;
  const isMirrored = path === right;
  const number = numberNeed(path, isMirrored ? mirrored[operator] : operator, other.value);
  if (number !== null) return allOf([...fields, number]);
  return operator === '==' ? allOf([...fields, literalNeed(other)]) : allOf(fields);
}

/** Of a comparison with a number: nothing but the member's own text has to be read to turn most documents down. */
function numberNeed(path: Node, operator: Comparison, literal: unknown): Need {
  const field = pathOf(path)?.fields.at(-1);
  if (typeof literal !== 'number' && typeof literal !== 'bigint') return null;
  if (field === undefined || !field.isWellFormed()) return null;
  return { kind: 'number', member: { key: JSON.stringify(field), operator, literal } };
}

/** A literal on the left looks for itself in the document's list; one on the right is a list to be found in. */
function needOfMembership(node: Extract<Node, { kind: 'in' }>, roots: readonly Root[]): Need {
  const { item, container } = node;
  const containerFields = fieldsOf(container, roots);
  if (containerFields !== null) {
    // A map's key or a list's item: the same text in JSON.
    return allOf([...containerFields, literalNeed(item)]);
  }
  const itemFields = fieldsOf(item, roots);
  if (itemFields === null || container.kind !== 'list') return null;
  return allOf([...itemFields, anyOf(container.items.map(literalNeed))]);
}

/** The text functions fail on a missing receiver, and find their argument only where it is. */
function needOfCall(node: Extract<Node, { kind: 'call' }>, roots: readonly Root[]): Need {
  const { name, receiver, args } = node;
  const fields = receiver === null ? null : fieldsOf(receiver, roots);
  const [argument] = args;
  if (fields === null || argument === undefined) return null;
  const text = jsonOf(argument);
  if (text === null) return allOf(fields);
  switch (name) {
    case 'contains':
      return allOf([...fields, textNeed(text.slice(1, -1))]);
    case 'startsWith':
      return allOf([...fields, textNeed(text.slice(0, -1))]);
    case 'endsWith':
      return allOf([...fields, textNeed(text.slice(1))]);
    default:
      return allOf(fields);
  }
}

/** The member names that a path into one of `roots` needs; null when the node is something else. */
function fieldsOf(node: Node, roots: readonly Root[]): readonly Need[] | null {
  const path = pathOf(node);
  if (path === null || !roots.some((root) => root === path.root)) return null;
  // Every event has its standard members: only what lies below them tells events apart.
  const fields = path.root === 'event' ? path.fields.slice(1) : path.fields;
  return fields.map((field) => (field.isWellFormed() ? textNeed(JSON.stringify(field)) : null));
}

function literalNeed(node: Node): Need {
  const text = jsonOf(node);
  return text === null ? null : textNeed(text);
}

/** A text literal as JSON; half a character has no JSON of its own. */
function jsonOf(node: Node): string | null {
  if (node.kind !== 'literal' || typeof node.value !== 'string') return null;
  return node.value.isWellFormed() ? JSON.stringify(node.value) : null;
}

function textNeed(text: string): Need {
  return text === '' ? null : { kind: 'text', text };
}

function allOf(needs: readonly Need[]): Need {
  const parts = needs.filter((need) => need !== null);
  const [first] = parts;
  if (first === undefined) return null;
  return parts.length === 1 ? first : { kind: 'all', parts };
}

/** Where one alternative demands nothing, all of them together demand nothing. */
function anyOf(needs: readonly Need[]): Need {
  return needs.includes(null) ? null : { kind: 'any', parts: needs };
}
