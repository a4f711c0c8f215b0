/**
 * How expressions of one shape are found: for each alternative one access path, the most selective that it has.
 * Shapes are lifted texts, so a plan is made once for all expressions that differ only in their literals.
 */

import type { Program } from '../compile_cache.ts';
import type { Literals } from '../lifting.ts';
import { type Group, necessaryFor, type Order, type Predicate, termsMax } from './condition.ts';
import type { Path } from './path.ts';
import { hashKey, literalOf, type Term } from './term.ts';

export interface Bound {
  readonly operator: Order;
  readonly term: Term;
}

/** All equalities of an alternative count together, each to one of some terms; of the rest, one predicate does. */
export type Access =
  | {
      readonly kind: 'hash';
      readonly key: string;
      readonly paths: readonly Path[];
      readonly terms: readonly (readonly Term[])[];
    }
  | { readonly kind: 'member'; readonly path: Path; readonly term: Term }
  | {
      readonly kind: 'order';
      readonly path: Path;
      readonly of: 'number' | 'string';
      readonly lower: Bound | null;
      readonly upper: Bound | null;
    }
  | Extract<Predicate, { kind: 'state' }>;

export interface Plan {
  /** Null when every event may match, as far as an index can tell. */
  readonly accesses: readonly Access[] | null;
  /** 1 when an index decides all of it, 0 when every event is tried (execution.md §25.4). */
  readonly ratio: number;
}

/** The ratio of what has the same answer for every event. */
export const constantRatio = -1;

/** Equalities that are hashed together; more are left to evaluation. */
const tupleMax = 8;
/** Plans kept of one program. */
const typesMax = 64;

/** Plans of a program, by the types of the literals: a number is looked for elsewhere than a text. */
const plansOf = new WeakMap<Program, Map<string, Plan>>();

export function planFor(program: Program, literals: Literals): Plan {
  let plans = plansOf.get(program);
  if (plans === undefined) {
    plans = new Map();
    plansOf.set(program, plans);
  }
  const types = typesOf(literals);
  const known = plans.get(types);
  if (known !== undefined) return known;
  const made = planOf(program, literals);
  // A plan costs little to make again: who varies the types of one shape without end gets no memory for it.
  if (plans.size < typesMax) plans.set(types, made);
  return made;
}

function typesOf(literals: Literals): string {
  let types = '';
  for (const name in literals) types += typeof literals[name] === 'string' ? 's' : 'n';
  return types;
}

function planOf(program: Program, literals: Literals): Plan {
  const { condition, fast, slow } = necessaryFor(program.tree, literals);
  const accesses: Access[] = [];
  if (program.tree.kind === 'literal') {
    return { accesses: condition.length === 0 ? [] : null, ratio: constantRatio };
  }
  for (const group of condition) {
    const access = accessOf(group, literals);
    if (access === null) return { accesses: null, ratio: 0 };
    accesses.push(access);
  }
  return { accesses, ratio: fast + slow === 0 ? 0 : fast / (fast + slow) };
}

/** Null for a group without predicates. */
function accessOf(group: Group, literals: Literals): Access | null {
  const hash = hashAccess(group);
  if (hash !== null) return hash;
  const member = group.find((predicate) => predicate.kind === 'member');
  if (member !== undefined) return member;
  const states = group.filter((predicate) => predicate.kind === 'state');
  // Most events have what one event has, so that something is there is the last thing to go by.
  return (
    states.find(({ state }) => state === 'missing') ??
    orderAccess(group, literals) ??
    states[0] ??
    null
  );
}

function hashAccess(group: Group): Access | null {
  const equalities = group.filter((predicate) => predicate.kind === 'equal');
  // Those with few terms come first: together they make as many entries as the product of their numbers.
  equalities.sort((a, b) => a.terms.length - b.terms.length || (a.path.key < b.path.key ? -1 : 1));
  const chosen = new Map<string, (typeof equalities)[number]>();
  let entries = 1;
  for (const equality of equalities) {
    const { path, terms } = equality;
    if (chosen.has(path.key) || chosen.size === tupleMax) continue;
    if (entries * terms.length > termsMax) break;
    entries *= terms.length;
    chosen.set(path.key, equality);
  }
  if (chosen.size === 0) return null;
  // One order for all groups about the same paths.
  const sorted = [...chosen.values()].sort((a, b) => (a.path.key < b.path.key ? -1 : 1));
  return {
    kind: 'hash',
    key: sorted.map(({ path }) => path.key).join('\n'),
    paths: sorted.map(({ path }) => path),
    terms: sorted.map(({ terms }) => terms),
  };
}

/** A path that has bounds on both sides is the first choice. */
function orderAccess(group: Group, literals: Literals): Access | null {
  let found: Extract<Access, { kind: 'order' }> | null = null;
  for (const { path, of } of orders(group, literals)) {
    const same = orders(group, literals).filter((o) => o.path.key === path.key && o.of === of);
    const lower = same.find(({ operator }) => operator === '>' || operator === '>=') ?? null;
    const upper = same.find(({ operator }) => operator === '<' || operator === '<=') ?? null;
    if (lower !== null && upper !== null) return { kind: 'order', path, of, lower, upper };
    found ??= { kind: 'order', path, of, lower, upper };
  }
  return found;
}

function orders(
  group: Group,
  literals: Literals,
): (Extract<Predicate, { kind: 'order' }> & { readonly of: 'number' | 'string' })[] {
  return group.flatMap((predicate) => {
    if (predicate.kind !== 'order') return [];
    const isText = typeof hashKey(literalOf(predicate.term, literals)) === 'string';
    return [{ ...predicate, of: isText ? ('string' as const) : ('number' as const) }];
  });
}
