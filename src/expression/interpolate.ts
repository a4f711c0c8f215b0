/**
 * Partial evaluation of a waiting condition (execution.md §24.7): what depends on the run's own data (its `event`, and
 * in functions declared in CUE its `steps`) is computed when the wait begins, and only the rest is stored and matched
 * against later events.
 */

import { systemClock } from '../lib/clock.ts';
import { Budget } from './budget.ts';
import { compare, mirrored } from './comparison.ts';
import { type Failed, runProgram } from './expression.ts';
import { dependsOnlyOn, eachFreeName } from './free_names.ts';
import { findFunction } from './functions.ts';
import { guarded } from './guard.ts';
import { literalNode } from './literal_node.ts';
import { print } from './print.ts';
import { compileNode } from './program.ts';
import { type Node, parse } from './syntax.ts';
import { Failure, isAbsent, isTruthy, lift, unknown, type Value } from './value.ts';

export type Interpolated = { readonly ok: true; readonly text: string } | Failed;

/** What is known when the wait begins, by the name under which the condition refers to it. */
export type KnownVariables = Readonly<Record<string, unknown>>;

/**
 * CEL text without the known data, which evaluates with `{async}` as the original does with
 * `{event, async}`; a constant condition becomes `true` or `false`. Text that refers to nothing known
 * is returned unchanged.
 *
 * One exception, from §24.7: a path that the trigger does not have, compared with something of the
 * later event, becomes `null`. So `async.data.id == event.data.id` without a trigger id matches events
 * without an id. Never throws.
 */
export function interpolate(text: string, vars: KnownVariables): Interpolated {
  const done = guarded(() => interpolated(text, vars));
  return done instanceof Failure ? errored(done) : done;
}

function errored({ message }: Failure): Failed {
  return { ok: false, message: `expression errored: ${message}` };
}

function interpolated(text: string, vars: KnownVariables): Interpolated {
  const parsed = parse(text);
  if (!parsed.ok) return parsed;
  let refersToKnown = false;
  eachFreeName(parsed.tree, ({ name }) => {
    if (Object.hasOwn(vars, name)) refersToKnown = true;
  });
  if (!refersToKnown) return { ok: true, text };
  const folded = new Fold(vars).fold(parsed.tree);
  if (folded.isFixed && folded.value instanceof Failure) return errored(folded.value);
  const isMissing = folded.isFixed && folded.value === unknown;
  const printed = isMissing ? 'false' : print(nodeOf(folded));
  // The trigger's data may be too long, or too deep, to stand in an expression.
  const again = parse(printed);
  if (!again.ok) return { ok: false, message: `with the event's data filled in: ${again.message}` };
  return { ok: true, text: printed };
}

/** A node whose value is known already, or what is left of it. */
type Folded =
  | { readonly isFixed: true; readonly value: Value; readonly origin: Node }
  | { readonly isFixed: false; readonly node: Node };

class Fold {
  private readonly bound: string[] = [];

  private readonly known: ReadonlySet<string>;

  constructor(private readonly vars: KnownVariables) {
    this.known = new Set(Object.keys(vars));
  }

  fold(node: Node): Folded {
    if (this.isFixed(node)) return this.evaluate(node);
    switch (node.kind) {
      case 'and':
      case 'or':
        return this.foldChain(node);
      case 'conditional':
        return this.foldConditional(node);
      case 'compare':
        return this.foldCompare(node);
      case 'call':
        return this.foldCall(node);
      default: {
        const rest = this.foldParts(node);
        // A part that was chosen or dropped may have been all that was left to wait for.
        return this.isFixed(rest) ? this.evaluate(rest) : { isFixed: false, node: rest };
      }
    }
  }

  /** A name that a macro around the node binds is an element, whatever it is called. */
  private isFixed(node: Node): boolean {
    return dependsOnlyOn(this.known, node, this.bound);
  }

  private evaluate(node: Node): Folded {
    const value = runProgram(compileNode(node, []), this.vars, systemClock);
    return { isFixed: true, value, origin: node };
  }

  private rest(node: Node): Node {
    return nodeOf(this.fold(node));
  }

  private foldParts(node: Node): Node {
    switch (node.kind) {
      case 'select':
      case 'has':
      case 'not':
      case 'negate':
        return { ...node, operand: this.rest(node.operand) };
      case 'index':
        return { ...node, operand: this.rest(node.operand), index: this.rest(node.index) };
      case 'list':
        return { ...node, items: node.items.map((item) => this.rest(item)) };
      case 'map':
        return {
          ...node,
          entries: node.entries.map(([key, value]) => [this.rest(key), this.rest(value)] as const),
        };
      case 'arithmetic':
        return { ...node, left: this.rest(node.left), right: this.rest(node.right) };
      case 'in':
        return { ...node, item: this.rest(node.item), container: this.rest(node.container) };
      case 'comprehension': {
        const range = this.rest(node.range);
        // Inside, a variable named `event` is the element, not the trigger.
        if (this.known.has(node.variable)) return { ...node, range };
        this.bound.push(node.variable);
        const test = node.test && this.rest(node.test);
        const result = node.result && this.rest(node.result);
        this.bound.pop();
        return { ...node, range, test, result };
      }
      default:
        return node;
    }
  }

  private foldConditional(node: Extract<Node, { kind: 'conditional' }>): Folded {
    const test = this.fold(node.test);
    if (test.isFixed) return this.fold(isTruthy(test.value) ? node.yes : node.no);
    const [yes, no] = [this.rest(node.yes), this.rest(node.no)];
    return { isFixed: false, node: { ...node, test: test.node, yes, no } };
  }

  /** What is missing from the trigger stands as `null` on the right of what is still to come. */
  private foldCompare(node: Extract<Node, { kind: 'compare' }>): Folded {
    const [left, right] = [this.fold(node.left), this.fold(node.right)];
    if (left.isFixed && right.isFixed) {
      const value = compare(node.operator, left.value, right.value, new Budget());
      return { isFixed: true, value, origin: node };
    }
    const nothing: Node = { kind: 'literal', value: null, at: node.at };
    if (left.isFixed && left.value === unknown) {
      const operator = mirrored[node.operator];
      return { isFixed: false, node: { ...node, operator, left: nodeOf(right), right: nothing } };
    }
    const isRightMissing = right.isFixed && right.value === unknown;
    const rest = { left: nodeOf(left), right: isRightMissing ? nothing : nodeOf(right) };
    return { isFixed: false, node: { ...node, ...rest } };
  }

  /** A function of something absent is known without its other operands (§24.3). */
  private foldCall(node: Extract<Node, { kind: 'call' }>): Folded {
    const receiver = node.receiver && this.fold(node.receiver);
    const args = node.args.map((arg) => this.fold(arg));
    const found = findFunction(node.name, node.receiver !== null, node.args.length);
    const operands = receiver === null ? args : [receiver, ...args];
    const isAbsentCall = operands.some((operand) => operand.isFixed && isAbsent(operand.value));
    if (isAbsentCall && !(found instanceof Failure)) {
      return { isFixed: true, value: node.name === 'size' ? 0n : false, origin: node };
    }
    const rest = { receiver: receiver && nodeOf(receiver), args: args.map(nodeOf) };
    const left: Node = { ...node, ...rest };
    return this.isFixed(left) ? this.evaluate(left) : { isFixed: false, node: left };
  }

  /** Drops the operands that cannot change the result, and those that are never reached. */
  private foldChain(node: Extract<Node, { kind: 'and' | 'or' }>): Folded {
    const kept: Folded[] = [];
    const passes = node.kind === 'and';
    for (const [index, operand] of node.operands.entries()) {
      const part = this.fold(operand);
      const isLast = index === node.operands.length - 1;
      const isFirst = kept.length === 0;
      if (!part.isFixed || part.value instanceof Failure) {
        kept.push(part);
        continue;
      }
      const allBoolean = kept.every((other) => isBoolean(nodeOf(other)));
      if (isTruthy(part.value) === passes) {
        // `true && x` is x, and so is `x && true` as long as x is a boolean.
        const isNeutral = isFirst || part.value === passes || passes;
        if (isNeutral && (!isLast || (!isFirst && allBoolean && part.value === passes))) continue;
        kept.push(part);
        continue;
      }
      // `x && false` is false, and `x || true` is true, whatever boolean or error x is.
      if (isFirst || (allBoolean && part.value === !passes)) return part;
      kept.push(part);
      if (part.value === !passes || !passes) break;
    }
    return chain(node, kept);
  }
}

function chain(node: Extract<Node, { kind: 'and' | 'or' }>, kept: readonly Folded[]): Folded {
  const [only] = kept;
  if (only !== undefined && kept.length === 1) return only;
  return { isFixed: false, node: { ...node, operands: kept.map(nodeOf) } };
}

/** Whether a node gives a boolean or an error, and nothing else. */
function isBoolean(node: Node): boolean {
  switch (node.kind) {
    case 'compare':
    case 'in':
    case 'not':
    case 'has':
      return true;
    case 'literal':
      return typeof node.value === 'boolean';
    case 'comprehension':
      return node.macro === 'all' || node.macro === 'exists';
    case 'and':
    case 'or':
      return node.operands.every(isBoolean);
    case 'conditional':
      return isBoolean(node.yes) && isBoolean(node.no);
    default:
      return false;
  }
}

function nodeOf(folded: Folded): Node {
  if (!folded.isFixed) return folded.node;
  const { value, origin } = folded;
  if (value === unknown) return missingNode(origin);
  return literalNode(lift(value), origin.at);
}

/** A reference that is missing in the rest too: the original one into the event, or any path no event has. */
function missingNode(origin: Node): Node {
  if (isEventReference(origin)) return origin;
  const event: Node = { kind: 'name', name: 'event', at: origin.at };
  return { kind: 'select', operand: event, field: 'missing', at: origin.at };
}

function isEventReference(node: Node): boolean {
  if (node.kind === 'name') return node.name === 'event';
  if (node.kind === 'select') return isEventReference(node.operand);
  return node.kind === 'index' && node.index.kind === 'literal' && isEventReference(node.operand);
}
