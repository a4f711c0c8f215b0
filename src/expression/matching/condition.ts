/**
 * What must hold of an event for an expression to be true, as far as an index can tell: alternatives, each of some
 * predicates that must all hold. It may be weaker than the expression, never stronger: execution.md §24.3–24.5 decides
 * here about missing paths, null and truth exactly as in evaluation.
 */

import { mirrored } from '../comparison.ts';
import type { Literals } from '../lifting.ts';
import type { Comparison, Node } from '../syntax.ts';
import { isTruthy } from '../value.ts';
import { type Path, pathOf } from './path.ts';
import { hashKey, literalOf, type Term, termOf } from './term.ts';

export type Order = Exclude<Comparison, '==' | '!='>;

/**
 * `equal` is to one of the terms. `value` is neither missing nor null, `present` is not missing; equality with null
 * includes missing.
 */
export type Predicate =
  | { readonly kind: 'equal'; readonly path: Path; readonly terms: readonly Term[] }
  | { readonly kind: 'member'; readonly path: Path; readonly term: Term }
  | { readonly kind: 'order'; readonly path: Path; readonly operator: Order; readonly term: Term }
  | {
      readonly kind: 'state';
      readonly path: Path;
      readonly state: 'value' | 'present' | 'missing';
    };

export type Group = readonly Predicate[];

/** No group can never hold; an empty group always may. */
export type Condition = readonly Group[];

export interface Necessary {
  readonly condition: Condition;
  /** Comparisons and other tests of the expression that an index answers, and that it does not. */
  readonly fast: number;
  readonly slow: number;
}

/** More alternatives are one that always may hold. */
const groupsMax = 32;
/** So are more terms that one path may be equal to: each is an entry of an index. */
export const termsMax = 1_024;
/** Further predicates of an alternative are left to evaluation. */
const predicatesMax = 32;

const always: Condition = [[]];
const never: Condition = [];

/** Of the literals only their types matter, so the result holds for all that share them. */
export function necessaryFor(tree: Node, literals: Literals): Necessary {
  const derivation = new Derivation(literals);
  const condition = derivation.exactlyTrue(tree);
  return { condition, fast: derivation.fast, slow: derivation.slow };
}

/** Exact also for what is missing: a comparison with a missing path always has a result (§24.3). */
const negated: Readonly<Record<Comparison, Comparison>> = {
  '==': '!=',
  '!=': '==',
  '<': '>=',
  '<=': '>',
  '>': '<=',
  '>=': '<',
};

class Derivation {
  fast = 0;
  slow = 0;

  constructor(private readonly literals: Literals) {}

  /** For the value to be the boolean `true`. */
  exactlyTrue(node: Node): Condition {
    switch (node.kind) {
      case 'and':
        // The last operand is the result, the others only count as true.
        return all(
          node.operands.map((operand, i) =>
            i === node.operands.length - 1 ? this.exactlyTrue(operand) : this.truthy(operand),
          ),
        );
      case 'or':
        return any(node.operands.map((operand) => this.exactlyTrue(operand)));
      case 'conditional':
        return any([this.exactlyTrue(node.yes), this.exactlyTrue(node.no)]);
      case 'literal':
        return node.value === true ? always : never;
      default: {
        const path = pathOf(node);
        return path === null ? this.truthy(node) : this.equal(path, fixed(true));
      }
    }
  }

  private truthy(node: Node): Condition {
    switch (node.kind) {
      case 'and':
        return all(node.operands.map((operand) => this.truthy(operand)));
      case 'or':
        return any(node.operands.map((operand) => this.truthy(operand)));
      case 'conditional':
        return any([this.truthy(node.yes), this.truthy(node.no)]);
      case 'not':
        return this.exactlyFalse(node.operand);
      case 'compare':
        return this.comparison(node.left, node.operator, node.right);
      case 'in':
        return this.membership(node);
      case 'has':
        return this.presence(node, 'present');
      case 'literal':
        return isTruthy(node.value) ? always : never;
      default: {
        const path = pathOf(node);
        return path === null ? this.unknowable() : this.state(path, 'value');
      }
    }
  }

  /** For the value to be the boolean `false`: neither missing nor an error. */
  private exactlyFalse(node: Node): Condition {
    switch (node.kind) {
      case 'and':
        // An operand that is false decides, whatever stands before it.
        return any(node.operands.map((operand) => this.exactlyFalse(operand)));
      case 'or':
        return all(
          node.operands.map((operand, i) =>
            i === node.operands.length - 1 ? this.exactlyFalse(operand) : this.notTruthy(operand),
          ),
        );
      case 'conditional':
        return any([this.exactlyFalse(node.yes), this.exactlyFalse(node.no)]);
      case 'not':
        // Also `!missing` is false.
        return isAlwaysBoolean(node.operand) ? this.truthy(node.operand) : this.unknowable();
      case 'compare':
        return this.comparison(node.left, negated[node.operator], node.right);
      case 'has':
        return this.presence(node, 'missing');
      case 'literal':
        return node.value === false ? always : never;
      default: {
        const path = pathOf(node);
        return path === null ? this.unknowable() : this.equal(path, fixed(false));
      }
    }
  }

  private notTruthy(node: Node): Condition {
    return isAlwaysBoolean(node) ? this.exactlyFalse(node) : this.unknowable();
  }

  private comparison(left: Node, operator: Comparison, right: Node): Condition {
    const [path, term] = [pathOf(left), termOf(right)];
    if (path !== null && term !== null) return this.comparisonWith(path, operator, term);
    const [mirroredPath, mirroredTerm] = [pathOf(right), termOf(left)];
    if (mirroredPath === null || mirroredTerm === null) return this.unknowable();
    return this.comparisonWith(mirroredPath, mirrored[operator], mirroredTerm);
  }

  private comparisonWith(path: Path, operator: Comparison, term: Term): Condition {
    if (operator === '==') return this.equal(path, term);
    if (operator !== '!=') return this.order(path, operator, term);
    const isNull = term.kind === 'fixed' && term.value === null;
    return isNull ? this.state(path, 'value') : this.unknowable();
  }

  /** `"x" in path` and `path in ["x", "y"]`. */
  private membership(node: Extract<Node, { kind: 'in' }>): Condition {
    const [term, path] = [termOf(node.item), pathOf(node.container)];
    if (term !== null && path !== null) {
      const isIndexable = this.hasKey(term);
      return isIndexable ? this.indexed({ kind: 'member', path, term }) : this.unknowable();
    }
    const item = pathOf(node.item);
    if (item === null || node.container.kind !== 'list') return this.unknowable();
    const { items } = node.container;
    const terms = items
      .map(termOf)
      .filter((found) => found !== null)
      .filter(this.hasKey, this);
    if (terms.length < items.length || items.length > termsMax) return this.unknowable();
    if (terms.length > 0) return this.indexed({ kind: 'equal', path: item, terms });
    this.fast += 1;
    return never;
  }

  private presence(
    { operand, field, at }: Extract<Node, { kind: 'has' }>,
    state: 'present' | 'missing',
  ): Condition {
    const path = pathOf({ kind: 'select', operand, field, at });
    return path === null ? this.unknowable() : this.state(path, state);
  }

  private equal(path: Path, term: Term): Condition {
    return this.hasKey(term)
      ? this.indexed({ kind: 'equal', path, terms: [term] })
      : this.unknowable();
  }

  private order(path: Path, operator: Order, term: Term): Condition {
    const key = hashKey(literalOf(term, this.literals));
    const isIndexable = key !== undefined && key !== null && typeof key !== 'boolean';
    return isIndexable ? this.indexed({ kind: 'order', path, operator, term }) : this.unknowable();
  }

  private hasKey(term: Term): boolean {
    return hashKey(literalOf(term, this.literals)) !== undefined;
  }

  private state(path: Path, state: 'value' | 'present' | 'missing'): Condition {
    return this.indexed({ kind: 'state', path, state });
  }

  private indexed(predicate: Predicate): Condition {
    this.fast += 1;
    return [[predicate]];
  }

  private unknowable(): Condition {
    this.slow += 1;
    return always;
  }
}

function fixed(value: boolean): Term {
  return { kind: 'fixed', value };
}

/** Whether a node gives a boolean whatever the data is: never an error, never something missing. */
function isAlwaysBoolean(node: Node): boolean {
  switch (node.kind) {
    case 'compare':
      return node.operator === '==' || node.operator === '!=';
    case 'has':
      return true;
    case 'literal':
      return typeof node.value === 'boolean';
    case 'and':
    case 'or':
      return node.operands.every(isAlwaysBoolean);
    default:
      return false;
  }
}

function isAlways(condition: Condition): boolean {
  return condition.some((group) => group.length === 0);
}

function any(conditions: readonly Condition[]): Condition {
  const groups = withEqualitiesMerged(conditions.flat());
  return isAlways(groups) || groups.length > groupsMax ? always : groups;
}

/** Alternatives that are one equality each, on one path, are one alternative. */
function withEqualitiesMerged(groups: Condition): Condition {
  const rest: Group[] = [];
  const equalities = new Map<string, { readonly path: Path; readonly terms: Term[] }>();
  for (const group of groups) {
    const [only] = group;
    if (group.length !== 1 || only?.kind !== 'equal') {
      rest.push(group);
      continue;
    }
    const same = equalities.get(only.path.key);
    if (same === undefined) equalities.set(only.path.key, { ...only, terms: [...only.terms] });
    else same.terms.push(...only.terms);
  }
  for (const { path, terms } of equalities.values()) {
    if (terms.length > termsMax) return always;
    rest.push([{ kind: 'equal', path, terms }]);
  }
  return rest;
}

/** Conditions that would make too many alternatives together are left out: fewer demands are still necessary. */
function all(conditions: readonly Condition[]): Condition {
  // The ones with fewest alternatives tell most.
  const sorted = [...conditions].sort((a, b) => a.length - b.length);
  let groups: Condition = always;
  for (const condition of sorted) {
    if (isAlways(condition)) continue;
    if (groups.length * condition.length > groupsMax) break;
    groups = groups.flatMap((group) =>
      condition.map((other) => [...group, ...other].slice(0, predicatesMax)),
    );
  }
  return groups;
}
