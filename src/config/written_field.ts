/** Which fields somebody wrote into a document: after its evaluation they cannot be told from those the schema fills in. */
import { readTokens, type Token, unquoted } from './cue/cue_lexer.ts';

type Path = readonly string[];

/** One open bracket, or the document. */
interface Level {
  /** The fields that lead to it. */
  readonly path: Path;
  /** The labels of the field that is being read: `a: b: c` are three. */
  labels: string[];
  previous: Token | undefined;
}

/** A name in the value of a field, or embedded: `queue: service: redis`, `base.redis`. */
interface Reference {
  /** Of the field it stands in: a field is not its own value, so in `"log": log` the name is that of another. */
  readonly at: string;
  /** Where to begin to look for the name; then in what is around that. */
  readonly scope: Path;
  readonly target: Path;
}

/** After these a line goes on. */
const continues = new Set([':', '&', '|', '+', '-', '*', '/', '=', '?', '.', '!', '<', '>']);
/** A parenthesis after one of these is around a value; elsewhere it may be a call. */
const beforeValue = new Set([':', '&', '|', '*', '=']);
/** Of fields in fields: more than a configuration has, and each costs as much as there are around it. */
const depthMax = 64;
const separator = '\u0000';
/** A step of a path into what has no name: the elements of a list, what is in a string. */
const unnamed = '';
/** References to references: more than anybody writes, and names may refer to each other for ever. */
const hopsMax = 8;
/** For one question. */
const lookupsMax = 10_000;

/** Paths begin at the document's root. What a name refers to counts as written where the name stands. */
export class WrittenFields {
  readonly #fields = new Set<string>();
  /** By the path of the field in whose value they stand. */
  readonly #references = new Map<string, Reference[]>();
  #lookups = 0;

  constructor(text: string) {
    const tokens = readTokens(text);
    const levels: Level[] = [{ path: [], labels: [], previous: undefined }];
    for (const [index, token] of tokens.entries()) {
      const level = levels[token.depth];
      if (level === undefined) continue;
      this.#read(tokens, index, token, level);
      const inner = innerPath(token, level);
      if (inner !== null) {
        levels[token.depth + 1] = { path: inner, labels: [], previous: undefined };
      }
      level.previous = token;
    }
  }

  has(path: Path): boolean {
    this.#lookups = 0;
    return this.#has(path, 0);
  }

  #read(tokens: readonly Token[], index: number, token: Token, level: Level): void {
    const { previous } = level;
    const [next, then] = [tokens[index + 1], tokens[index + 2]];
    const isStart = startsField(previous, token);
    if (isLabel(token, next, then)) {
      const name = token.kind === 'string' ? unquoted(token) : token.text;
      if (isStart) level.labels = [name];
      else if (previous?.text === ':' && level.labels.length > 0) {
        // What is too deep is nowhere.
        level.labels.push(name);
        if (level.labels.length > depthMax) level.labels = [unnamed];
      }
      this.#fields.add(keyOf([...level.path, ...level.labels]));
    } else if (isStart && token.text === 'let' && next?.kind === 'name' && then?.text === '=') {
      level.labels = [letName(next.text)];
      this.#fields.add(keyOf([...level.path, ...level.labels]));
    } else {
      if (isStart && !/^[)\]},]$/.test(token.text)) level.labels = [];
      const isName = token.kind === 'name' && previous?.text !== '.' && previous?.text !== 'let';
      if (isName) this.#refer(level, targetAt(tokens, index));
    }
  }

  #refer({ path, labels }: Level, target: Path): void {
    const at = [...path, ...labels];
    if (at.includes(unnamed)) return;
    const key = keyOf(at);
    const references = this.#references.get(key) ?? [];
    references.push({ at: key, scope: labels.length === 0 ? path : at.slice(0, -1), target });
    this.#references.set(key, references);
  }

  #has(path: Path, hops: number): boolean {
    this.#lookups += 1;
    if (this.#fields.has(keyOf(path))) return true;
    if (hops === hopsMax) return false;
    for (let length = path.length - 1; length >= 0; length -= 1) {
      for (const reference of this.#references.get(keyOf(path.slice(0, length))) ?? []) {
        if (this.#lookups >= lookupsMax) return false;
        const place = this.#placeOf(reference);
        if (place !== null && this.#has([...place, ...path.slice(length)], hops + 1)) return true;
      }
    }
    return false;
  }

  /** The innermost field or `let` of that name around the reference; null for imports and what is not known. */
  #placeOf({ at, scope, target: [name = '', ...more] }: Reference): Path | null {
    for (let length = scope.length; length >= 0; length -= 1) {
      const around = scope.slice(0, length);
      for (const known of [name, letName(name)]) {
        const key = keyOf([...around, known]);
        if (key !== at && this.#fields.has(key)) return [...around, known, ...more];
      }
    }
    return null;
  }
}

function keyOf(path: Path): string {
  return path.join(separator);
}

/** No field is called that. */
function letName(name: string): string {
  return `let\u0001${name}`;
}

/** The path inside a bracket, or inside a string that has `\( )`; null for anything else. */
function innerPath({ kind, text }: Token, { path, labels, previous }: Level): Path | null {
  const inside = path.length < depthMax ? [...path, ...labels] : [unnamed];
  if (text === '{' || (text === '(' && beforeValue.has(previous?.text ?? ''))) return inside;
  const isUnnamed = text === '[' || text === '(' || (kind === 'string' && text === '');
  return isUnnamed ? [...inside, unnamed] : null;
}

/** `base.redis` in parts. */
function targetAt(tokens: readonly Token[], index: number): string[] {
  const target: string[] = [];
  for (let at = index; ; at += 2) {
    const token = tokens[at];
    if (token === undefined || (token.kind !== 'name' && token.kind !== 'string')) return target;
    target.push(token.kind === 'string' ? unquoted(token) : token.text);
    if (tokens[at + 1]?.text !== '.') return target;
  }
}

function startsField(previous: Token | undefined, token: Token): boolean {
  if (previous === undefined || previous.text === ',') return true;
  return token.startsLine && !continues.has(previous.text);
}

function isLabel({ kind, text }: Token, next: Token | undefined, then: Token | undefined): boolean {
  if (kind !== 'name' && (kind !== 'string' || text === '')) return false;
  return next?.text === ':' || ((next?.text === '?' || next?.text === '!') && then?.text === ':');
}
