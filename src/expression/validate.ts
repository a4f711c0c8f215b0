/**
 * Checks of an expression when a function is registered or a wait begins: undeclared names, unknown
 * functions, types that can never fit, and the restrictive policy (execution.md §24.1, §24.8).
 */

import { callProblems } from './call_check.ts';
import { dottedName, eachFreeName, partsOf } from './free_names.ts';
import { problemsMax } from './limits.ts';
import { suggestion } from './near_name.ts';
import { isTypeName } from './program.ts';
import { operatorProblem, type Problem } from './static_type.ts';
import { locate, type Node, parse } from './syntax.ts';

/** `restrictive` is for cancellations (§24.8), `full` for everything else. */
export type Policy = 'full' | 'restrictive';

/** All problems are reported together, each with its place in the text. */
export type Validated =
  | { readonly ok: true }
  | { readonly ok: false; readonly messages: readonly string[] };

/** What expressions of SDK functions may refer to (§24.1). */
const declaredByDefault: readonly string[] = ['event', 'async', 'vars'];

/** The only calls of the restrictive policy besides operators (§24.8). */
const restrictiveCalls: ReadonlySet<string> = new Set(['int', 'uint', 'double']);

/** `declared` are the variables that there are. */
export function validate(
  text: string,
  policy: Policy,
  declared: readonly string[] = declaredByDefault,
): Validated {
  const parsed = parse(text);
  if (!parsed.ok) return { ok: false, messages: [parsed.message] };
  const problems = [
    ...undeclaredNames(parsed.tree, declared),
    ...callAndTypeProblems(parsed.tree),
    ...(policy === 'restrictive' ? policyProblems(parsed.tree) : []),
  ];
  if (problems.length === 0) return { ok: true };
  const shown = problems.slice(0, problemsMax);
  const messages = new Set(shown.map(({ message, at }) => locate(message, text, at)));
  const rest = problems.length - shown.length;
  return { ok: false, messages: rest === 0 ? [...messages] : [...messages, `and ${rest} more`] };
}

function undeclaredNames(tree: Node, declared: readonly string[]): Problem[] {
  const problems: Problem[] = [];
  const isPartOfTypeName = typeNameRoots(tree);
  eachFreeName(tree, (node) => {
    if (declared.includes(node.name) || isTypeName(node.name) || isPartOfTypeName.has(node)) return;
    const message = `undeclared reference to '${node.name}'${suggestion(node.name, declared)}`;
    problems.push({ message, at: node.at });
  });
  return problems;
}

/** The first names of types that are written with dots. */
function typeNameRoots(tree: Node): ReadonlySet<Node> {
  const roots = new Set<Node>();
  eachNode(tree, (node) => {
    if (node.kind !== 'select' || !isTypeName(dottedName(node) ?? '')) return;
    let root: Node = node;
    while (root.kind === 'select') root = root.operand;
    roots.add(root);
  });
  return roots;
}

function callAndTypeProblems(tree: Node): Problem[] {
  const problems: Problem[] = [];
  eachNode(tree, (node) => {
    if (node.kind === 'call') problems.push(...callProblems(node));
    const problem = operatorProblem(node);
    if (problem !== null) problems.push(problem);
  });
  return problems;
}

function policyProblems(tree: Node): Problem[] {
  const problems: Problem[] = [];
  eachNode(tree, (node) => {
    const forbidden = forbiddenForm(node);
    if (forbidden !== null)
      problems.push({ message: `${forbidden} is not allowed here`, at: node.at });
  });
  return problems;
}

function forbiddenForm(node: Node): string | null {
  switch (node.kind) {
    case 'has':
      return 'the macro has()';
    case 'comprehension':
      return `the macro ${node.macro}()`;
    case 'arithmetic':
      return `the operator ${node.operator}`;
    case 'negate':
      return 'the operator -';
    case 'call':
      return node.receiver === null && restrictiveCalls.has(node.name)
        ? null
        : `the function ${node.name}()`;
    default:
      return null;
  }
}

function eachNode(node: Node, visit: (node: Node) => void): void {
  visit(node);
  for (const part of partsOf(node)) eachNode(part, visit);
}
