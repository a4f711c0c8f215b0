/**
 * Says what is wrong with a value that fits none of the forms it may have. CUE lists why each form does not fit, also
 * those that were never meant: what matters is found by how far each form got.
 */
import type { ValuePath } from '../evaluator.ts';
import { moduleFolder } from './cli_module.ts';
import { isSamePath, startsWith } from './explain_path.ts';
import type { PrintedError } from './explain_print.ts';

const header = /^\d+ errors in empty disjunction$/;
const string = String.raw`"(?:[^"\\]|\\.)*"`;
const literal = String.raw`${string}|-?[\d.]+(?:e[+-]?\d+)?|true|false|null`;
const literalConflict = new RegExp(`^conflicting values (${literal}) and (${literal})$`);
const notAllowed = /^field .+ not allowed$/;
const mismatched = /^conflicting values (.*) \(mismatched types (\w+) and (\w+)\)$/s;

/** The schema's files, whose order of alternatives is kept. */
const isSchemaFile = (file: string): boolean => file.startsWith(moduleFolder);

export function isDisjunction({ message }: PrintedError): boolean {
  return header.test(message);
}

export function withoutDisjunctions(errors: readonly PrintedError[]): PrintedError[] {
  const heads = errors.filter(isDisjunction);
  const outermost = heads.filter(
    ({ path }) =>
      !heads.some((other) => other.path.length < path.length && startsWith(path, other.path)),
  );
  const told = new Map<string, PrintedError[]>();
  for (const head of outermost) {
    const { path } = head;
    const found = reasons(
      path,
      errors.filter((error) => startsWith(error.path, path)),
    );
    // CUE may have lost them all; that something is wrong is said all the same.
    const unknown = { ...head, message: 'fits none of the forms that it may have' };
    told.set(JSON.stringify(path), found.length > 0 ? found : [unknown]);
  }
  const result: PrintedError[] = [];
  for (const error of errors) {
    const around = outermost.find(({ path }) => startsWith(error.path, path));
    if (around === undefined) {
      result.push(error);
      continue;
    }
    const key = JSON.stringify(around.path);
    result.push(...(told.get(key) ?? []));
    told.delete(key);
  }
  return result;
}

/** `inside`: all errors at `path` and below it, with the headings of disjunctions in disjunctions. */
function reasons(path: ValuePath, inside: readonly PrintedError[]): PrintedError[] {
  const own = inside.filter((error) => !(isSamePath(error.path, path) && isDisjunction(error)));
  if (own.some(isDisjunction)) {
    // A form that got as far as a choice within it was meant.
    const deeper = withoutDisjunctions(own);
    const meant = deeper.filter((error) => !isSamePath(error.path, path));
    return reasons(path, meant.length > 0 ? meant : deeper);
  }
  const written = own.filter(({ places }) => !places.some(({ file }) => isSchemaFile(file)));
  // Two values that the document itself sets against each other.
  const contradictions = written.filter(({ message }) => message.startsWith('conflicting values'));
  if (contradictions.length > 0) return withoutLabels(contradictions);
  const other = own.filter(({ message }) => !literalConflict.test(message));
  // Where some form got past the choice of a word, the word was right.
  if (other.length === 0) return choices(own);
  return withoutMismatches(withoutForeignFields(path, other));
}

/** The name of a function is that of its field unless it has one: then only what was written contradicts itself. */
function withoutLabels(contradictions: readonly PrintedError[]): PrintedError[] {
  const written = contradictions.filter(({ path, message }) => {
    const label = JSON.stringify(path.at(-2));
    const values = literalConflict.exec(message)?.slice(1) ?? [];
    return !(path.at(-1) === 'name' && values.includes(label));
  });
  return written.length > 0 ? written : [...contradictions];
}

/** `field x not allowed` is another form's complaint when some form got below field x. */
function withoutForeignFields(path: ValuePath, errors: readonly PrintedError[]): PrintedError[] {
  const reached = errors.filter(({ path: at }) => at.length > path.length);
  if (reached.length === 0) return [...errors];
  return errors.filter(
    (error) => !(isSamePath(error.path, path) && notAllowed.test(error.message)),
  );
}

/** One wrong kind of value is said once, by the form that is no default. */
function withoutMismatches(errors: readonly PrintedError[]): PrintedError[] {
  const result: PrintedError[] = [];
  for (const error of errors) {
    const at = result.findIndex(
      (other) =>
        isSamePath(other.path, error.path) &&
        mismatched.test(other.message) &&
        mismatched.test(error.message),
    );
    const earlier = result[at];
    if (earlier === undefined) result.push(error);
    else if (namesType(error) && !namesType(earlier)) result[at] = error;
  }
  return result;
}

function namesType({ message }: PrintedError): boolean {
  return /\b(?:string|number|int|bool|list|struct)\b/.test(mismatched.exec(message)?.[1] ?? '');
}

/** All forms want another word: the words that may stand there, as the schema orders them. */
function choices(conflicts: readonly PrintedError[]): PrintedError[] {
  const byPath = Map.groupBy(conflicts, ({ path }) => JSON.stringify(path));
  return [...byPath.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const pairs = group.map(({ message }) => literalConflict.exec(message)?.slice(1) ?? []);
    const found = pairs[0]?.find((value) => pairs.every((pair) => pair.includes(value)));
    if (found === undefined || group.length < 2) return group;
    const wanted = group
      .map((error, index) => ({ error, word: pairs[index]?.find((value) => value !== found) }))
      .sort((a, b) => schemaOrder(a.error) - schemaOrder(b.error))
      .flatMap(({ word }) => word ?? []);
    const message = `${found} is not allowed: it must be ${alternatives([...new Set(wanted)])}`;
    return [{ ...first, message }];
  });
}

function schemaOrder({ places }: PrintedError): number {
  const place = places.findLast(({ file }) => isSchemaFile(file));
  return place === undefined ? 0 : place.line * 1_000 + place.column;
}

function alternatives(words: readonly string[]): string {
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} or ${last}`;
}
