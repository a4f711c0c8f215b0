/**
 * Programs by their text with the literals lifted out (execution.md §24.9), and what each text is in terms of them.
 * Both are bounded by entries and by characters; what was not used for long goes.
 */

import type { Run } from './frame.ts';
import { partsOf } from './free_names.ts';
import { type Literals, liftLiterals, literalsName } from './lifting.ts';
import { compileNode } from './program.ts';
import { type Node, parse } from './syntax.ts';

/** What texts share that differ only in their literals. */
export interface Program {
  /** The literals are fields of the name `vars` in here. */
  readonly tree: Node;
  /** The first local is the literals. */
  readonly run: Run;
}

export type Prepared =
  | { readonly ok: true; readonly program: Program; readonly literals: Literals }
  | { readonly ok: false; readonly message: string };

const programsMax = 10_000;
const programCharsMax = 16 * 1024 * 1024;

const noLiterals: Literals = {};

/**
 * A cache bounded by entries and by the characters of its keys. It has two generations: what is used moves to the
 * younger one, and when that holds half of a bound, the older one goes as a whole. (To delete and set again at each
 * use, as one does to keep a map in order of use, costs tens of µs in a map of thousands.)
 */
export class TextCache<V> {
  private young = new Map<string, V>();
  private old = new Map<string, V>();
  /** Of the keys of the younger generation. */
  private chars = 0;

  constructor(
    private readonly entriesMax: number,
    private readonly charsMax: number,
  ) {}

  get(text: string): V | undefined {
    const known = this.young.get(text);
    if (known !== undefined) return known;
    const older = this.old.get(text);
    if (older !== undefined) this.set(text, older);
    return older;
  }

  set(text: string, value: V): void {
    const isFull =
      this.young.size >= this.entriesMax / 2 || this.chars + text.length > this.charsMax / 2;
    if (isFull) {
      this.old = this.young;
      this.young = new Map();
      this.chars = 0;
    }
    this.young.set(text, value);
    this.chars += text.length;
  }
}

/** By lifted text; null for a text that has a meaning only with its literals in their place. */
const lifted = new TextCache<Program | null>(programsMax, programCharsMax);
/** By the text itself: what cannot be lifted, failures included. */
const asWritten = new TextCache<Prepared>(programsMax, programCharsMax);

/** Never throws. A message points into the text as it was written. */
export function prepare(text: string): Prepared {
  const lifting = liftLiterals(text);
  if (lifting !== null) {
    const program = programOf(lifting.text);
    if (program !== null) return { ok: true, program, literals: lifting.literals };
  }
  const known = asWritten.get(text);
  if (known !== undefined) return known;
  const made = prepareAsWritten(text);
  asWritten.set(text, made);
  return made;
}

/** The program without lifting, which must always give the same results. */
export function prepareAsWritten(text: string): Prepared {
  const parsed = parse(text);
  if (!parsed.ok) return parsed;
  const program = { tree: parsed.tree, run: compileNode(parsed.tree, []) };
  return { ok: true, program, literals: noLiterals };
}

function programOf(text: string): Program | null {
  const known = lifted.get(text);
  if (known !== undefined) return known;
  const parsed = parse(text);
  const isSound = parsed.ok && !asksForLiteral(parsed.tree);
  const program = isSound
    ? { tree: parsed.tree, run: compileNode(parsed.tree, [literalsName]) }
    : null;
  lifted.set(text, program);
  return program;
}

/** `has("a")` is an error, but `has(vars.a)` would not be. */
function asksForLiteral(node: Node): boolean {
  if (node.kind === 'has' && node.operand.kind === 'name' && node.operand.name === literalsName) {
    return true;
  }
  return partsOf(node).some(asksForLiteral);
}
