/** What to do where a document cannot be read: what was probably left out, or is written in another way. */
import type { Position, Source } from '../source.ts';
import type { Token } from './cue_lexer.ts';
import { tokensOf } from './source_tokens.ts';
import { offsetAt, positionAt } from './text_places.ts';

const dashedLabel = /(?<![\w"$#-])[\p{L}_$][\p{L}\p{N}_$]*(?:-[\p{L}\p{N}_$]+)+(?=\s*:)/gu;
const curlyQuote = /^illegal character U\+(?:201[89A-F]|00AB|00BB)/;
/** Said for `name = "…"`, with an advice for programs of CUE that nobody has here. */
const oldAlias = /^use of deprecated old-style alias/;
const beforeNewline = /^missing ',' before newline in (list|struct) literal/;
const inList = /^missing ',' in list literal/;
const closings: ReadonlyMap<string, string> = new Map([
  ['{', '}'],
  ['[', ']'],
  ['(', ')'],
]);

export function syntaxAdvice(
  source: Source,
  message: string,
  position: Position | undefined,
): string | null {
  const offset = position && offsetAt(source.text, position);
  if (offset === undefined || offset === null) return null;
  if (curlyQuote.test(message)) return `write straight quotes: "`;
  if (message.startsWith('missing'))
    return dashAdvice(source, offset) ?? commaAdvice(source, message, offset);
  if (/found 'EOF'/.test(message)) return openAdvice(source);
  if (/^expected label or ':'/.test(message)) return colonAdvice(source, offset);
  if (/string literal not terminated/.test(message))
    return 'end the text with the quote that it starts with';
  return null;
}

/** In words of our own where those of CUE lead nowhere. */
export function syntaxMessage(
  source: Source,
  message: string,
  position: Position | undefined,
): string {
  if (!oldAlias.test(message)) return message;
  const offset = position && offsetAt(source.text, position);
  const name = tokensOf(source).find(({ start }) => start === offset)?.text ?? 'name';
  return `a field is set with a colon, not with =: write ${name}: …`;
}

/**
 * That a list is not closed CUE notices only at what follows, lines later: at the next word, or at the colon of a field
 * that it has taken for an element. The place is where the list should have ended.
 */
export function syntaxPosition(
  source: Source,
  message: string,
  position: Position | undefined,
): Position | undefined {
  if (!beforeNewline.test(message) && !inList.test(message)) return position;
  const offset = position && offsetAt(source.text, position);
  if (offset === undefined || offset === null) return position;
  const before = tokensOf(source).filter(({ end }) => end <= offset);
  if (beforeNewline.test(message)) {
    const last = before.at(-1);
    return last ? positionAt(source.text, last.end) : position;
  }
  if (source.text[offset] !== ':') return position;
  const last = before.at(-2);
  return last ? positionAt(source.text, last.text === ',' ? last.start : last.end) : position;
}

function dashAdvice({ text }: Source, offset: number): string | null {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  const end = text.indexOf('\n', offset);
  const line = text.slice(start, end < 0 ? text.length : end);
  // CUE stops at the dash or behind the name.
  const found = [...line.matchAll(dashedLabel)].findLast(({ index }) => index <= offset - start);
  return found ? `names with dashes need quotes: "${found[0]}"` : null;
}

function commaAdvice(source: Source, message: string, offset: number): string {
  const found = source.text[offset] ?? '';
  if (found !== '' && ']})'.includes(found)) {
    const open = matched(tokensOf(source).filter(({ end }) => end <= offset)).open.at(-1);
    if (open) return `close the ${open.text} of line ${lineOf(source, open)} before this ${found}`;
  }
  const open = /list/.test(message) ? unclosed(source, '[') : undefined;
  if (open) return `the [ in line ${lineOf(source, open)} is not closed`;
  if (/list/.test(message)) return 'put a comma between the elements';
  return 'put a comma or a new line between the fields';
}

function openAdvice(source: Source): string | null {
  const open = oddlyClosed(source) ?? unclosed(source);
  return open ? `the ${open.text} in line ${lineOf(source, open)} is not closed` : null;
}

/** The innermost bracket that nothing closes; of one kind when `kind` is given. */
function unclosed(source: Source, kind?: string): Token | undefined {
  return matched(tokensOf(source)).open.findLast(
    (token) => kind === undefined || token.text === kind,
  );
}

/** The first bracket whose line is indented in another way than the one that closes it: that one was for another. */
function oddlyClosed(source: Source): Token | undefined {
  return matched(tokensOf(source)).pairs.find(
    ([open, close]) => close.startsLine && indentOf(source, open) !== indentOf(source, close),
  )?.[0];
}

function matched(tokens: readonly Token[]) {
  const open: Token[] = [];
  const pairs: (readonly [Token, Token])[] = [];
  for (const token of tokens) {
    if (token.kind !== 'mark') continue;
    if (closings.has(token.text)) open.push(token);
    const opening = open.at(-1);
    if (!opening || closings.get(opening.text) !== token.text) continue;
    pairs.push([opening, token]);
    open.pop();
  }
  return { open, pairs };
}

function indentOf({ text }: Source, { start }: Token): string {
  const lineStart = text.lastIndexOf('\n', start - 1) + 1;
  return /^[ \t]*/.exec(text.slice(lineStart))?.[0] ?? '';
}

function lineOf(source: Source, token: Token): number {
  return positionAt(source.text, token.start).line;
}

function colonAdvice(source: Source, offset: number): string | null {
  const tokens = tokensOf(source);
  const at = tokens.findIndex(({ start }) => start >= offset);
  const label = tokens[at - 1];
  const value = tokens[at];
  if (!label || !value || (label.kind !== 'name' && label.kind !== 'string')) return null;
  return value.text === '' ? null : `write ${label.text}: ${value.text}`;
}
