/** The fields that a document, or the one object it consists of, has by their names. */
import { type Token, unquoted } from './cue_lexer.ts';

export interface FieldName {
  readonly name: string;
  readonly token: Token;
}

/** After these a line goes on: what follows is no new field. */
const continues = new Set([':', '&', '|', '+', '-', '*', '/', '=', '?', '.', '!', '<', '>']);

/** Of the tokens at `depth`; inside longer labels such as `a: b: 1` only the first. */
export function fieldNames(tokens: readonly Token[], depth: number): FieldName[] {
  const level = tokens.filter((token) => token.depth === depth);
  return level.flatMap((token, index) => {
    if (!startsField(level[index - 1], token)) return [];
    // `X=name: …`
    const isAliased = token.kind === 'name' && level[index + 1]?.text === '=';
    const at = isAliased ? index + 2 : index;
    const label = level[at];
    return label && isLabel(label, level[at + 1], level[at + 2])
      ? [{ name: label.kind === 'string' ? unquoted(label) : label.text, token: label }]
      : [];
  });
}

function startsField(previous: Token | undefined, token: Token): boolean {
  if (!previous || previous.text === ',') return true;
  return token.startsLine && !continues.has(previous.text);
}

function isLabel(token: Token, next: Token | undefined, afterNext: Token | undefined): boolean {
  if (token.kind !== 'name' && (token.kind !== 'string' || token.text === '')) return false;
  return next?.text === ':' || (next?.text === '?' && afterNext?.text === ':');
}

/** Whether a name stands for a value here, and is not the name of a field or what follows a dot. */
export function isReference(tokens: readonly Token[], index: number): boolean {
  const token = tokens[index];
  if (token?.kind !== 'name' || tokens[index - 1]?.text === '.') return false;
  return !isLabel(token, tokens[index + 1], tokens[index + 2]);
}

/**
 * The one object that the tokens are, with nothing around it: the fields in it. Null for anything else. An object
 * whose end is missing counts, so that its author is told just that.
 */
export function soleObject(tokens: readonly Token[]): readonly FieldName[] | null {
  const [open] = tokens;
  if (open?.text !== '{') return null;
  const close = tokens.findIndex((token, index) => index > 0 && token.depth === open.depth);
  if (close >= 0 && close !== tokens.length - 1) return null;
  return fieldNames(tokens, open.depth + 1);
}
