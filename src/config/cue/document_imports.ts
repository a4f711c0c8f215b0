/** How a CUE file opens: its package clause and what it imports. */
import { type Token, unquoted } from './cue_lexer.ts';

export interface ImportSpec {
  readonly path: string;
  /** By which the package is known in the file; null when it is not told and the package's own one counts. */
  readonly alias: string | null;
  /** What to leave out in order to leave out this import; with the comma behind it. */
  readonly start: number;
  readonly end: number;
}

export interface ImportDeclaration {
  readonly start: number;
  readonly end: number;
  readonly specs: readonly ImportSpec[];
}

export interface Preamble {
  readonly packageName: string | null;
  readonly imports: readonly ImportDeclaration[];
  /** How many tokens it has. */
  readonly length: number;
}

export function readPreamble(tokens: readonly Token[]): Preamble {
  let at = skipAttributes(tokens, 0);
  let packageName: string | null = null;
  const name = tokens[at + 1];
  if (tokens[at]?.text === 'package' && name?.kind === 'name') {
    packageName = name.text;
    at = skipComma(tokens, at + 2);
  }
  const imports: ImportDeclaration[] = [];
  for (;;) {
    const found = readImport(tokens, skipAttributes(tokens, at));
    if (!found) return { packageName, imports, length: at };
    imports.push(found.declaration);
    at = found.next;
  }
}

/** Such as `@if(prod)`. */
function skipAttributes(tokens: readonly Token[], from: number): number {
  let at = from;
  while (tokens[at]?.text === '@' && tokens[at + 2]?.text === '(') {
    const depth = tokens[at]?.depth;
    at += 3;
    while (tokens[at] && (tokens[at]?.text !== ')' || tokens[at]?.depth !== depth)) at += 1;
    at = skipComma(tokens, at + 1);
  }
  return at;
}

const skipComma = (tokens: readonly Token[], at: number): number =>
  tokens[at]?.text === ',' ? at + 1 : at;

function readImport(
  tokens: readonly Token[],
  from: number,
): { declaration: ImportDeclaration; next: number } | null {
  const keyword = tokens[from];
  if (keyword?.text !== 'import') return null;
  const isGroup = tokens[from + 1]?.text === '(';
  let at = from + (isGroup ? 2 : 1);
  const specs: ImportSpec[] = [];
  for (let spec = readSpec(tokens, at); spec; spec = readSpec(tokens, at)) {
    specs.push(spec.spec);
    at = spec.next;
    if (!isGroup) break;
  }
  if (isGroup) {
    if (tokens[at]?.text !== ')') return null;
    at = skipComma(tokens, at + 1);
  } else if (specs.length === 0) return null;
  const end = tokens[at - 1]?.end ?? keyword.end;
  return { declaration: { start: keyword.start, end, specs }, next: at };
}

const plainString = /^"(?!"")/;

function readSpec(
  tokens: readonly Token[],
  from: number,
): { spec: ImportSpec; next: number } | null {
  const first = tokens[from];
  const alias = first?.kind === 'name' ? first.text : null;
  const path = alias === null ? first : tokens[from + 1];
  // CUE takes no path with other quotes.
  if (!first || path?.kind !== 'string' || !plainString.test(path.text)) return null;
  const next = skipComma(tokens, from + (alias === null ? 1 : 2));
  const end = tokens[next - 1]?.end ?? path.end;
  return { spec: { path: unquoted(path), alias, start: first.start, end }, next };
}
