/** What cue-wasm says about a document, in words that are about the document only. */
import type { ValuePath } from '../evaluator.ts';
import { pathText } from '../value_path.ts';

export interface EngineError {
  /** As in `Problem.path`. */
  readonly path: string;
  readonly message: string;
}

const pathPattern = /^([\w$#]+(?:\.(?:[\w$#-]+|"(?:[^"\\]|\\.)*"))*): /;
const partPattern = /\.?(?:"((?:[^"\\]|\\.)*)"|([^."]+))/g;

/** It tells one error, and of several in one place how many there are. */
export function engineError(said: string): EngineError {
  const text = said
    .replace(/^cue: marshal error: /, '')
    .replace(/_?inngest\d+_(?:v1|config)\.?/g, '')
    .replace(/_?inngest\d+_(?=ID\b|Runtime\b)/g, '')
    .replace(/\b__(?=(?:bool|string|bytes|u?int|float|number)\b)/g, '')
    .replace(/ \(and \d+ more errors\)$/, '')
    .replace(/:$/, '');
  const found = pathPattern.exec(text);
  const rest = found ? text.slice(found[0].length) : text;
  const incomplete = /^cannot convert incomplete value "(.*)" to JSON$/s.exec(rest)?.[1];
  // Of what is more than a name the engine shows its inside.
  const type = incomplete !== undefined && /^[\w ]+$/.test(incomplete) ? ` ${incomplete}` : '';
  const message = incomplete === undefined ? rest : `incomplete value${type}`;
  return { path: pathText(pathParts(found?.[1] ?? '')), message };
}

function pathParts(path: string): ValuePath {
  return [...path.matchAll(partPattern)].map(([, quoted, plain = '']) => {
    if (quoted !== undefined) return quoted;
    return /^\d+$/.test(plain) ? Number(plain) : plain;
  });
}
