/** The text of a search as conditions: one a line, each checked before it may meet data (graphql.md §7.3). */
import { eachFreeName, partsOf } from '../../expression/free_names.ts';
import { findFunction } from '../../expression/functions.ts';
import { isTypeName } from '../../expression/program.ts';
import { locate, type Node, parse } from '../../expression/syntax.ts';
import { Failure } from '../../expression/value.ts';
import { QueryError } from '../history_error.ts';
import { pathOf } from './path.ts';

export const queryBytesMax = 16 * 1024;
export const queryLinesMax = 64;

/** What a condition may look at. */
export type Root = 'event' | 'output' | 'error';

export interface Condition {
  readonly tree: Node;
  readonly roots: ReadonlySet<Root>;
}

/** The conditions of which all must hold. Throws `QueryError`. `roots` are in the order of messages. */
export function parseConditions(query: string, roots: readonly Root[]): readonly Condition[] {
  if (Buffer.byteLength(query) > queryBytesMax) {
    throw new QueryError(`the search is longer than ${queryBytesMax} bytes; shorten it`);
  }
  const lines = query.split(/\r?\n/);
  if (lines.length > queryLinesMax) {
    throw new QueryError(
      `the search has ${lines.length} lines; at most ${queryLinesMax} are allowed`,
    );
  }
  return lines.flatMap((text, index) =>
    text.trim() === '' ? [] : conjunctsOf(checkedTree({ text, number: index + 1 }, roots)),
  );
}

interface Line {
  readonly text: string;
  /** From 1. */
  readonly number: number;
}

/** `a && b` holds when both do, so that each can be judged as soon as what it needs is known. */
function conjunctsOf(tree: Node): readonly Condition[] {
  if (tree.kind === 'and') return tree.operands.flatMap(conjunctsOf);
  const roots = new Set<Root>();
  eachFreeName(tree, ({ name }) => {
    if (isRoot(name)) roots.add(name);
  });
  return [{ tree, roots }];
}

function isRoot(name: string): name is Root {
  return name === 'event' || name === 'output' || name === 'error';
}

function checkedTree(line: Line, roots: readonly Root[]): Node {
  const parsed = parse(line.text);
  if (!parsed.ok) throw new QueryError(inQuery(parsed.message, line));
  const { tree } = parsed;
  checkMacros(tree);
  checkNames(tree, line, roots);
  checkParts(tree, line);
  if (!isPredicate(tree)) throw new QueryError('invalid syntax detected');
  return tree;
}

const macroNames: ReadonlySet<string> = new Set([
  'all',
  'exists',
  'exists_one',
  'filter',
  'has',
  'map',
]);

function checkMacros(node: Node): void {
  const isMacro =
    node.kind === 'has' ||
    node.kind === 'comprehension' ||
    (node.kind === 'call' && macroNames.has(node.name));
  if (isMacro) throw new QueryError('macros are currently not supported');
  for (const part of partsOf(node)) checkMacros(part);
}

const predicateCalls: ReadonlySet<string> = new Set([
  'bool',
  'contains',
  'endsWith',
  'matches',
  'startsWith',
]);

/** Whether the expression asks something; a bare value (`event.data`) does not. */
function isPredicate(node: Node): boolean {
  switch (node.kind) {
    case 'compare':
    case 'in':
    case 'not':
      return true;
    case 'and':
    case 'or':
      return node.operands.some(isPredicate);
    case 'conditional':
      return [node.test, node.yes, node.no].some(isPredicate);
    case 'call':
      return predicateCalls.has(node.name);
    default:
      return false;
  }
}

function checkNames(tree: Node, line: Line, roots: readonly Root[]): void {
  eachFreeName(tree, ({ name, at }) => {
    if (isTypeName(name) || roots.some((root) => root === name)) return;
    const usable = roots.join(', ').replace(/, (?=\w+$)/, ' and ');
    const message = `nothing here is called '${name}'; a search can use ${usable}`;
    throw new QueryError(inQuery(locate(message, line.text, at), line));
  });
}

const eventMembers: ReadonlySet<string> = new Set([
  'data',
  'id',
  'meta',
  'name',
  'ts',
  'user',
  'v',
]);

/** Functions that do not exist, and members that no event has: they could only ever find nothing. */
function checkParts(node: Node, line: Line): void {
  const problem = problemOf(node);
  if (problem !== null) throw new QueryError(inQuery(locate(problem, line.text, node.at), line));
  for (const part of partsOf(node)) checkParts(part, line);
}

function problemOf(node: Node): string | null {
  if (node.kind === 'call') {
    const found = findFunction(node.name, node.receiver !== null, node.args.length);
    return found instanceof Failure ? found.message : null;
  }
  if (node.kind !== 'select') return null;
  const path = pathOf(node);
  const [member] = path?.fields ?? [];
  if (path?.root !== 'event' || member === undefined || eventMembers.has(member)) return null;
  return `events have no '${member}'; use event.name, event.data, event.id, event.ts, event.v or event.user`;
}

/** The first line of a parser's message, with the line's place in the whole search. */
function inQuery(message: string, line: Line): string {
  const [first = ''] = message.split('\n');
  return first.replace('line 1, column', `line ${line.number}, column`);
}
