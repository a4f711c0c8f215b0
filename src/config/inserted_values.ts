/** Keeps values of the environment out of messages: what was put into a document may be a secret. */
import type { Problem, Source } from './source.ts';

/** A shorter value is no secret, and would be found in words that have nothing to do with it. */
const secretCharsMin = 4;

/** The problems of documents with the names of variables where their values stood. */
export function withoutInsertedValues(
  problems: readonly Problem[],
  sources: readonly Source[],
): Problem[] {
  const values = new Map(sources.map((source) => [source.name, insertedValues(source)]));
  return problems.map((problem) => {
    let { message } = problem;
    for (const [value, name] of values.get(problem.source) ?? []) {
      message = message.replaceAll(value, name);
    }
    return message === problem.message ? problem : { ...problem, message };
  });
}

/** Values and what was written for them; longer ones first, as one may be part of another. */
function insertedValues({ text, written, insertions = [] }: Source): [string, string][] {
  if (written === undefined) return [];
  const values = new Map<string, string>();
  for (const { writtenStart, writtenLength, textStart, textLength } of insertions) {
    const value = text.slice(textStart, textStart + textLength);
    if (value.length < secretCharsMin) continue;
    values.set(value, written.slice(writtenStart, writtenStart + writtenLength));
  }
  return [...values].sort(([a], [b]) => b.length - a.length);
}
