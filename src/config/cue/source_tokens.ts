/** The words of a document, read once however many of its errors ask for them. */
import type { Source } from '../source.ts';
import { readTokens, type Token } from './cue_lexer.ts';

const read = new WeakMap<Source, readonly Token[]>();

export function tokensOf(source: Source): readonly Token[] {
  let tokens = read.get(source);
  if (tokens === undefined) {
    tokens = readTokens(source.text);
    read.set(source, tokens);
  }
  return tokens;
}
