/** What is wrong with an expression of a declared function: its syntax, its names, the steps it names, its type. */
import { eachFreeName, partsOf } from '../../expression/free_names.ts';
import { booleanProblem } from '../../expression/result_type.ts';
import { staticTypeOf } from '../../expression/static_type.ts';
import { locate, type Node, parse } from '../../expression/syntax.ts';
import { validate } from '../../expression/validate.ts';
import { quote } from '../../function/validation.ts';
import { nearestWord } from '../../lib/nearest_word.ts';
import { type ExpressionScope, runNames } from './expression_scope.ts';

/** `moment` is what a wait takes: a time, a duration or seconds. `any` is for keys. */
export type Wanted = 'any' | 'boolean' | 'number' | 'moment';

export interface ExpressionProblem {
  /** `invalid`: this is no expression, or one over names that nobody knows. */
  readonly kind: 'invalid' | 'misplaced' | 'step' | 'type';
  readonly message: string;
}

export interface ExpressionUse {
  readonly scope: ExpressionScope;
  readonly wanted: Wanted;
  /** The steps that may be named; left out where `steps` may not. */
  readonly stepIds?: ReadonlySet<string>;
}

export function expressionProblems(text: string, use: ExpressionUse): ExpressionProblem[] {
  if (text.trim() === '') {
    const message = 'the expression is empty; write one, or leave the field out';
    return [{ kind: 'invalid', message }];
  }
  // Names that are there at other times are told apart from those that are never there.
  const validated = validate(text, use.scope.policy, runNames);
  const problems: ExpressionProblem[] = validated.ok
    ? []
    : validated.messages.map((message) => ({ kind: 'invalid', message }));
  const parsed = parse(text);
  if (!parsed.ok) return problems;
  problems.push(...misplacedNames(parsed.tree, text, use.scope));
  const { stepIds } = use;
  if (stepIds !== undefined) problems.push(...unknownSteps(parsed.tree, text, stepIds));
  if (problems.length > 0) return problems;
  const message = typeProblem(parsed.tree, text, use.wanted);
  return message === null ? [] : [{ kind: 'type', message }];
}

/** The names and the steps that an expression reads; none when it does not parse. */
export interface References {
  readonly names: ReadonlySet<string>;
  readonly stepIds: ReadonlySet<string>;
}

export function referencesOf(text: string): References {
  const parsed = parse(text);
  const names = new Set<string>();
  const stepIds = new Set<string>();
  if (parsed.ok) {
    eachFreeName(parsed.tree, ({ name }) => names.add(name));
    eachStep(parsed.tree, (id) => stepIds.add(id));
  }
  return { names, stepIds };
}

function misplacedNames(tree: Node, text: string, scope: ExpressionScope): ExpressionProblem[] {
  const messages = new Set<string>();
  eachFreeName(tree, ({ name, at }) => {
    if (scope.names.includes(name) || !runNames.includes(name)) return;
    messages.add(locate(`${name} cannot be used here: ${scope.reason}`, text, at));
  });
  return [...messages].map((message) => ({ kind: 'misplaced', message }));
}

function unknownSteps(tree: Node, text: string, stepIds: ReadonlySet<string>): ExpressionProblem[] {
  const problems: ExpressionProblem[] = [];
  eachStep(tree, (id, at) => {
    if (stepIds.has(id)) return;
    const near = nearestWord(id, [...stepIds]);
    const advice = near === null ? '' : `; did you mean ${quote(near)}?`;
    const message = locate(`unknown step ${quote(id)}${advice}`, text, at);
    problems.push({ kind: 'step', message });
  });
  return problems;
}

/** Calls `visit` for every step that is named: `steps.a`, `steps["a"]`, `has(steps.a)`, `"a" in steps`. */
function eachStep(tree: Node, visit: (id: string, at: number) => void): void {
  const roots = new Set<Node>();
  eachFreeName(tree, (node) => {
    if (node.name === 'steps') roots.add(node);
  });
  if (roots.size === 0) return;
  const walk = (node: Node): void => {
    if (node.kind === 'select' || node.kind === 'has') {
      if (roots.has(node.operand)) visit(node.field, node.at);
    } else if (node.kind === 'index') {
      if (roots.has(node.operand)) visitText(node.index);
    } else if (node.kind === 'in' && roots.has(node.container)) {
      visitText(node.item);
    }
    for (const part of partsOf(node)) walk(part);
  };
  const visitText = (node: Node): void => {
    if (node.kind === 'literal' && typeof node.value === 'string') visit(node.value, node.at);
  };
  walk(tree);
}

const momentTypes: ReadonlySet<string> = new Set([
  'any',
  'number',
  'google.protobuf.Timestamp',
  'google.protobuf.Duration',
]);

function typeProblem(tree: Node, text: string, wanted: Wanted): string | null {
  if (wanted === 'any') return null;
  if (wanted === 'boolean') {
    const problem = booleanProblem(text);
    return problem === null ? null : `the expression must be boolean: ${problem}`;
  }
  const type = staticTypeOf(tree);
  if (wanted === 'moment') {
    if (momentTypes.has(type)) return null;
    return locate(`a wait is a time, a duration or seconds, not a ${type}`, text, tree.at);
  }
  if (type === 'any' || type === 'number') return null;
  return locate(`the expression must give a number, not a ${type}`, text, tree.at);
}
