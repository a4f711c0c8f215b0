/** Which fields somebody wrote into a document: after its evaluation they cannot be told from those the schema fills in. */
import { readTokens, type Token, unquoted } from './cue/cue_lexer.ts';

/** One open bracket, or the document. */
interface Level {
  /** The fields that lead to it. */
  readonly path: readonly string[];
  /** The labels of the field that is being read: `a: b: c` are three. */
  labels: string[];
  previous: Token | undefined;
}

/** After these a line goes on. */
const continues = new Set([':', '&', '|', '+', '-', '*', '/', '=', '?', '.', '!', '<', '>']);
const separator = '\u0000';

/**
 * Paths from the document's root, as `writtenKey` makes them. What is written in another place and referred to counts
 * as not written.
 */
export function writtenFields(text: string): ReadonlySet<string> {
  const written = new Set<string>();
  const tokens = readTokens(text);
  const levels: Level[] = [{ path: [], labels: [], previous: undefined }];
  for (const [index, token] of tokens.entries()) {
    const level = levels[token.depth];
    if (level === undefined) continue;
    const follows = level.previous?.text === ':' && level.labels.length > 0;
    if (isLabel(token, tokens[index + 1], tokens[index + 2])) {
      const name = token.kind === 'string' ? unquoted(token) : token.text;
      if (startsField(level.previous, token)) level.labels = [name];
      else if (follows) level.labels.push(name);
      written.add(writtenKey([...level.path, ...level.labels]));
    } else if (token.text === '{') levels[token.depth + 1] = inside(level);
    else if (token.text === '[' || token.text === '(') {
      levels[token.depth + 1] = { ...inside(level), path: [...level.path, ...level.labels, ''] };
    }
    level.previous = token;
  }
  return written;
}

export function writtenKey(path: readonly string[]): string {
  return path.join(separator);
}

function inside({ path, labels }: Level): Level {
  return { path: [...path, ...labels], labels: [], previous: undefined };
}

function startsField(previous: Token | undefined, token: Token): boolean {
  if (previous === undefined || previous.text === ',') return true;
  return token.startsLine && !continues.has(previous.text);
}

function isLabel({ kind, text }: Token, next: Token | undefined, then: Token | undefined): boolean {
  if (kind !== 'name' && (kind !== 'string' || text === '')) return false;
  return next?.text === ':' || ((next?.text === '?' || next?.text === '!') && then?.text === ':');
}
