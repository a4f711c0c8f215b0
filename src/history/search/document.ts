/** JSON text that is parsed when it is first looked at, and once. */
import { Failure } from '../../expression/value.ts';

export interface Document {
  /** What the text says; a text that is not JSON fails every operation on it. */
  readonly value: unknown;
}

/** Null has nothing in it: all its members are missing. */
export function documentOf(json: string | null): Document {
  let parsed: { readonly value: unknown } | null = null;
  return {
    get value() {
      parsed ??= { value: json === null ? undefined : parse(json) };
      return parsed.value;
    },
  };
}

/** Stands for what retention took: no condition on it holds, not even that something is missing. */
export const goneDocument: Document = { value: new Failure('retention took it') };

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return new Failure('not JSON');
  }
}
