/** What to do about an error, in words that stand behind those of CUE. */
import { nearestWord } from '../../lib/nearest_word.ts';
import type { ValuePath } from '../evaluator.ts';
import type { Position, Source } from '../source.ts';
import { fieldAdvice, refusedField } from './explain_field_advice.ts';
import { kindAdvice } from './explain_kind_advice.ts';
import { referenceAdvice } from './explain_reference_advice.ts';
import { syntaxAdvice } from './explain_syntax_advice.ts';
import { configSchema, functionSchema } from './schema.ts';
import { definitionsOf } from './schema_tree.ts';

export interface ToldError {
  readonly path: ValuePath;
  readonly message: string;
  /** In the document, the most useful one. */
  readonly position: Position | undefined;
}

const undefinedField = /^undefined field (#\w+)$/;

/** The message with advice behind it, where there is some. */
export function advised(source: Source, error: ToldError): string {
  const advice = adviceFor(source, error);
  return advice === null ? error.message : `${error.message}; ${advice}`;
}

function adviceFor(source: Source, { path, message, position }: ToldError): string | null {
  const refused = refusedField(message);
  if (refused !== null) return fieldAdvice(path, refused);
  const [, definition] = undefinedField.exec(message) ?? [];
  if (definition !== undefined) return definitionAdvice(definition);
  return (
    kindAdvice(path, message) ??
    referenceAdvice(source, message) ??
    (path.length === 0 ? syntaxAdvice(source, message, position) : null)
  );
}

function definitionAdvice(typed: string): string | null {
  const names = [functionSchema, configSchema].flatMap((path) => [...definitionsOf(path).keys()]);
  const byLower = new Map(names.map((name) => [name.toLowerCase(), name]));
  const near = nearestWord(typed, [...byLower.keys()]);
  return near === null ? null : `did you mean ${byLower.get(near)}?`;
}
